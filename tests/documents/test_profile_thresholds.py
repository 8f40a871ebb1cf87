"""Rows H01 to H20 of the bad-input catalogue: what stands in `thresholds`."""

from __future__ import annotations

from itertools import pairwise

import pytest

from profile_texts import CONSTANT, problems_of, read, with_thresholds

FAILED = "http_req_failed"
REFUSED = [
    ("H01-no-limit", "'p(95)<'", "p(95)<\n          ^"),
    ("H01-no-aggregation", "'<200'", "<200\n    ^"),
    ("H01-no-operator", "'p(95) 200'", "p(95) 200\n          ^"),
    ("H01-empty", "''", "the expression is empty"),
    ("H01-blanks", "'   '", "the expression is empty"),
    ("H01-nothing", "", "a value is missing"),
    ("H02-unit", "'p(95)<500ms'", "write 500"),
    ("H04-equal-less", "'p(95)=<5'", "did you mean p(95)<=5"),
    ("H04-equal", "'p(95)=5'", "did you mean p(95)==5"),
    ("H04-angles", "'p(95)<>5'", "did you mean p(95)!=5"),
    ("H04-sign", "'p(95)\u22645'", '"\\u2264" is not an operator'),
    ("H05-101", "'p(101)<5'", "N lies between 0 and 100"),
    ("H05-negative", "'p(-5)<5'", "N lies between 0 and 100"),
    ("H05-dots", "'p(9.9.9)<5'", '"9.9.9" is not a number'),
    ("H05-nothing", "'p()<5'", "is not a number"),
    ("H05-bare", "'p<5'", "a percentile is written p(N)"),
    ("H07-nan", "'p(95)<NaN'", '"NaN" is not a number'),
    ("H07-inf", "'p(95)<Inf'", '"Inf" is not a number'),
    ("H07-huge", "'p(95)<1e999'", "a limit is finite"),
    ("H07-negative", "'p(95)<-1'", "a limit nothing can meet"),
    ("H07-zero", "'p(95)<0'", "a limit nothing can meet"),
    ("H08-underscore", "'p(95)<1_000'", "write 1000"),
    ("H08-wide", "'p(95)<\uff11\uff10\uff10'", "is not a number"),
    ("H08-hex", "'p(95)<0x10'", "after the number"),
    ("H09-import", "'p(95)<200; import os'", "after the number"),
    ("H09-call", '"__import__(\'os\').system(\'id\')"', "begins with an aggregation"),
    ("H10-and", "'p(95)<200 && p(99)<400'", "one condition per list item"),
    ("H10-word", "'p(95)<200 or p(99)<400'", "one condition per list item"),
    ("H10-parentheses", "'(p(95)<200)'", "one condition per list item"),
    ("H11-p95", "'p95<5'", "did you mean p(95)<5"),
    ("H11-upper", "'P(95)<5'", "did you mean p(95)<5"),
    ("H11-blanks", "'p( 95 )<5'", "did you mean p(95)<5"),
    ("H11-spaced", "'P 95<5'", "did you mean p(95)<5"),
    ("H11-turned", "'95p<5'", "did you mean p(95)<5"),
    ("H11-long", "'percentile(95)<5'", "did you mean p(95)<5"),
    ("H12-trend", "'rate<0.1'", "http_req_duration is a trend and has no rate"),
    ("H19-long", "'p(95)<" + "1" * 500 + "'", "at most 500 characters"),
    ("H19-megabyte", "'" + "p" * 900_000 + "'", "at most 500 characters"),
    ("H20-reverse", "{threshold: p(95)<5, delayAbortEval: 5s}", "without abortOnFail"),
    ("H20-false", "{threshold: p(95)<5, abortOnFail: false, delayAbortEval: 5s}",
     "without abortOnFail"),
    ("object-key", "{threshold: p(95)<5, abortOnFial: true}", 'did you mean "abortOnFail"'),
    ("object-empty", "{abortOnFail: true}", "a required key is missing; expected threshold"),
    ("object-twice", "{threshold: p(95)<5, abortOnFail: true, abort_on_fail: true}",
     "the same key as abortOnFail"),
    ("number", "5", "which YAML reads as 5"),
]  # fmt: skip
SUBJECTS = [
    ("H02-percent", FAILED, "'rate<1%'", "write 0.01"),
    ("H12-rate", FAILED, "'avg<200'", "is a rate and has no avg"),
    ("H12-counter", "http_reqs", "'p(95)<5'", "is a counter and has no p(95)"),
    ("H13", FAILED, "'rate<0'", "write rate<=0"),
    ("H14-open", "http_req_duration{name:GET /x", "'p(95)<5'", "braces of the selector"),
    ("H14-tag", "http_req_duration{nmae:GET /x}", "'p(95)<5'", "known: name, method"),
    ("H14-refused-tag", "http_req_duration{url:/x}", "'p(95)<5'", "cannot be selected by"),
    ("H14-long", "http_req_duration{name:" + "x" * 600 + "}", "'p(95)<5'",
     "expected at most 500 characters"),
    ("H14-10-kB", "http_req_duration{name:" + "x" * 10_000 + "}", "'p(95)<5'", "not YAML"),
    ("unknown", "http_req_durations", "'p(95)<5'", "did you mean http_req_duration"),
]  # fmt: skip


@pytest.mark.parametrize(("item", "said"), [pytest.param(*c[1:], id=c[0]) for c in REFUSED])
def test_refused_with_its_place(item: str, said: str) -> None:
    found = problems_of(with_thresholds(item))
    assert any(said in problem for problem in found), found
    assert found[0].startswith("p.yaml:8:")


@pytest.mark.parametrize(
    ("subject", "item", "said"), [pytest.param(*c[1:], id=c[0]) for c in SUBJECTS]
)
def test_refused_for_its_metric(subject: str, item: str, said: str) -> None:
    (problem,) = problems_of(with_thresholds(item, subject=subject))
    assert said in problem
    assert len(problem) < 600


def test_a_mistake_has_its_column() -> None:
    (problem,) = problems_of(with_thresholds("'p(95)<5x'"))
    assert problem.startswith("p.yaml:8:15:")
    (problem,) = problems_of(with_thresholds("p(95)<5x"))
    assert problem.startswith("p.yaml:8:14:")


@pytest.mark.parametrize(
    ("item", "expression"),
    [
        pytest.param("p(95)<=200", "p(95)<=200", id="H03"),
        pytest.param("'p(95)  <  200'", "p(95)<200", id="H03-blanks"),
        pytest.param("p(95.0)<2e2", "p(95)<200", id="H03-exponent"),
        pytest.param("p(95)==5", "p(95)==5", id="H04"),
        pytest.param("p(95)===5", "p(95)==5", id="H04-javascript"),
        pytest.param("p(95)!=5", "p(95)!=5", id="H04-not"),
        pytest.param("p(0)<5", "p(0)<5", id="H05-least"),
        pytest.param("p(100)<5", "p(100)<5", id="H05-most"),
    ],
)
def test_one_canonical_form(item: str, expression: str) -> None:
    assert read(with_thresholds(item)).thresholds[0].expression == expression


def test_selectors_compare_text_and_nothing_else() -> None:
    for name in ("=~(a+)+$", "it''s \U0001f600", '"quoted"'):
        plan = read(with_thresholds("p(95)<5", subject=f"http_req_duration{{name:{name}}}"))
        assert plan.thresholds[0].selector["name"] == name.strip('"').replace("''", "'")


def test_h06_a_quantile_that_needs_a_longer_run_is_noted() -> None:
    _, note = read(with_thresholds("p(99.9)<5", "p(99.999)<5")).notes
    assert note == (
        "http_req_duration p(99.999)<5 needs 1000000 samples, and the plan starts 30000 iterations "
        "in phase sustained: inconclusive by V2"
    )


def test_h16_a_threshold_twice_counts_once() -> None:
    plan = read(with_thresholds("p(95)<500", "'p(95) < 5e2'"))
    assert [t.expression for t in plan.thresholds] == ["p(95)<500", "rate<0.01"]
    assert "http_req_duration p(95)<500 stands twice: counted once" in plan.notes


@pytest.mark.parametrize(
    "item",
    [
        "{threshold: p(95)<500, abortOnFail: true}",
        "{threshold: p(95)<500, abortOnFail: true, delayAbortEval: 5s}",
    ],
)
def test_h16_twice_with_different_abort_is_refused(item: str) -> None:
    (problem,) = problems_of(with_thresholds("p(95)<500", item))
    assert "given twice with different abortOnFail" in problem


def test_h18_two_hundred_thresholds_and_no_more() -> None:
    items = [f"p(95)<{n}" for n in range(1, 202)]
    assert problems_of(with_thresholds(*items[:200])) == []
    (problem,) = problems_of(with_thresholds(*items))
    assert "too many thresholds; expected at most 200; found 201" in problem


def test_h20_abort_without_delay_is_fine() -> None:
    plan = read(with_thresholds("{threshold: p(95)<5, abortOnFail: true}"))
    assert (plan.thresholds[0].abort_on_fail, plan.thresholds[0].delay_abort_eval_s) == (True, 0.0)


@pytest.mark.parametrize(
    ("pair", "noted"),
    [
        pytest.param(("p(95)<100", "p(95)>200"), True, id="Y51"),
        pytest.param(("p(95)>200", "p(95)<=100"), True, id="Y51-turned"),
        pytest.param(("p(95)<100", "p(95)>=100"), True, id="touching"),
        pytest.param(("p(95)<=100", "p(95)>=100"), False, id="one-value"),
        pytest.param(("p(95)<200", "p(95)>100"), False, id="band"),
        pytest.param(("p(95)<100", "p(99)>200"), False, id="two-quantiles"),
    ],
)
def test_limits_that_cannot_both_hold_are_noted(pair: tuple[str, str], *, noted: bool) -> None:
    notes = read(with_thresholds(*pair)).notes
    assert any("cannot both hold" in note for note in notes) is noted


def test_a_profile_that_gates_no_failures_is_given_a_limit() -> None:
    plan = read(CONSTANT)
    (added,) = plan.thresholds
    assert (added.subject, added.expression, added.is_default) == (FAILED, "rate<0.01", True)
    assert plan.notes == ("no threshold on http_req_failed: rate<0.01 was added",)


def test_a_profile_that_gates_failures_is_left_alone() -> None:
    plan = read(with_thresholds("rate<0.05", subject=FAILED))
    assert [t.is_default for t in plan.thresholds] == [False]
    assert plan.notes == ()


def test_thresholds_keep_the_order_of_the_file() -> None:
    limits = [t.limit for t in read(with_thresholds("p(95)<1", "p(99)<2", "avg<3")).thresholds[:3]]
    assert all(a < b for a, b in pairwise(limits))
