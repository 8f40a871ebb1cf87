"""Where the time of a request went, and the checks of a scenario, judged by thresholds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_analysis.filling import build
from perf_analysis.grammar import GrammarError, parse_selector, parse_threshold
from perf_analysis.histogram import merge
from perf_analysis.metrics import TIMED
from perf_analysis.thresholds import evaluate
from perf_analysis.timings import TIMINGS, CheckKey, Tally, Timings, add_timings, with_zeros
from perf_analysis.verdict import Verdict

if TYPE_CHECKING:
    from tests.analysis.conftest import Make

    from perf_analysis.series import Measured
    from perf_analysis.verdict import ThresholdResult

PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def judged(subject: str, expression: str, measured: Measured) -> ThresholdResult:
    return evaluate(parse_threshold(subject, expression), measured)


def timed(make: Make, *, zeros: int = 990, hung: int = 0) -> Measured:
    """1,000 requests of 10 ms: 10 connected in 5 ms; some never answered within 2 s."""
    key, lost = make.key(), make.key(status=0, error_class="timeout")
    rows = [make.row(make.cell([0.01] * 1000))]
    timings = {
        key: {
            "sustained": Timings(
                n=1000, timed=1000, sent_bytes=100_000,
                values={
                    "connecting": with_zeros(build([0.005] * (1000 - zeros)), zeros),
                    "waiting": build([0.009] * 1000, [0.5]),
                },
            )
        }
    }  # fmt: skip
    if hung:
        rows.append(make.row(make.censored([2.0] * hung), key=lost))
        part = Timings(n=hung, timed=hung, censored={"waiting": build([2.0] * hung)})
        timings[lost] = {"sustained": part}
    return replace(make.measured(*rows), timings=timings)


@pytest.mark.parametrize(
    ("subject", "expression", "observed", "verdict"),
    [
        ("http_req_waiting", "p(95)<10", 9.0, PASS),
        ("http_req_waiting{name:GET /health,status:200}", "max<=9", 9.0, PASS),
        ("http_req_waiting", "p(95)<8", 9.0, FAIL),
        ("http_req_connecting", "med==0", 0.0, PASS),
        ("http_req_connecting", "p(95)<=0", 0.0, PASS),
        ("http_req_connecting", "max<1", 5.0, FAIL),
        ("http_req_connecting", "avg<0.051", 0.05, PASS),
        ("http_req_connecting", "min==0", 0.0, PASS),
        ("data_sent", "count>=100000", 100_000.0, PASS),
    ],
)
def test_a_timing_is_judged_like_any_trend_and_zeros_count(
    make: Make, subject: str, expression: str, observed: float, verdict: Verdict
) -> None:
    result = judged(subject, expression, timed(make))
    assert result.observed == pytest.approx(observed, rel=0.004)
    assert (result.verdict, result.n >= 1000) == (verdict, True)


def test_answers_that_never_came_are_lower_bounds_of_the_wait(make: Make) -> None:
    assert judged("http_req_waiting", "p(95)<500", timed(make, hung=20)).verdict is PASS
    result = judged("http_req_waiting", "p(95)<500", timed(make, hung=100))
    assert (result.verdict, result.at_least, result.n) == (FAIL, True, 1100)
    # beyond what is known of them, nothing is decided
    assert judged("http_req_waiting", "p(95)<5000", timed(make, hung=100)).verdict is INCONCLUSIVE


@pytest.mark.parametrize("metric", [*TIMED, "data_sent"])
def test_requests_of_other_clients_leave_a_timing_undecided(make: Make, metric: str) -> None:
    run = timed(make)
    other = make.key("GET /else", scenario="Other")
    slots = dict.fromkeys(run.series[make.key()], make.cell([0.01] * 50))
    mixed = replace(run, series={**run.series, other: slots})
    expression = "count>0" if metric == "data_sent" else "p(95)<1000"
    result = judged(metric, expression, mixed)
    assert (result.verdict, result.observed) == (INCONCLUSIVE, None)
    assert "50 of 1,050 requests have a client that does not measure it" in result.reason
    without = judged(metric, expression, replace(run, timings={}))
    assert "1,000 of 1,000 requests" in without.reason


@given(st.lists(st.lists(st.sampled_from([0.0, 1e-7, 5e-7, 0.001, 0.2]), max_size=12), max_size=5))
def test_zeros_apart_or_among_the_rest_are_the_same(parts: list[list[float]]) -> None:
    limits_s = [0.0, 3e-7, 0.001]
    apart = merge(
        with_zeros(build([v for v in values if v], limits_s), values.count(0.0))
        for values in parts
    )  # fmt: skip
    together = build([value for values in parts for value in values], limits_s)
    assert apart.sum_s == pytest.approx(together.sum_s)
    assert (apart.counts, apart.min_s, apart.max_s) == (
        together.counts, together.min_s, together.max_s
    )  # fmt: skip
    for limit_s in limits_s:
        assert apart.count_below(limit_s) == together.count_below(limit_s)
    if apart.zeros * 2 > apart.n:
        assert apart.quantile_s(0.5) == 0.0


def test_timings_add_up_name_by_name() -> None:
    one = Timings(n=2, timed=1, sent_bytes=5, values={"sending": build([0.1])})
    two = Timings(n=1, timed=1, sent_bytes=7, values={name: build([0.2]) for name in TIMINGS})
    total = add_timings([one, two])
    assert (total.n, total.timed, total.sent_bytes) == (3, 2, 12)
    assert total.values["sending"].n == 2
    assert [*total.values] == [*TIMINGS]


def checked(make: Make) -> Measured:
    """400 asserted responses, 4 of them failed; two checks of the scenario's own."""
    bad, control = make.key(error_class="assertion"), make.key(target="control")
    run = make.measured(
        make.row(replace(make.cell([0.01] * 396), asserted=396)),
        make.row(replace(make.cell([0.01] * 4), asserted=4), key=bad),
        make.row(make.cell([0.01]), key=control),
    )
    has_items = {"sustained": Tally(300, 300), "ramp": Tally(0, 9)}
    checks = {
        CheckKey("candidate", "web", "has items"): has_items,
        CheckKey("candidate", "web", "is sorted"): {"sustained": Tally(290, 300)},
        CheckKey("control", "web", "is sorted"): {"sustained": Tally(0, 300)},
    }
    return replace(run, checks=checks)


@pytest.mark.parametrize(
    ("subject", "part", "whole"),
    [
        ("checks", 986, 1000),
        ("checks{check:is sorted}", 290, 300),
        ("checks{check:is sorted,scenario:web}", 290, 300),
        ("checks{check:is sorted,target:control}", 0, 300),
        ("checks{name:GET /health}", 396, 400),
    ],
)
def test_checks_are_asserted_responses_and_calls_of_check(
    make: Make, subject: str, part: int, whole: int
) -> None:
    result = judged(subject, "rate>0.9", checked(make))
    assert (result.n, result.observed) == (whole, part / whole)


def test_a_check_that_was_never_made_is_undecided_and_those_made_are_listed(make: Make) -> None:
    result = judged("checks{check:is sortde}", "rate>0.9", checked(make))
    assert result.verdict is INCONCLUSIVE
    assert "no check is sortde" in result.reason
    assert "seen: has items, is sorted" in result.reason


@pytest.mark.parametrize("tag", ["name:GET /x", "status:200", "method:GET"])
def test_a_check_has_no_tags_of_a_request(tag: str) -> None:
    with pytest.raises(GrammarError, match="a check carries no tag"):
        parse_selector(f"checks{{check:x,{tag}}}")
    with pytest.raises(GrammarError, match="has no tag check"):
        parse_selector("http_req_duration{check:x}")
