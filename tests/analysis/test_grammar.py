"""Expressions: what must parse, what must be refused, where, and with which hint."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_analysis.grammar import (
    METRICS,
    OPEN_ONLY,
    OWN_CLIENT,
    GrammarError,
    parse_threshold,
)
from perf_analysis.verdict import MetricKind, Threshold

DURATION = "http_req_duration"
FAILED = "http_req_failed"


@pytest.mark.parametrize(
    ("subject", "expression", "canonical", "q", "limit"),
    [
        pytest.param(DURATION, "p(95)<500", "p(95)<500", 0.95, 500.0, id="plain"),
        pytest.param(DURATION, "p(99.9) < 1500", "p(99.9)<1500", 0.999, 1500.0, id="fraction"),
        pytest.param(FAILED, "rate<0.01", "rate<0.01", None, 0.01, id="rate"),
        pytest.param("http_reqs", "count>=1000", "count>=1000", None, 1000.0, id="count"),
        pytest.param("http_reqs", "rate>95", "rate>95", None, 95.0, id="rate of a counter"),
        pytest.param(DURATION, "med<200", "med<200", 0.5, 200.0, id="median"),
        pytest.param(DURATION, "p(95.0)<5e2", "p(95)<500", 0.95, 500.0, id="exponent"),
        pytest.param(DURATION, "p(95)<=200", "p(95)<=200", 0.95, 200.0, id="H03 or equal"),
        pytest.param(DURATION, "p(95)  <  200", "p(95)<200", 0.95, 200.0, id="H03 blanks"),
        pytest.param(DURATION, "p(95.0)<2e2", "p(95)<200", 0.95, 200.0, id="H03 decimals"),
        pytest.param(DURATION, " \tp(95)<200\n", "p(95)<200", 0.95, 200.0, id="outer blanks"),
        pytest.param(DURATION, "p(95)==200", "p(95)==200", 0.95, 200.0, id="H04 equal"),
        pytest.param(DURATION, "p(95)===200", "p(95)==200", 0.95, 200.0, id="H04 k6's equal"),
        pytest.param(DURATION, "p(95)!=200", "p(95)!=200", 0.95, 200.0, id="H04 unequal"),
        pytest.param(DURATION, "p(0)>1", "p(0)>1", 0.0, 1.0, id="H05 least"),
        pytest.param(DURATION, "p(100)<1", "p(100)<1", 1.0, 1.0, id="H05 most"),
        pytest.param(DURATION, "p(99.999999)<1", "p(99.999999)<1", 0.99999999, 1.0, id="H06"),
        pytest.param(DURATION, "avg<+1.5", "avg<1.5", None, 1.5, id="sign"),
        pytest.param(DURATION, "min<.5", "min<0.5", None, 0.5, id="no leading digit"),
        pytest.param(DURATION, "max<5.", "max<5", None, 5.0, id="no decimals"),
        pytest.param(DURATION, "max>=0", "max>=0", None, 0.0, id="k6's way to show a submetric"),
        pytest.param("dropped_iterations", "count==0", "count==0", None, 0.0, id="none"),
        pytest.param("dropped_iterations", "count<=-0", "count<=0", None, 0.0, id="minus zero"),
        pytest.param("vus", "value<=50", "value<=50", None, 50.0, id="gauge"),
    ],
)
def test_what_k6_takes_is_taken(
    subject: str, expression: str, canonical: str, q: float | None, limit: float
) -> None:
    threshold = parse_threshold(subject, expression)
    assert (threshold.expression, threshold.q, threshold.limit) == (canonical, q, limit)
    assert parse_threshold(subject, threshold.expression) == threshold


@pytest.mark.parametrize(
    ("subject", "expression", "column", "hint"),
    [
        pytest.param(DURATION, "p(95)<", 6, "a finite decimal number", id="H01 no number"),
        pytest.param(DURATION, "<200", 0, "use count, rate", id="H01 no aggregation"),
        pytest.param(DURATION, "p(95) 200", 6, "one of < <= > >= == !=", id="H01 no operator"),
        pytest.param(DURATION, "p(95)", 5, "one of", id="aggregation alone"),
        pytest.param(DURATION, "", 0, "p(95)<500", id="H01 empty"),
        pytest.param(DURATION, "  \t ", 0, "p(95)<500", id="H01 blanks"),
        pytest.param(DURATION, "p(95)<500ms", 9, "write 500", id="H02 milliseconds"),
        pytest.param(DURATION, "p(95)<1.5 s", 10, "write 1500", id="H02 seconds"),
        pytest.param(FAILED, "rate<1%", 6, "write 0.01", id="H02 per cent"),
        pytest.param(DURATION, "p(95)=<5", 5, "did you mean p(95)<=5", id="H04 =<"),
        pytest.param(DURATION, "p(95)=500", 5, "did you mean p(95)==500", id="H04 ="),
        pytest.param(DURATION, "p(95)<>5", 5, "did you mean p(95)!=5", id="H04 <>"),
        pytest.param(DURATION, "p(95)≤5", 5, "did you mean p(95)<=5", id="H04 ≤"),
        pytest.param(DURATION, "p(101)<1", 2, "", id="H05 beyond 100"),
        pytest.param(DURATION, "p(-5)<1", 2, "", id="H05 negative"),
        pytest.param(DURATION, "p(9.9.9)<1", 2, "use count", id="H05 two points"),
        pytest.param(DURATION, "p()<1", 2, "use count", id="H05 no N"),
        pytest.param(DURATION, "p<1", 0, "use count", id="H05 p alone"),
        pytest.param(DURATION, "p(NaN)<1", 2, "use count", id="NaN as N"),
        pytest.param(DURATION, "p(95)<NaN", 6, "finite", id="H07 NaN"),
        pytest.param(DURATION, "p(95)<Inf", 6, "finite", id="H07 Inf"),
        pytest.param(DURATION, "p(95)<1e999", 6, "", id="H07 overflow"),
        pytest.param(DURATION, "p(95)<-1", 0, "", id="H07 negative"),
        pytest.param(DURATION, "p(95)<0", 0, "write p(95)<=0", id="H07 zero"),
        pytest.param(DURATION, "p(95)>=-1", 0, "", id="met by everything"),
        pytest.param(DURATION, "p(95)<1_000", 7, "write 1000", id="H08 underscore"),
        pytest.param(DURATION, "p(95)<\uff11\uff10\uff10", 6, "decimal", id="H08 wide digits"),
        pytest.param(DURATION, "p(95)<0x10", 7, "decimal", id="H08 hexadecimal"),
        pytest.param(DURATION, "p(95)<200; import os", 9, "one condition", id="H09 statement"),
        pytest.param(DURATION, "__import__('os').system('id')", 0, "use count", id="H09 call"),
        pytest.param(DURATION, "p(95)<500 && rate<0.1", 10, "one condition", id="H10 &&"),
        pytest.param(DURATION, "p(95)<5 and p(99)<9", 8, "one condition", id="H10 and"),
        pytest.param(DURATION, "p(95)<5 or p(99)<9", 8, "one condition", id="H10 or"),
        pytest.param(DURATION, "(p(95)<5)", 0, "one condition", id="H10 parentheses"),
        pytest.param(DURATION, "p95<500", 0, "did you mean p(95)<500", id="H11 p95"),
        pytest.param(DURATION, "P(95)<500", 0, "did you mean p(95)<500", id="H11 capital"),
        pytest.param(DURATION, "p( 95 )<500", 2, "did you mean p(95)<500", id="H11 blanks"),
        pytest.param(DURATION, "P 95 < 5", 0, "did you mean p(95)<5", id="H11 blank"),
        pytest.param(DURATION, "95p<5", 0, "did you mean p(95)<5", id="H11 behind"),
        pytest.param(DURATION, "percentile(95)<5", 0, "did you mean p(95)<5", id="H11 long"),
        pytest.param(DURATION, "p(95<5", 0, "did you mean p(95)<5", id="unclosed"),
        pytest.param(DURATION, "median<5", 0, "did you mean med<5", id="synonym"),
        pytest.param(FAILED, "avg<200", 0, "use rate", id="H12 trend on rate"),
        pytest.param("http_reqs", "p(95)<5", 0, "use count, rate", id="H12 trend on counter"),
        pytest.param(DURATION, "rate<0.1", 0, "use avg, min", id="H12 rate on trend"),
        pytest.param("vus", "count<5", 0, "use value", id="H12 count on gauge"),
        pytest.param(FAILED, "rate<0", 0, "write rate<=0", id="H13"),
        pytest.param(FAILED, "rate<5", 0, "write rate<0.05", id="a share above 1"),
        pytest.param(FAILED, "rate<500", 0, "5 % is 0.05", id="a share above 100"),
        pytest.param("checks", "rate>1", 0, "write rate>=1", id="more than all"),
        pytest.param(DURATION, "avg<200 // x", 8, "end it after 200", id="comment"),
        pytest.param(DURATION, "p(95)<5" + "0" * 600, 500, "", id="H19 too long"),
        pytest.param(DURATION, "x" * 2**20, 500, "", id="H19 1 MiB"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(
    subject: str, expression: str, column: int, hint: str
) -> None:
    with pytest.raises(GrammarError) as caught:
        parse_threshold(subject, expression)
    assert caught.value.column == column
    assert hint in caught.value.hint
    assert str(caught.value)


def test_a_mistake_in_the_subject_has_no_column() -> None:
    with pytest.raises(GrammarError) as caught:
        parse_threshold("http_req_duratoin", "p(95)<500")
    assert (caught.value.column, caught.value.hint) == (None, "did you mean http_req_duration")


@pytest.mark.parametrize(
    ("abort", "delay_s", "taken"),
    [
        pytest.param(True, 0.0, True, id="H20 abort alone"),
        pytest.param(True, 30.0, True, id="both"),
        pytest.param(False, 30.0, False, id="H20 delay alone"),
        pytest.param(True, -1.0, False, id="negative"),
        pytest.param(True, math.nan, False, id="NaN"),
        pytest.param(True, math.inf, False, id="infinite"),
    ],
)
def test_a_delay_needs_an_abort(*, abort: bool, delay_s: float, taken: bool) -> None:
    def parse() -> Threshold:
        return parse_threshold(DURATION, "p(95)<5", abort_on_fail=abort, delay_abort_eval_s=delay_s)

    if taken:
        assert parse().delay_abort_eval_s == delay_s
    else:
        with pytest.raises(GrammarError, match="delayAbortEval"):
            parse()


def test_every_metric_has_a_kind_and_only_arrivals_need_an_open_executor() -> None:
    assert METRICS["http_req_latency"] is MetricKind.TREND
    assert METRICS["checks"] is METRICS["http_req_failed"] is MetricKind.RATE
    assert set(METRICS) > OPEN_ONLY
    assert set(METRICS) > OWN_CLIENT


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_parses_or_is_refused_within_it(text: str) -> None:
    refused: GrammarError | None = None
    try:
        assert math.isfinite(parse_threshold(DURATION, text).limit)
    except GrammarError as error:
        refused = error
    if refused is not None:
        assert 0 <= (-1 if refused.column is None else refused.column) <= len(text)
        assert (str(refused) + refused.hint).isprintable()


@settings(max_examples=200, deadline=None)
@given(
    st.floats(min_value=0.0, max_value=100.0),
    st.sampled_from(["<=", ">", ">=", "==", "!="]),
    st.floats(min_value=0.0, max_value=1e12),
)
def test_the_canonical_form_reads_back_as_itself(
    percent: float, operator: str, limit: float
) -> None:
    threshold = parse_threshold(DURATION, f"p({percent!r}) {operator} {limit!r}")
    assert threshold.limit == limit
    assert parse_threshold(DURATION, threshold.expression) == threshold


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("p(" + " " * 490, id="blanks"),
        pytest.param("p" * 500, id="letters"),
        pytest.param("p(95)<" + "1" * 490 + "x", id="digits"),
        pytest.param("9" * 490 + "p", id="digits before"),
    ],
)
def test_the_longest_expressions_are_refused(expression: str) -> None:
    # a pattern that backtracks would not end
    with pytest.raises(GrammarError):
        parse_threshold(DURATION, expression)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        pytest.param("limit", math.nan, "finite", id="NaN"),
        pytest.param("limit", math.inf, "finite", id="infinite"),
        pytest.param("operator", "=", "operator", id="operator"),
        pytest.param("q", None, "quantile", id="p without a quantile"),
        pytest.param("q", 1.5, "quantile", id="quantile beyond 1"),
        pytest.param("aggregation", "avg", "quantile", id="quantile of an average"),
    ],
)
def test_an_impossible_threshold_cannot_be_made(field: str, value: object, message: str) -> None:
    fields: dict[str, object] = {
        "metric": DURATION,
        "aggregation": "p",
        "q": 0.95,
        "operator": "<",
        "limit": 500.0,
        "expression": "p(95)<500",
        field: value,
    }
    with pytest.raises(ValueError, match=message):
        Threshold(**fields)  # type: ignore[arg-type]  # wrong on purpose
