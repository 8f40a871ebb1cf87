"""What a file lacks, holds twice or hides is refused or said, never counted as nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from perf_analysis.compared import RowVerdict
from perf_analysis.grammar import parse_threshold
from perf_analysis.thresholds import evaluate
from perf_analysis.verdict import Verdict
from perf_baselines.comparing import compare_named, figures_of_run
from perf_baselines.record import summarise
from perf_documents.codec import dump_run
from perf_documents.errors import DocumentError
from perf_documents.judging import judged
from perf_importers.formats import read_runs
from perf_importers.reading import Options

if TYPE_CHECKING:
    from perf_documents.run import Run

DATA = Path(__file__).parents[1] / "data" / "imports"
WRK, WRK2 = (DATA / name for name in ("wrk/wrk.txt", "wrk2/latency.txt"))
K6 = DATA / "k6/summary-export.json"


def read(folder: Path, text: str, form: str = "") -> Run:
    path = folder / "file"
    path.write_text(text, encoding="utf-8")
    (run,) = read_runs(path, Options(), form)[1]
    return run


def refused(folder: Path, text: str) -> str:
    with pytest.raises(DocumentError) as caught:
        read(folder, text)
    return str(caught.value)


def verdict(run: Run, metric: str, text: str) -> Verdict:
    return evaluate(parse_threshold(metric, text), run.measured).verdict


def quantiles(run: Run) -> list[tuple[float, float]]:
    return [(figure.q, figure.ln_s) for figure in figures_of_run(run).series[0].quantiles]


@pytest.mark.parametrize("file", [WRK, WRK2], ids=lambda file: file.name)
def test_a_file_that_is_cut_anywhere_is_refused_or_tells_the_same(
    file: Path, tmp_path: Path
) -> None:
    text = file.read_text()
    whole = read(tmp_path, text)
    expected, failed = quantiles(whole), figures_of_run(whole).series[0].failed
    told = 0
    for size in range(1, len(text)):
        try:
            run = read(tmp_path, text[:size], "wrk")
        except DocumentError:
            continue
        told += 1
        assert quantiles(run) == expected
        if "http_req_failed" not in run.measured.unstated:
            assert figures_of_run(run).series[0].failed == failed
            assert run.plan.regression.keys() >= {"error_rate"}
        else:
            assert "error_rate" not in run.plan.regression
    assert told > 0


def test_a_spectrum_that_ends_early_or_counts_otherwise_is_refused(tmp_path: Path) -> None:
    text = WRK2.read_text()
    last = next(line for line in text.splitlines() if line.endswith("inf"))
    assert "ends at percentile 0.999023, not at 1" in refused(tmp_path, text.replace(last, ""))
    more = text.replace("Total count    =        40000", "Total count    =        40001")
    assert "counts 40000 samples, but says that it holds 40001" in refused(tmp_path, more)


@pytest.mark.parametrize("file", [WRK, WRK2], ids=lambda file: file.name)
def test_two_runs_in_one_file_are_refused(file: Path, tmp_path: Path) -> None:
    text = file.read_text()
    first = len(text.splitlines()) + 1
    assert f":{first}: a second run begins here" in refused(tmp_path, text + text)
    bare = "".join(text.splitlines(keepends=True)[1:])
    assert "a second " in refused(tmp_path, text + bare)


def test_failures_are_known_only_with_the_last_line(tmp_path: Path) -> None:
    for file in (WRK, WRK2):
        text = file.read_text()
        run = read(tmp_path, text[: text.index("  Non-2xx")])
        assert verdict(run, "http_req_failed", "rate<0.5") is Verdict.INCONCLUSIVE
        assert any("how many requests failed is not known" in note for note in run.client_notes)


@pytest.mark.parametrize(
    ("printed", "step_s"),
    [("10.09ms", 1e-5), ("0.90ms", 1e-5), ("950.00us", 1e-8), ("2.50s", 1e-2), ("1.50m", 0.6)],
)
def test_a_duration_is_as_fine_as_it_was_printed(
    printed: str, step_s: float, tmp_path: Path
) -> None:
    rows = "".join(f"     {q}%    1.00us\n" for q in (50, 75, 90))
    text = (
        "Running 2s test @ http://x\n"
        f"    Latency     1.00us    1.00us   {printed}   93.10%\n"
        f"  Latency Distribution\n{rows}     99%  {printed}\n"
        "  30045 requests in 2.10s, 3.20MB read\nRequests/sec:  14307.38\n"
    )
    figure = figures_of_run(read(tmp_path, text)).series[0].quantile(0.99)
    assert figure is not None
    assert figure.resolution_s == pytest.approx(step_s)


DROPPED_LINE = (
    '{"metric":"dropped_iterations","type":"Point","data":{"time":"2026-03-01T12:00:01Z",'
    '"value":2,"tags":{"scenario":"default"}}}\n'
)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("points.json", DROPPED_LINE),
        ("points.csv", "dropped_iterations,1772366401,2.000000,,,,,,,,,default,,,,,,,\n"),
    ],
)
def test_arrivals_that_never_began_count_as_failed_point_by_point(
    file: str, line: str, tmp_path: Path
) -> None:
    text = (DATA / "k6" / file).read_text()
    text += "" if text.endswith("\n") else "\n"
    before, run = read(tmp_path, text), read(tmp_path, text + line * 3)
    old, new = figures_of_run(before).series[0], figures_of_run(run).series[0]
    assert (new.n, new.failed) == (old.n + 6, old.failed + 6)
    assert verdict(run, "dropped_iterations", "count<7") is Verdict.PASS
    assert verdict(run, "dropped_iterations", "count<6") is Verdict.FAIL
    assert "value: found" in refused(
        tmp_path, text + line.replace("2.0", "2.5").replace(":2,", ":2.5,")
    )


def k6_with(thresholds: dict[str, dict[str, bool]]) -> str:
    """Export of a run in which 1 % of requests failed; true means that a threshold failed."""
    document = json.loads(K6.read_text())
    for metric in document["metrics"].values():
        metric.pop("thresholds", None)
    for name, limits in thresholds.items():
        document["metrics"].setdefault(name, {"avg": 1.0})["thresholds"] = limits
    return json.dumps(document)


@pytest.mark.parametrize("subject", ["my_trend", "http_req_duration"])
def test_what_k6_calls_failed_is_never_a_pass(subject: str, tmp_path: Path) -> None:
    limits = {"http_req_failed": {"rate<0.05": False}}
    assert judged(read(tmp_path, k6_with(limits))).exit_code == 0
    judgement = judged(read(tmp_path, k6_with({**limits, subject: {"p(95)<5000": True}})))
    assert (judgement.verdict, judgement.exit_code) == (Verdict.INCONCLUSIVE, 3)
    assert judgement.reason == f"k6 itself says that a threshold failed: {subject}: p(95)<5000"


def test_limits_of_a_summary_hold_the_limit_on_failures_that_a_profile_has(tmp_path: Path) -> None:
    run = read(tmp_path, k6_with({"http_req_duration": {"p(95)<5000": False}}))
    assert [(t.subject, t.expression) for t in run.plan.thresholds if t.is_default] == [
        ("http_req_failed", "rate<0.01")
    ]
    assert any(n.endswith("http_req_failed: rate<0.01 was added") for n in run.client_notes)
    # 30 of 3000 failed
    assert judged(run).exit_code == 1
    own = read(tmp_path, k6_with({"http_req_failed": {"rate<0.05": False}}))
    assert not any(t.is_default for t in own.plan.thresholds)


HIDDEN = "s3cr3t-v4lue"
URL = f"http://h/x?token={HIDDEN}"


def locust(*names: str) -> str:
    entry = {
        "method": "GET", "num_requests": 2, "num_failures": 0, "response_times": {"5": 2},
        "start_time": 1772366400.0, "last_request_timestamp": 1772366401.0,
    }  # fmt: skip
    return json.dumps([{**entry, "name": name} for name in names])


def bench(name: str) -> str:
    return json.dumps({name: {"latency": {"value": 5}, "throughput": {"value": 5}}})


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (f"timestamp_s,name,duration_s,ok\n1772366400,{URL},0.1,true\n", "samples"),
        (f"timeStamp,elapsed,label,success\n1772366400000,12,{URL},true\n", "jmeter"),
        (locust(URL, URL + "2"), "locust-json"),
        (bench(URL), "bencher"),
        (K6.read_text().replace("GET /health", URL), "k6-summary"),
        ((DATA / "locust/stats.csv").read_text().replace("/health", URL), "locust-stats"),
    ],
)  # fmt: skip
def test_what_an_address_hides_is_not_stored_in_a_name(
    text: str, form: str, tmp_path: Path
) -> None:
    assert HIDDEN in text
    run = read(tmp_path, text, form)
    document = dump_run(run).decode()
    assert HIDDEN not in document
    assert "http://h/x?token=***" in document


def test_names_that_differ_only_in_what_is_hidden_stay_apart(tmp_path: Path) -> None:
    run = read(tmp_path, locust(URL, URL + "2", "/plain"), "locust-json")
    assert sorted(key.name for key in run.measured.series) == [
        "/plain", "http://h/x?token=***", "http://h/x?token=*** (2)",
    ]  # fmt: skip
    assert "stands twice" in refused(tmp_path, locust("/a", "/a"))


def uncorrected(text: str) -> str:
    """What wrk2 -U prints: the same spectrum again, of ten times shorter durations."""
    spectrum = text[text.index("  Detailed Percentile") : text.index("-----")]
    rows = [
        f"{float(line.split()[0]) / 10:11.3f} {line.split(maxsplit=1)[1]}"
        if line[:10].strip().replace(".", "").isdigit() else line
        for line in spectrum.splitlines()
    ]  # fmt: skip
    head = "  Latency Distribution (HdrHistogram - Uncorrected Latency (measured without ...))\n"
    at = text.index("-----")
    return text[:at] + head + "\n".join(rows) + "\n" + text[at:]


def test_a_trend_of_wrk2_is_of_one_clock_however_it_was_called(tmp_path: Path) -> None:
    text = WRK2.read_text()
    plain, both = read(tmp_path, text), read(tmp_path, uncorrected(text))
    assert "http_req_duration" in plain.measured.unstated - both.measured.unstated
    assert verdict(both, "http_req_duration", "p(95)<0.5") is Verdict.PASS
    totals = [summarise(run, dump_run(run)).total for run in (plain, both)]
    assert totals[0].p95_s == pytest.approx(4.503e-3, rel=0.01)
    assert totals[1].p95_s == totals[0].p95_s


def without_failures(text: str) -> str:
    document = json.loads(text)
    for name in [name for name in document["metrics"] if name.startswith("http_req_failed")]:
        del document["metrics"][name]
    return json.dumps(document)


def test_what_only_one_side_shows_is_never_compared_with_zeros(tmp_path: Path) -> None:
    text = k6_with({})
    named = [
        (tmp_path / f"{number}").write_text(text.replace('"avg": 1', f'"avg": 1{number}'))
        for number in range(3)
    ]
    assert len(named) == 3
    full = [read_runs(tmp_path / f"{number}", Options())[1][0] for number in range(3)]
    bare = read(tmp_path, without_failures(text))
    lacking = compare_named(full, [bare])
    (row,) = [row for row in lacking.rows if row.metric == "error_rate"]
    assert (row.gated, row.verdict) == (True, RowVerdict.INCONCLUSIVE)
    assert "does not show it" in row.reason
    assert lacking.verdict is RowVerdict.INCONCLUSIVE
    new = compare_named([bare] * 3, [full[0]])
    (row,) = [row for row in new.rows if row.metric == "error_rate"]
    assert (row.gated, row.verdict) == (False, RowVerdict.NOT_JUDGED)
    both = compare_named(full, [full[0]])
    assert [row.effect for row in both.rows if row.metric == "error_rate"] == [0.0]
