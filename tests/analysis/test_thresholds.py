"""Thresholds on runs: who enters a metric, how much is enough, and what was not measured."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from perf_analysis.compared import RowVerdict
from perf_analysis.filling import build
from perf_analysis.gating import gate
from perf_analysis.grammar import AGGREGATIONS, METRICS, parse_threshold
from perf_analysis.series import Cell, Measured, ScenarioCell, Slot
from perf_analysis.thresholds import evaluate, evaluate_all, minimum_n
from perf_analysis.verdict import Threshold, ThresholdResult, Verdict

if TYPE_CHECKING:
    from tests.analysis.conftest import Make

PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def judged(subject: str, expression: str, measured: Measured) -> ThresholdResult:
    return evaluate(parse_threshold(subject, expression), measured)


def one_of_each() -> list[Threshold]:
    """A threshold for every metric and aggregation, which most runs would hold."""
    found: list[Threshold] = []
    for metric, kind in METRICS.items():
        for name in AGGREGATIONS[kind]:
            aggregation = name.replace("N", "95")
            found.extend(
                parse_threshold(metric, f"{aggregation}{limit}") for limit in ("<=1", ">=0")
            )
    return found


@pytest.mark.parametrize("threshold", one_of_each(), ids=lambda t: f"{t.subject} {t.expression}")
def test_no_data_never_passes(make: Make, threshold: Threshold) -> None:
    no_cells = replace(make.nothing(), spans=make.spans(("sustained", 60.0)))
    other_phase = make.measured(
        make.row(make.cell([0.1] * 500), phase="ramp"), spans=(("sustained", 60.0), ("ramp", 9.0))
    )
    for measured in (make.nothing(), no_cells, other_phase):
        result = evaluate(threshold, measured)
        assert (result.verdict, result.observed, result.n) == (INCONCLUSIVE, None, 0)
        assert result.reason
        assert result.advice


@pytest.mark.parametrize(
    ("expression", "need"),
    [
        pytest.param("p(95)<1", 200, id="p95"),
        pytest.param("p(99)<1", 1_000, id="p99"),
        pytest.param("p(99.9)<1", 10_000, id="p99.9"),
        pytest.param("p(99.99)<1", 100_000, id="p99.99"),
        pytest.param("p(99.999999)<1", 1_000_000_000, id="H06"),
        pytest.param("med<1", 200, id="median"),
        pytest.param("p(0)<1", 200, id="H05 least"),
        pytest.param("p(100)<1", 200, id="H05 most"),
        pytest.param("max<1", 200, id="maximum, which is p(100)"),
        pytest.param("avg<1", 200, id="average"),
    ],
)
def test_the_minimum_of_samples(expression: str, need: int) -> None:
    assert minimum_n(parse_threshold("http_req_duration", expression)) == need


def test_a_rate_over_a_phase_of_no_length_is_undecided(make: Make) -> None:
    measured = make.measured(make.row(make.cell([0.1] * 500)), spans=(("sustained", 0.0),))
    result = judged("http_reqs", "rate>1", measured)
    assert (result.verdict, result.observed) == (INCONCLUSIVE, None)
    assert "no length" in result.reason


def test_rows_none_of_which_is_gated_are_not_judged() -> None:
    assert gate(()) is RowVerdict.NOT_JUDGED


def test_counters_and_gauges_need_no_minimum() -> None:
    assert minimum_n(parse_threshold("http_reqs", "count>1")) == 0
    assert minimum_n(parse_threshold("vus", "value>1")) == 0


@pytest.mark.parametrize(
    ("n", "verdict", "reason"),
    [
        pytest.param(1, INCONCLUSIVE, "has 1, needs 200", id="one"),
        pytest.param(2, INCONCLUSIVE, "has 2, needs 200", id="two"),
        pytest.param(199, INCONCLUSIVE, "has 199, needs 200", id="one too few"),
        pytest.param(200, PASS, "", id="enough"),
    ],
)
@pytest.mark.parametrize(
    ("subject", "expression"),
    [
        pytest.param("http_req_duration", "p(95)<500", id="quantile"),
        pytest.param("http_req_duration", "avg<500", id="average"),
        pytest.param("http_req_duration", "max<500", id="maximum"),
        pytest.param("http_req_failed", "rate<0.01", id="rate"),
    ],
)
def test_too_few_samples_are_inconclusive(
    make: Make, n: int, verdict: Verdict, reason: str, subject: str, expression: str
) -> None:
    result = judged(subject, expression, make.measured(make.row(make.cell([0.1] * n))))
    assert (result.verdict, result.reason, result.n) == (verdict, reason, n)


def test_a_thin_quantile_is_shown_but_one_with_no_tail_is_not(make: Make) -> None:
    shown = judged("http_req_duration", "p(95)<500", make.measured(make.row(make.cell([0.1] * 60))))
    hidden = judged(
        "http_req_duration", "p(95)<500", make.measured(make.row(make.cell([0.1] * 59)))
    )
    assert (shown.observed, hidden.observed) == (100.0, None)


def test_every_complete_response_enters_a_trend_whatever_its_status(make: Make) -> None:
    measured = make.measured(
        make.row(make.cell([0.1] * 150)),
        make.row(make.cell([0.9] * 150), key=make.key(status=500, error_class="http_5xx")),
        make.row(make.counted(900), key=make.key(status=0, error_class="refused")),
    )
    everything = judged("http_req_duration", "p(95)<500", measured)
    expected = judged("http_req_duration{expected_response:true}", "med<500", measured)
    assert (everything.verdict, everything.n) == (FAIL, 300)  # fast failures do not help
    assert (expected.verdict, expected.reason) == (INCONCLUSIVE, "has 150, needs 200")


def test_timeouts_count_as_at_least_their_age(make: Make) -> None:
    measured = make.measured(
        make.row(make.cell([0.1] * 900)),
        make.row(make.censored([30.0] * 100), key=make.key(status=0, error_class="timeout")),
    )
    result = judged("http_req_duration", "p(95)<500", measured)
    assert (result.verdict, result.n, result.at_least) == (FAIL, 1000, True)
    assert judged("http_req_duration", "p(89)<500", measured).verdict is PASS
    average = judged("http_req_duration", "avg<5000", measured)
    assert (average.verdict, average.reason.split(" of ")[0]) == (INCONCLUSIVE, "censored: 100")


def test_dropped_arrivals_are_failures_and_censored_latencies(make: Make) -> None:
    dropped = ScenarioCell(
        planned=1000, started=900, dropped=100, finished=900, dropped_latency=build([0.0] * 100)
    )
    measured = make.measured(make.row(make.cell([0.1] * 900)), scenario_cell=dropped)
    latency = judged("http_req_latency", "p(95)<500", measured)
    assert (latency.verdict, latency.n, latency.reason[:9]) == (INCONCLUSIVE, 1000, "censored:")
    assert judged("http_req_duration", "p(95)<500", measured).verdict is PASS
    failed = judged("http_req_failed", "rate<0.01", measured)
    assert (failed.verdict, failed.observed, failed.n) == (FAIL, 0.1, 1000)
    assert judged("dropped_iterations", "count==0", measured).observed == 100.0


def test_a_dropped_arrival_without_a_lower_bound_is_not_lost(make: Make) -> None:
    measured = make.measured(
        make.row(make.cell([0.1] * 900)),
        scenario_cell=ScenarioCell(planned=1000, started=900, dropped=100, finished=900),
    )
    assert judged("http_req_latency", "p(95)<500", measured).verdict is INCONCLUSIVE


def test_a_named_series_gets_its_share_of_the_dropped_rounded_up(make: Make) -> None:
    dropped = ScenarioCell(
        planned=1010, started=1000, dropped=10, finished=1000, dropped_latency=build([1.0] * 10)
    )
    later = Cell(n=500, service=build([0.1] * 500))  # second requests of their iterations
    measured = make.measured(
        make.row(make.cell([0.1] * 667), key=make.key("GET /a")),
        make.row(make.cell([0.1] * 333), key=make.key("POST /b")),
        make.row(later, key=make.key("GET /c")),
        scenario_cell=dropped,
    )
    for selector, whole, part in (
        ("name:/a", 667 + 7, 7),
        ("name:POST /b", 333 + 4, 4),
        ("name:/c", 500, 0),
        ("method:GET", 667 + 500 + 7, 7),
        ("scenario:web", 1510, 10),
        ("status:200", 1500, 0),
    ):
        failed = judged(f"http_req_failed{{{selector}}}", "rate<1", measured)
        assert (failed.n, failed.observed) == (whole, part / whole), selector
    assert judged("http_req_latency{name:/a}", "p(95)<500", measured).n == 674
    assert judged("http_req_latency", "p(95)<500", measured).n == 1010


def test_without_marked_first_requests_all_count_alike(make: Make) -> None:
    measured = make.measured(
        make.row(Cell(n=300), key=make.key("GET /a")),
        make.row(Cell(n=100), key=make.key("GET /b")),
        scenario_cell=ScenarioCell(planned=410, started=400, dropped=10, finished=400),
    )
    assert judged("http_req_failed{name:/a}", "rate<1", measured).n == 300 + 8
    assert judged("http_req_failed{name:/b}", "rate<1", measured).n == 100 + 3


@pytest.mark.parametrize("sum_s", [math.nan, math.inf])
def test_a_sum_that_is_no_number_is_inconclusive(make: Make, sum_s: float) -> None:
    broken = replace(build([0.1] * 500), sum_s=sum_s)
    result = judged(
        "http_req_duration", "avg>=0", make.measured(make.row(Cell(n=500, service=broken)))
    )
    assert (result.verdict, result.observed) == (INCONCLUSIVE, None)
    assert result.reason == "the value is not a finite number"


def test_abandoned_requests_failed_but_never_finished(make: Make) -> None:
    cut = make.row(make.censored([5.0] * 10), key=make.key(status=0, error_class="abandoned"))
    measured = make.measured(make.row(make.cell([0.1] * 390)), cut)
    assert judged("http_req_failed", "rate<0.01", measured).observed == 10 / 400
    assert judged("http_reqs", "count>=1", measured).observed == 390


@pytest.mark.parametrize(
    ("subject", "expression", "observed", "verdict"),
    [
        pytest.param("http_reqs", "count>=1000", 1000.0, PASS, id="count"),
        pytest.param("http_reqs", "rate>17", 1000 / 60, FAIL, id="rate by the phase, not the run"),
        pytest.param("http_reqs{phase:ramp}", "rate>17", 20.0, PASS, id="rate of a phase"),
        pytest.param("http_reqs{phase:all}", "rate>17", 1200 / 70, PASS, id="drain left out"),
        pytest.param("http_reqs{phase:all}", "count==1203", 1203.0, PASS, id="drain counted"),
        pytest.param("iterations", "count==990", 990.0, PASS, id="iterations by themselves"),
        pytest.param("dropped_iterations", "count==0", 0.0, PASS, id="a kept counter at 0"),
        pytest.param("data_received", "count>=5000", 5000.0, PASS, id="bytes"),
        pytest.param("vus", "value==7", 7.0, PASS, id="last number of users"),
        pytest.param("vus_max", "value==9", 9.0, PASS, id="most users"),
        pytest.param("checks", "rate>0.99", 0.8, FAIL, id="assertions"),
        pytest.param("schedule_lag", "p(95)<10", 1.0, PASS, id="lag"),
        pytest.param("iteration_duration", "p(95)<500", 200.0, PASS, id="iterations' length"),
    ],
)
def test_each_metric_is_taken_from_its_cells(
    make: Make, subject: str, expression: str, observed: float, verdict: Verdict
) -> None:
    ok = Cell(n=800, first=800, asserted=800, received_bytes=5000)
    bad = Cell(n=200, first=200, asserted=200)
    measured = make.measured(
        make.row(ok),
        make.row(bad, key=make.key(error_class="assertion")),
        make.row(make.counted(200), key=make.key("GET /ramp"), phase="ramp", window=2),
        make.row(make.counted(3), key=make.key("GET /late"), phase="drain", window=3),
        spans=(("ramp", 10.0), ("sustained", 60.0), ("drain", 5.0)),
    )
    cells = {
        Slot("ramp", 2): ScenarioCell(vus=9),
        Slot("sustained", 3): ScenarioCell(
            planned=1000, started=1000, finished=990, failed=10, vus=8,
            lag=build([0.001] * 1000), iteration=build([0.2] * 990),
        ),
        Slot("sustained", 4): ScenarioCell(vus=7),
        Slot("drain", 5): ScenarioCell(vus=2),
    }  # fmt: skip
    result = judged(subject, expression, replace(measured, scenarios={"web": cells}))
    assert (result.observed, result.verdict) == (pytest.approx(observed), verdict)  # type: ignore[comparison-overlap]  # approx


def test_iterations_that_were_cut_off_are_longer_than_anything_known(make: Make) -> None:
    cell = ScenarioCell(started=1000, finished=900, abandoned=100, iteration=build([0.1] * 900))
    measured = make.measured(make.row(make.cell([0.1] * 900)), scenario_cell=cell)
    assert judged("iteration_duration", "p(95)<500", measured).verdict is INCONCLUSIVE
    assert judged("iteration_duration", "p(80)<500", measured).verdict is PASS


def test_a_run_without_a_sustained_phase_is_judged_as_a_whole(make: Make) -> None:
    measured = make.measured(
        make.row(make.cell([0.1] * 300), phase="ramp"), spans=(("ramp", 30.0),)
    )
    result = judged("http_req_duration", "p(95)<500", measured)
    assert (result.phase, result.verdict) == ("all", PASS)


def test_a_sustained_phase_that_was_never_reached_is_not_replaced_by_the_ramp(make: Make) -> None:
    measured = make.measured(
        make.row(make.cell([0.1] * 300), phase="ramp"), spans=(("sustained", 0.0), ("ramp", 9.0))
    )
    result = judged("http_req_duration", "p(95)<500", measured)
    assert (result.phase, result.verdict) == ("sustained", INCONCLUSIVE)
    assert judged("http_reqs", "rate>=0", measured).verdict is INCONCLUSIVE


def test_thresholds_that_share_a_subject_are_judged_as_if_alone(make: Make) -> None:
    measured = make.measured(make.row(make.cell([0.1] * 900 + [0.6] * 100, 0.5)))
    thresholds = [
        parse_threshold("http_req_duration", text) for text in ("p(90)<500", "p(95)<500", "avg<1")
    ]
    assert evaluate_all(thresholds, measured) == tuple(evaluate(t, measured) for t in thresholds)


@pytest.mark.parametrize("metric", ["http_req_latency", "schedule_lag", "dropped_iterations"])
def test_without_arrivals_what_they_define_is_inconclusive(make: Make, metric: str) -> None:
    measured = make.measured(make.row(make.cell([0.1] * 500)), open_model=False)
    text = "count==0" if metric == "dropped_iterations" else "p(95)<10"
    assert judged(metric, text, measured).reason == "there are no arrivals under a closed executor"
