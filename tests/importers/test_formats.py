"""Every format: told by its content, read to the figures that it states, kept whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from perf_analysis.judgement import judge
from perf_baselines.acceptance import refusal
from perf_baselines.comparing import figures_of_run
from perf_baselines.record import summarise
from perf_baselines.record_codec import dump_record, load_record
from perf_documents.codec import dump_run, load_run
from perf_documents.errors import DocumentError
from perf_importers.formats import FORMATS, read_runs, recognise
from perf_importers.reading import UNKNOWN, Options

if TYPE_CHECKING:
    from perf_baselines.record import Record
    from perf_documents.run import Run

DATA = Path(__file__).parents[1] / "data" / "imports"


class Expected(NamedTuple):
    """What a file says: what its tool printed beside a real one, its own figures where it is
    written by hand (tests/data/imports/README.md says which)."""

    file: str
    format: str
    n: int
    failed: int
    p50_s: float | None
    p95_s: float | None
    started_at: str = ""


EXPECTED = [
    # counts and quantiles as k6 would print them: ms
    Expected("k6/summary-export.json", "k6-summary", 3000, 30, 0.010, 0.03125),
    Expected("k6/handle-summary.json", "k6-summary", 3000, 30, 0.010, 0.03125),
    Expected("k6/summary-1.0.0.json", "k6-summary", 3000, 30, 0.010, 0.03125,
             "2026-03-01T12:00:00.000Z"),
    Expected("k6/points.json", "k6-json", 24, 3, 0.0213, 0.25, "2026-03-01T12:00:00.000Z"),
    Expected("k6/points.csv", "k6-csv", 24, 3, 0.0213, 0.25, "2026-03-01T11:59:59.749Z"),
    # Locust printed: 254 requests, 78 failed, median 15 ms, 95 % 32 ms
    Expected("locust/locust.json", "locust-json", 254, 78, 0.015, 0.032),
    Expected("locust/stats.csv", "locust-stats", 244, 77, 0.014, 0.032),
    Expected("locust/stats_history.csv", "locust-history", 244, 77, 0.014, 0.032),
    Expected("locust/full_history.csv", "locust-history", 542, 157, 0.006, None),
    Expected("locust/failing_history.csv", "locust-history", 2050, 1496, 0.003, 0.008,
             "2026-03-07T02:13:32.000Z"),
    Expected("vegeta/results.json", "vegeta-json", 20, 2, 0.00185, 1.5),
    Expected("vegeta/results.csv", "vegeta-csv", 20, 2, 0.00185, 1.5, "2026-03-01T12:00:00.000Z"),
    Expected("vegeta/report.json", "vegeta-report", 2000, 20, 0.0021, 0.0055,
             "2026-03-01T12:00:00.000Z"),
    Expected("hey/hey.csv", "hey", 240, 19, 0.0006, 0.0049),
    Expected("oha/report.json", "oha-json", 1990, 20, 0.0036, 0.0104),
    Expected("oha/requests.csv", "oha-csv", 20, 2, 0.00185, 0.0041),
    Expected("wrk2/latency.txt", "wrk", 60020, 110, 0.0021, 0.0045),
    # wrk printed: 30045 requests, 1551 not 2xx or 3xx, 50 % 240 us, 99 % 10.09 ms
    Expected("wrk/wrk.txt", "wrk", 30045, 1551, 0.00024, None),
    # JMeter printed 72 samples, 49 failed: 24 sums of transactions, 24 failed, are among them
    Expected("jmeter/out.jtl", "jmeter", 48, 25, 0.002, 0.0315, "2026-11-27T00:06:21.841Z"),
]  # fmt: skip


class Benchmark(NamedTuple):
    """Medians as the tool printed them, or as a file written by hand states them."""

    file: str
    format: str
    medians_s: dict[str, float]
    rounds: int


BENCHMARKS = [
    # printed: medians 2.2540 us and 10.0150 us, 37258 and 12451 rounds
    Benchmark("pytest-benchmark/sorting.json", "pytest-benchmark",
              {"bench_it.py::test_sort": 2.2540e-6, "bench_it.py::test_sum": 10.0150e-6}, 37258),
    # printed: Median 3.01 us, 20 values
    Benchmark("pyperf/timeit.json", "pyperf", {"timeit": 3.01e-6}, 20),
    Benchmark("criterion", "criterion", {"Fibonacci/Recursive": 19158.025568e-9}, 100),
    Benchmark("bencher/bmf.json", "bencher", {"sort/10": 1250.5e-9, "sort/100": 15.5e-6}, 1),
]  # fmt: skip


FILES = [e.file for e in EXPECTED] + [b.file for b in BENCHMARKS]


def read(file: str, options: Options | None = None) -> Run:
    (run,) = read_runs(DATA / file, options or Options())[1]
    return run


def kept(run: Run) -> Record:
    """Record of a run, as a history would read it back."""
    document = dump_run(run)
    assert load_run(document) == run
    record = summarise(run, document)
    assert load_record(dump_record(record)) == record
    return record


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda e: e.file)
def test_a_file_is_read_to_the_figures_that_it_states(expected: Expected) -> None:
    assert recognise(DATA / expected.file) == expected.format
    run = read(expected.file)
    total = kept(run).total
    assert (total.n, total.failed) == (expected.n, expected.failed)
    for value, wanted in ((total.p50_s, expected.p50_s), (total.p95_s, expected.p95_s)):
        assert value == (wanted if wanted is None else pytest.approx(wanted, rel=0.01))
    if expected.started_at:
        assert run.started_at == expected.started_at
    figures = figures_of_run(run)
    assert figures.series[0].label == ""
    assert figures.series[0].finished == expected.n


@pytest.mark.parametrize("expected", BENCHMARKS, ids=lambda e: e.file)
def test_a_benchmark_is_read_to_the_medians_that_it_states(expected: Benchmark) -> None:
    assert recognise(DATA / expected.file) == expected.format
    record = kept(read(expected.file))
    medians = {series.label: series.p50_s for series in record.series}
    assert medians == pytest.approx(expected.medians_s, rel=2e-3)
    assert max(series.n for series in record.series) == expected.rounds
    assert record.total.n == 0


def test_every_format_has_a_file() -> None:
    tried = {e.format for e in EXPECTED} | {e.format for e in BENCHMARKS}
    assert tried | {"samples", "github-action-benchmark"} == set(FORMATS)


@pytest.mark.parametrize("file", FILES)
def test_what_a_file_cannot_show_is_unknown_and_no_baseline(file: str) -> None:
    run = read(file)
    judgement = judge(run.facts(), run.measured, run.plan.thresholds)
    assert set(run.engine.unknown_rules) == set(UNKNOWN)
    assert "http_req_sending" in run.measured.unstated
    assert "its source cannot show V1" in refusal(run, judgement)


@pytest.mark.parametrize("file", [file for file in FILES if file != "criterion"])
def test_the_same_content_is_the_same_run(file: str, tmp_path: Path) -> None:
    at = Options(at_s=1_772_366_400.0)
    copy = tmp_path / "copy.bin"
    copy.write_bytes((DATA / file).read_bytes())
    assert read_runs(copy, at)[1][0].run_id == read(file, at).run_id
    copy.write_bytes((DATA / file).read_bytes().replace(b"\n", b"\r\n"))
    name, (other,) = read_runs(copy, at)
    assert other.measured == read(file, at).measured, name


def test_what_the_person_says_stands_above_the_file() -> None:
    said = Options(
        profile="nightly", environment="ci", commit="abc", branch="main", at_s=1_772_366_400.0
    )
    run = read("pytest-benchmark/0001.json", said)
    assert run.plan.profile == "nightly"
    assert run.target.environment == "ci"
    assert (run.git["commit"], run.git["branch"]) == ("abc", "main")
    assert run.started_at == "2026-03-01T12:00:00.000Z"
    assert read("pytest-benchmark/0001.json").git["commit"].startswith("5b78858eb7")


def test_each_entry_of_data_js_is_a_run_of_its_commit() -> None:
    name, runs = read_runs(DATA / "github-action-benchmark/data.js", Options())
    assert name == "github-action-benchmark"
    rust, service = runs[:4], runs[4]
    assert [run.started_at[:10] for run in rust] == [f"2026-03-0{day}" for day in range(1, 5)]
    assert len({run.git["commit"] for run in rust}) == 4
    assert {run.plan.profile for run in rust} == {"rust-benchmark"}
    assert len({run.load_hash for run in runs}) == 1
    medians = [kept(run).series[1].p50_s for run in rust]
    assert medians == pytest.approx([12.0e-6, 12.1e-6, 11.95e-6, 15.0e-6])
    assert service.plan.profile == "service"
    measures = {m.name: (m.value, m.unit, m.better) for m in kept(service).measures}
    assert measures == {
        "throughput": (812.5, "req/s", "higher"),
        "heap free": (55.0, "Percent", "higher"),
    }


@pytest.mark.parametrize("option", [{"commit": "abc"}, {"at_s": 1_772_366_400.0}])
def test_entries_of_data_js_are_never_given_one_commit_or_time(
    option: dict[str, object],
) -> None:
    file = DATA / "github-action-benchmark/data.js"
    with pytest.raises(DocumentError, match=r"data\.js: holds 5 runs, each with its"):
        read_runs(file, Options(**option))  # type: ignore[arg-type]  # by name
    runs = read_runs(file, Options(branch="main"))[1]
    assert {run.git["branch"] for run in runs} == {"main"}


@pytest.mark.parametrize("unit", ["ops/s", "MB/s", "ops/ms", "items per second"])
def test_a_rate_of_a_tool_of_durations_needs_its_direction(unit: str, tmp_path: Path) -> None:
    path = tmp_path / "data.js"

    def written(tool: str) -> None:
        entry = {
            "tool": tool, "date": 1_772_366_400_000, "commit": {"id": "abc"},
            "benches": [{"name": "copy", "value": 5.0, "unit": unit}],
        }  # fmt: skip
        path.write_text(json.dumps({"lastUpdate": 1, "entries": {"suite": [entry]}}))

    for tool in ("go", "jmh"):
        written(tool)
        with pytest.raises(DocumentError, match=r"entries.suite\[0\].benches\[0\]: whether more"):
            read_runs(path, Options())
        for better in ("higher", "lower"):
            (run,) = read_runs(path, Options(better=better))[1]
            assert [(m.unit, m.better) for m in run.measures] == [(unit, better)]
    for tool, better in (("customSmallerIsBetter", "lower"), ("customBiggerIsBetter", "higher")):
        written(tool)
        (run,) = read_runs(path, Options())[1]
        assert [m.better for m in run.measures] == [better]


def test_a_slug_of_bencher_is_no_unit(tmp_path: Path) -> None:
    path = tmp_path / "bmf.json"
    path.write_text('{"get": {"latency-p99": {"value": 5e6}, "file-size": {"value": 7}}}')
    (run,) = read_runs(path, Options(better="lower"))[1]
    assert [(m.name, m.unit) for m in run.measures] == [("get file-size", "")]
    assert {s.label: s.p50_s for s in kept(run).series}["get latency-p99"] == pytest.approx(5e-3)


def test_measures_that_are_no_durations_keep_their_direction() -> None:
    (measure,) = kept(read("bencher/bmf.json")).measures
    assert (measure.name, measure.unit, measure.better) == (
        "sort/10 throughput", "ops/s", "higher",
    )  # fmt: skip
    assert measure.value == pytest.approx(799680.1)
