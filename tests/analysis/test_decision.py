"""Limits on trends against k6's rule on the raw samples, in exact arithmetic and in numpy's."""

from __future__ import annotations

import math
import operator
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_analysis.decision import Bounds, Decision, Trend, compare, decide_trend
from perf_analysis.filling import build
from perf_analysis.grammar import parse_threshold
from perf_analysis.histogram import BUCKETS, Histogram, bucket_edges_s, merge
from perf_analysis.verdict import OPERATORS, Threshold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HOLDS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
EDGES_MS = [bucket_edges_s(index)[0] * 1e3 for index in range(1, BUCKETS, 131)]
AGGREGATIONS = ["avg", "min", "max", "med", "p(0)", "p(90)", "p(95)", "p(99.9)", "p(100)"]

# few distinct values, so that ties and limits that are samples come about
milliseconds = st.one_of(
    st.sampled_from([0.0, 0.0005, 1.0, 499.0, 499.9999, 500.0, 500.0001, 501.0, *EDGES_MS]),
    st.floats(min_value=400.0, max_value=600.0),
    st.floats(min_value=0.0, max_value=1e6),
)


def limit_on(aggregation: str, sign: str, limit_ms: float) -> Threshold:
    safe = sign if limit_ms > 0.0 or sign != "<" else "<="
    return parse_threshold("http_req_duration", f"{aggregation}{safe}{limit_ms!r}")


def exact_value(raw_s: Sequence[float], aggregation: str, q: float | None) -> Fraction:
    """Statistic of raw samples by definition; quantiles by Hyndman and Fan's type 7."""
    ordered = sorted(Fraction(value) for value in raw_s)
    if aggregation == "avg":
        return Fraction(math.fsum(raw_s) / len(raw_s))
    if q is None:
        return ordered[0] if aggregation == "min" else ordered[-1]
    h = Fraction(str(q)) * (len(ordered) - 1)
    low, high = math.floor(h), math.ceil(h)
    return ordered[low] + (h - low) * (ordered[high] - ordered[low])


def held_by_k6(threshold: Threshold, raw_s: Sequence[float]) -> bool:
    value = exact_value(raw_s, threshold.aggregation, threshold.q)
    return HOLDS[threshold.operator](value, Fraction(threshold.limit_s))


def decide(threshold: Threshold, values_s: Sequence[float], limits_s: Sequence[float]) -> Decision:
    # in two parts, as a recorder flushes them
    half = len(values_s) // 2
    values = merge([build(values_s[:half], limits_s), build(values_s[half:], limits_s)])
    return decide_trend(threshold, Trend(values=values, censored=Histogram()))


@settings(max_examples=400, deadline=None)
@given(
    st.lists(milliseconds, min_size=1, max_size=25),
    milliseconds,
    st.sampled_from(AGGREGATIONS),
    st.sampled_from(OPERATORS),
)
def test_a_named_limit_is_decided_as_k6_does_on_the_raw_samples(
    raw_ms: list[float], limit_ms: float, aggregation: str, sign: str
) -> None:
    threshold = limit_on(aggregation, sign, limit_ms)
    raw_s = [value / 1e3 for value in raw_ms]
    decision = decide(threshold, raw_s, [threshold.limit_s])
    if aggregation == "avg" and math.isclose(math.fsum(raw_s) / len(raw_s), threshold.limit_s):
        return  # the order of summation decides the last digit
    if decision.held is None:
        assert decision.reason.startswith("resolution")
    else:
        assert decision.held is held_by_k6(threshold, raw_s)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(milliseconds, min_size=1, max_size=25),
    milliseconds,
    st.sampled_from(AGGREGATIONS),
    st.sampled_from(OPERATORS),
)
def test_a_limit_that_was_not_named_is_never_decided_wrongly(
    raw_ms: list[float], limit_ms: float, aggregation: str, sign: str
) -> None:
    threshold = limit_on(aggregation, sign, limit_ms)
    raw_s = [value / 1e3 for value in raw_ms]
    decision = decide(threshold, raw_s, [])
    if decision.held is not None and aggregation != "avg":
        assert decision.held is held_by_k6(threshold, raw_s)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(milliseconds, min_size=1, max_size=25),
    milliseconds,
    st.sampled_from(["med", "p(90)", "p(95)"]),
)
def test_resolution_is_the_reason_only_where_the_neighbours_straddle_the_limit(
    raw_ms: list[float], limit_ms: float, aggregation: str
) -> None:
    threshold = limit_on(aggregation, "<=", limit_ms)
    raw_s = sorted(value / 1e3 for value in raw_ms)
    h = Fraction(str(threshold.q)) * (len(raw_s) - 1)
    low, high = raw_s[math.floor(h)], raw_s[math.ceil(h)]
    decision = decide(threshold, raw_s, [threshold.limit_s])
    if decision.held is None:
        assert low <= threshold.limit_s < high


@pytest.mark.parametrize("seed", range(25))
def test_verdicts_agree_with_numpy_on_many_samples(seed: int) -> None:
    rng = np.random.default_rng(seed)
    raw_s = rng.lognormal(math.log(0.3), 0.4, size=int(rng.integers(200, 1200)))
    for percent in (50.0, 90.0, 95.0, 99.0, 99.9):
        value_s = float(np.percentile(raw_s, percent))
        near_s = [value_s * 0.999, value_s * 1.001, *(float(v) for v in rng.choice(raw_s, 4))]
        far_s = [value_s * 0.99, value_s * 1.01]  # more than a bucket away: always decided
        for limit_s in near_s + far_s:
            threshold = limit_on(f"p({percent:g})", "<", limit_s * 1e3)
            decision = decide(threshold, list(raw_s), [threshold.limit_s])
            allowed = {value_s < threshold.limit_s} | ({None} if limit_s in near_s else set())
            assert decision.held in allowed


def test_a_limit_at_a_sample_tells_less_from_less_or_equal() -> None:
    raw_s = [0.4] * 190 + [0.5] * 11
    for sign, held in (("<", False), ("<=", True), (">", False), (">=", True), ("==", True)):
        assert decide(limit_on("p(95)", sign, 500.0), raw_s, [0.5]).held is held


def test_the_observed_value_lies_on_the_side_that_was_decided() -> None:
    raw_s = [0.4995] * 150 + [0.5005] * 150
    for aggregation in ("p(10)", "p(95)"):
        decision = decide(limit_on(aggregation, "<", 500.0), raw_s, [0.5])
        assert decision.held is (decision.observed < 0.5)


def test_neighbours_on_both_sides_are_decided_if_their_buckets_allow() -> None:
    raw_s = [0.1, 0.9]
    assert decide(limit_on("med", "<", 600.0), raw_s, [0.6]).held is True
    assert decide(limit_on("med", "<", 400.0), raw_s, [0.4]).held is False
    near = decide(limit_on("med", "==", 500.0), [0.1, 0.3, 0.7, 0.9], [0.5])
    assert (near.held, near.reason.split(":")[0]) == (None, "resolution")


@pytest.mark.parametrize(
    ("expression", "values", "bounds", "held"),
    [
        pytest.param("p(95)<500", 960, [0.1] * 40, True, id="the quantile lies below them"),
        pytest.param("p(95)<500", 900, [0.1] * 100, None, id="among them, bounds under the limit"),
        pytest.param("p(95)<500", 900, [2.0] * 100, False, id="among them, bounds over the limit"),
        pytest.param("p(95)>500", 900, [2.0] * 100, True, id="at least 2 s is more than 500 ms"),
        pytest.param("p(95)>500", 900, [0.1] * 100, None, id="may be more than 500 ms"),
        pytest.param("max<500", 999, [0.1], None, id="maximum may be any"),
        pytest.param("max<500", 999, [2.0], False, id="maximum is at least 2 s"),
        pytest.param("min>50", 999, [2.0], True, id="minimum is one of the complete ones"),
        pytest.param("min>50", 999, [0.01], None, id="minimum may be censored"),
        pytest.param("avg<500", 999, [0.1], None, id="average of what has no upper bound"),
        pytest.param("avg<500", 1, [2.0] * 999, False, id="average is at least 2 s"),
        pytest.param("p(95)<500", 0, [2.0] * 300, False, id="nothing ever completed"),
        pytest.param("p(95)<500", 0, [0.1] * 300, None, id="nothing completed, bounds are low"),
        pytest.param("p(95)==100", 900, [0.1] * 100, None, id="equal"),
        pytest.param("p(95)!=100", 900, [2.0] * 100, True, id="unequal either way"),
    ],
)
def test_censored_samples_are_taken_twice(
    expression: str, values: int, bounds: list[float], held: object
) -> None:
    threshold = parse_threshold("http_req_duration", expression)
    limits_s = [threshold.limit_s]
    trend = Trend(values=build([0.1] * values, limits_s), censored=build(bounds, limits_s))
    decision = decide_trend(threshold, trend)
    assert decision.held is held
    assert math.isfinite(decision.observed)
    if held is None:
        assert decision.reason.startswith(f"censored: {len(bounds)} of {values + len(bounds):,} ")


def test_a_value_among_censored_samples_is_a_lower_bound() -> None:
    threshold = parse_threshold("http_req_duration", "p(95)<500")
    below = Trend(values=build([0.1] * 990), censored=build([30.0] * 10))
    among = Trend(values=build([0.1] * 900), censored=build([30.0] * 100))
    assert decide_trend(threshold, below).at_least is False
    decision = decide_trend(threshold, among)
    assert decision.at_least is True
    assert decision.observed == pytest.approx(30.0, rel=1 / 256)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(milliseconds, min_size=2, max_size=25),
    st.integers(1, 10),
    milliseconds,
    st.sampled_from(AGGREGATIONS),
    st.sampled_from(["<", "<="]),
)
def test_a_sample_that_never_completed_turns_nothing_into_a_pass(
    raw_ms: list[float], cut: int, limit_ms: float, aggregation: str, sign: str
) -> None:
    threshold = limit_on(aggregation, sign, limit_ms)
    raw_s = [value / 1e3 for value in raw_ms]
    limits_s = [threshold.limit_s]
    complete = decide(threshold, raw_s, limits_s)
    # the same samples, the last few known only to be at least 0 or half as long
    kept, lost = raw_s[:-cut], raw_s[-cut:]
    for share in (0.0, 0.5):
        censored = build([value * share for value in lost], limits_s)
        trend = Trend(values=build(kept, limits_s), censored=censored)
        if complete.held is not True:
            assert decide_trend(threshold, trend).held is not True


@pytest.mark.parametrize("sign", OPERATORS)
def test_not_a_number_meets_no_limit_and_breaks_none(sign: str) -> None:
    assert compare(sign, Bounds(math.nan, math.nan), 1.0) is None


@settings(max_examples=200, deadline=None)
@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(-10, 10), st.sampled_from(OPERATORS))
def test_bounds_decide_only_what_both_ends_and_the_middle_agree_on(
    one: float, two: float, limit: float, sign: str
) -> None:
    least, greatest = min(one, two), max(one, two)
    answer = compare(sign, Bounds(least, greatest), limit)
    inside = [least, greatest] + ([limit] if least <= limit <= greatest else [])
    answers = {HOLDS[sign](Fraction(value), Fraction(limit)) for value in inside}
    assert answer is (answers.pop() if len(answers) == 1 else None)
