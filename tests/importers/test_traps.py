"""Traps of other tools' formats: polarity, units, doubled counts, names, clocks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from perf_analysis.grammar import parse_threshold
from perf_analysis.judgement import judge
from perf_analysis.thresholds import evaluate
from perf_analysis.verdict import Verdict
from perf_baselines.comparing import compare_named, figures_of_run
from perf_documents.errors import DocumentError
from perf_importers.formats import read_runs
from perf_importers.locust import step_s
from perf_importers.reading import Options

if TYPE_CHECKING:
    from perf_documents.run import Run

DATA = Path(__file__).parents[1] / "data" / "imports"


def read(path: Path | str, form: str = "") -> Run:
    (run,) = read_runs(DATA / path, Options(), form)[1]
    return run


def verdict(run: Run, metric: str, text: str) -> Verdict:
    return evaluate(parse_threshold(metric, text), run.measured).verdict


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("file", ["k6/summary-export.json", "k6/handle-summary.json"])
def test_true_means_failed_in_one_form_of_k6_and_held_in_the_other(file: str) -> None:
    run = read(file)
    judgement = judge(run.facts(), run.measured, run.plan.thresholds)
    found = {r.threshold.expression: r.verdict for r in judgement.thresholds}
    assert found == {
        "p(95)<30": Verdict.FAIL, "p(90)<50": Verdict.PASS, "rate<0.05": Verdict.PASS,
    }  # fmt: skip
    said = [note for note in run.client_notes if "k6 itself says" in note]
    assert said == ["k6 itself says that a threshold failed: http_req_duration: p(95)<30"]
    assert any("not judged here: my_trend: p(95)<2" in note for note in run.client_notes)


def test_the_passes_of_failed_requests_are_failures() -> None:
    run = read("k6/summary-export.json")
    assert verdict(run, "http_req_failed", "rate<0.011") is Verdict.PASS
    assert verdict(run, "http_req_failed", "rate<0.009") is Verdict.FAIL
    assert verdict(run, "http_req_failed{name:GET /health}", "rate<0.006") is Verdict.PASS


def test_arrivals_that_k6_dropped_count_as_failed() -> None:
    run = read("k6/handle-summary.json")
    assert verdict(run, "http_req_failed", "rate<0.029") is Verdict.FAIL
    assert verdict(run, "dropped_iterations", "count<61") is Verdict.PASS
    total = figures_of_run(run).labelled("")
    assert total is not None
    assert (total.n, total.failed) == (3060, 90)


@pytest.mark.parametrize(
    ("metric", "text", "expected"),
    [
        ("http_req_duration", "p(95)<32", Verdict.PASS),
        ("http_req_duration", "p(95)<31.25", Verdict.FAIL),
        ("http_req_duration", "med<=10", Verdict.PASS),
        ("http_req_duration", "avg<12.5", Verdict.FAIL),
        ("http_req_duration", "max<95.6", Verdict.PASS),
        # between two quantiles that are stated
        ("http_req_duration", "p(92)<40", Verdict.PASS),
        ("http_req_duration", "p(92)<21", Verdict.FAIL),
        ("http_req_duration", "p(92)<25", Verdict.INCONCLUSIVE),
        ("http_req_duration{name:GET /health}", "p(95)<32", Verdict.PASS),
        ("http_req_duration{name:GET /other}", "p(95)<32", Verdict.INCONCLUSIVE),
        ("http_req_duration{status:200}", "p(95)<32", Verdict.INCONCLUSIVE),
        ("http_reqs", "rate>99", Verdict.PASS),
        ("iterations", "count>=3000", Verdict.PASS),
        ("http_req_latency", "p(95)<1000", Verdict.INCONCLUSIVE),
        ("dropped_iterations", "count<1", Verdict.INCONCLUSIVE),
        ("vus", "value<100", Verdict.INCONCLUSIVE),
    ],
)
def test_limits_are_judged_by_what_a_summary_states(
    metric: str, text: str, expected: Verdict
) -> None:
    assert verdict(read("k6/summary-export.json"), metric, text) is expected


def test_a_metric_that_never_had_a_sample_is_no_data_and_not_0(tmp_path: Path) -> None:
    document = json.loads((DATA / "k6/summary-export.json").read_text())
    document["metrics"]["http_reqs"] = {"count": 0, "rate": 0}
    document["metrics"]["http_req_failed"] = {"value": 0, "passes": 0, "fails": 0}
    for name in list(document["metrics"]):
        if "{" in name:
            del document["metrics"][name]
    run = read(written(tmp_path, "empty.json", json.dumps(document)))
    assert verdict(run, "http_req_duration", "p(95)<500") is Verdict.INCONCLUSIVE


def test_a_request_named_aggregated_is_no_total() -> None:
    for file in ("stats.csv", "locust.json", "full_history.csv"):
        figures = figures_of_run(read(f"locust/{file}"))
        total, own = figures.labelled(""), figures.labelled("GET Aggregated")
        assert total is not None
        assert own is not None
        assert total.n > own.n == own.failed


def test_quantiles_of_the_last_seconds_are_not_those_of_the_run() -> None:
    run = read("locust/full_history.csv")
    assert any("last seconds only" in note for note in run.client_notes)
    assert [f.q for f in figures_of_run(run).series[0].quantiles] == [0.5]
    assert len(figures_of_run(read("locust/stats_history.csv")).series[0].quantiles) > 4


def test_rounded_times_are_judged_no_finer_than_their_step() -> None:
    assert [step_s(v) for v in (0.099, 0.1, 0.999, 1.0, 12.0)] == [0.001, 0.01, 0.01, 0.1, 1.0]
    figures = figures_of_run(read("locust/failing_history.csv")).series[0]
    steps = {figure.q: figure.resolution_s for figure in figures.quantiles}
    assert steps[0.95] == pytest.approx(0.001)
    assert steps[0.99] == pytest.approx(0.1)


def test_only_answers_are_in_hey_and_oha_csv_so_failures_are_unknown() -> None:
    for file in ("hey/hey.csv", "oha/requests.csv"):
        run = read(file)
        assert verdict(run, "http_req_failed", "rate<0.5") is Verdict.INCONCLUSIVE
        assert "error_rate" not in run.plan.regression


def test_oha_leaves_out_what_it_cut_off_itself() -> None:
    run = read("oha/report.json")
    assert any(note.startswith("4 requests that oha cut off") for note in run.client_notes)
    # 18 answers of 503 and 2 without one
    assert verdict(run, "http_req_failed", "rate<0.0101") is Verdict.PASS


def test_sums_of_transactions_are_no_requests() -> None:
    run = read("jmeter/out.jtl")
    assert sum(c.n for s in run.measured.series.values() for c in s.values()) == 48
    assert any(note.startswith("24 sums of transaction") for note in run.client_notes)
    assert {key.name for key in run.measured.series} == {"GET /health", "GET /missing"}


def test_columns_of_a_jtl_are_found_by_name(tmp_path: Path) -> None:
    text = "label,success,elapsed,timeStamp\n" + "a,true,12,1772366400000\n" * 3
    run = read(written(tmp_path, "x.jtl", text))
    assert run.started_at == "2026-03-01T12:00:00.000Z"
    assert figures_of_run(run).series[0].finished == 3


def test_timeouts_are_at_least_as_long_as_they_waited() -> None:
    for file in ("vegeta/results.json", "vegeta/results.csv", "k6/points.json", "k6/points.csv"):
        cells = [c for slots in read(file).measured.series.values() for c in slots.values()]
        assert sum(cell.service_censored.n for cell in cells) == 1


def test_both_forms_of_one_tool_say_the_same() -> None:
    by_line, by_cell = read("vegeta/results.json"), read("vegeta/results.csv")
    assert by_line.measured.series == by_cell.measured.series
    by_line, by_cell = read("k6/points.json"), read("k6/points.csv")
    assert by_line.measured.cells("all") == by_cell.measured.cells("all")


def test_wrk2_measures_from_the_intended_start() -> None:
    run = read("wrk2/latency.txt")
    assert verdict(run, "http_req_latency", "p(95)<4.6") is Verdict.PASS
    assert verdict(run, "http_req_duration", "p(95)<1000") is Verdict.INCONCLUSIVE
    figure = figures_of_run(run).series[0].quantile(0.95)
    assert figure is not None
    # the rows around 95 %: 4.011 and 4.503 ms
    assert figure.resolution_s == pytest.approx(0.000492)
    assert figure.n == 40_000


def test_a_spectrum_elsewhere_must_name_its_unit(tmp_path: Path) -> None:
    rows = "\n  1.0 0.5 10 2.0\n  2.0 1.0 20 inf\n"
    bare = written(tmp_path, "bare.hgrm", "Value Percentile TotalCount 1/(1-Percentile)\n" + rows)
    with pytest.raises(DocumentError, match="names no unit"):
        read(bare)
    unit = "Value(ms) Percentile TotalCount 1/(1-Percentile)\n"
    run = read(written(tmp_path, "ms.hgrm", unit + rows))
    assert verdict(run, "http_reqs", "count>0") is Verdict.INCONCLUSIVE


def test_criterion_ratios_and_older_runs_are_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "criterion"
    shutil.copytree(DATA / "criterion", folder)
    base = folder / "Fibonacci_Recursive" / "base"
    shutil.copytree(folder / "Fibonacci_Recursive" / "new", base)
    (folder / "Fibonacci_Recursive/change/estimates.json").write_text("{}")
    assert len(read(folder).measured.stated) == 1


def test_newer_criterion_spells_its_keys_in_small_letters(tmp_path: Path) -> None:
    folder = tmp_path / "criterion"
    shutil.copytree(DATA / "criterion", folder)
    new = folder / "Fibonacci_Recursive/new"
    estimates = json.loads((new / "estimates.json").read_text())
    (new / "estimates.json").write_text(json.dumps({k.lower(): v for k, v in estimates.items()}))
    counts, times = json.loads((new / "sample.json").read_text())
    sample = {"sampling_mode": "Linear", "iters": counts, "times": times}
    (new / "sample.json").write_text(json.dumps(sample))
    assert read(folder).measured.stated == read("criterion").measured.stated


@pytest.mark.parametrize(
    ("tool", "unit", "value", "expected_s"),
    [
        ("cargo", "ns/iter", 1500.0, 1.5e-6),
        ("go", "ns/op", 1500.0, 1.5e-6),
        ("googlecpp", "us/iter", 1.5, 1.5e-6),
        ("catch2", "ms", 1.5, 1.5e-3),
        ("customSmallerIsBetter", "Seconds", 1.5, None),
        ("customSmallerIsBetter", "s", 1.5, 1.5),
        ("customBiggerIsBetter", "ms", 1.5, None),
        ("go", "B/op", 1500.0, None),
        ("pytest", "iter/sec", 200.0, 0.005),
        ("benchmarkjs", "ops/sec", 200.0, 0.005),
    ],
)
def test_units_and_directions_of_data_js(
    tmp_path: Path, tool: str, unit: str, value: float, expected_s: float | None
) -> None:
    entry = {
        "commit": {"id": "abc"}, "date": 1772366400000, "tool": tool,
        "benches": [{"name": "b", "value": value, "unit": unit, "range": "± 1"}],
    }  # fmt: skip
    text = json.dumps({"lastUpdate": 1, "repoUrl": "", "entries": {"s": [entry]}})
    run = read(written(tmp_path, "data.js", f"window.BENCHMARK_DATA = {text}"))
    if expected_s is None:
        (measure,) = run.measures
        higher = tool == "customBiggerIsBetter"
        assert (measure.better, measure.unit) == ("higher" if higher else "lower", unit)
        assert (measure.value, measure.low, measure.high) == (value, value - 1, value + 1)
        assert run.figures is None
    else:
        assert run.measures == ()
        assert run.measured.stated[0].quantiles_s == {0.5: pytest.approx(expected_s)}


def test_errors_of_benchmarks_come_from_their_rounds() -> None:
    figure = figures_of_run(read("criterion")).series[0].quantile(0.5)
    assert figure is not None
    # its median's standard error over the median: 39.66 / 19158 ns
    assert figure.error == pytest.approx(39.6634584646669 / 19158.025568181816, rel=1e-6)
    assert (figure.dof, figure.flags) == (99, ())
    stated = figures_of_run(read("bencher/bmf.json")).series[0].quantile(0.5)
    assert stated is not None
    assert stated.flags == ("error-unknown",)


def test_runs_of_two_tools_are_not_compared() -> None:
    found = compare_named([read("k6/summary-export.json")], [read("wrk/wrk.txt")])
    assert not found.rows
    assert "client changed from k6 to wrk" in found.sentence


def test_runs_of_one_tool_are_compared_by_what_they_state(tmp_path: Path) -> None:
    def scaled(factor: float) -> Run:
        document = json.loads((DATA / "k6/summary-export.json").read_text())
        trend = document["metrics"]["http_req_duration"]
        trend |= {key: trend[key] * factor for key in ("avg", "med", "max", "p(90)", "p(95)")}
        return read(written(tmp_path, f"{factor}.json", json.dumps(document)))

    found = compare_named([scaled(factor) for factor in (1.0, 1.01, 0.99)], [scaled(2.0)])
    row = next(row for row in found.rows if (row.label, row.metric) == ("", "p95"))
    assert row.effect == pytest.approx(1.0, abs=0.01)
    assert row.verdict == "fail"
    assert row.gated


@pytest.mark.parametrize(
    "name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "</script>", "a|`b"]
)
def test_names_that_others_would_run_are_kept_as_data(tmp_path: Path, name: str) -> None:
    text = f"timeStamp,elapsed,label,success\n1772366400000,5,{name},true\n"
    run = read(written(tmp_path, "x.jtl", text))
    assert [key.name for key in run.measured.series] == [name]
