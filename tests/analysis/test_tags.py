"""Requests selected by tags that a profile declares."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_analysis.grammar import parse_threshold
from perf_analysis.series import ScenarioCell
from perf_analysis.tags import Tags, fits
from perf_analysis.thresholds import evaluate
from perf_analysis.timings import CheckKey, Tally
from perf_analysis.verdict import Verdict

if TYPE_CHECKING:
    from tests.analysis.conftest import Make

    from perf_analysis.series import Measured
    from perf_analysis.verdict import ThresholdResult

TAGS = Tags(
    {"team": "payments"},
    {
        "critical": {"true": ("GET /health", "/api/*")},
        "kind": {"read": ("GET *",), "write": ("POST *",)},
        "gone": {"true": ("GET /nothing",)},
    },
)


def measured(make: Make, dropped: int = 0) -> Measured:
    cells = {"GET /health": 0.01, "GET /api/v1": 0.1, "POST /api/v1": 0.5, "GET /other": 2.0}
    rows = [
        make.row(make.cell([value] * 250), key=make.key(label)) for label, value in cells.items()
    ]
    cell = ScenarioCell(planned=1000 + dropped, started=1000, finished=1000, dropped=dropped)
    return make.measured(*rows, scenario_cell=cell)


def judged(subject: str, expression: str, run: Measured) -> ThresholdResult:
    return evaluate(parse_threshold(subject, expression, declared=TAGS), run)


@pytest.mark.parametrize(
    ("subject", "count"),
    [
        ("http_reqs{critical:true}", 750),
        ("http_reqs{kind:read}", 750),
        ("http_reqs{kind:write}", 250),
        ("http_reqs{kind:read,critical:true}", 500),
        ("http_reqs{team:payments}", 1000),
        ("http_reqs{team:payments,critical:true,name:/health}", 250),
        ("iterations{team:payments}", 1000),
    ],
)
def test_a_declared_tag_selects_the_names_that_fit(make: Make, subject: str, count: int) -> None:
    result = judged(subject, "count>0", measured(make))
    assert (result.observed, result.verdict) == (count, Verdict.PASS)


def test_the_slow_outside_of_a_tag_are_not_in_it(make: Make) -> None:
    assert (
        judged("http_req_duration{kind:write}", "max<=500", measured(make)).verdict is Verdict.PASS
    )
    assert (
        judged("http_req_duration{kind:read}", "max<=500", measured(make)).verdict is Verdict.FAIL
    )


def test_dropped_arrivals_are_shared_out_by_name(make: Make) -> None:
    result = judged("http_req_failed{kind:write}", "rate<0.5", measured(make, dropped=100))
    assert (result.n, result.observed) == (275, 25 / 275)


def test_a_tag_that_no_request_carries_is_undecided(make: Make) -> None:
    result = judged("http_req_duration{gone:true}", "p(95)<500", measured(make))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "no request in the phase sustained fits GET /nothing; seen: GET /health" in result.reason


def test_own_checks_carry_the_tags_of_the_run_and_of_no_name(make: Make) -> None:
    checks = {CheckKey("candidate", "web", "x"): {"sustained": Tally(300, 300)}}
    run = replace(measured(make), checks=checks)
    assert judged("checks{team:payments}", "rate>=1", run).n == 300
    assert judged("checks{check:x,team:payments}", "rate>=1", run).n == 300
    assert judged("checks{kind:read}", "rate>=1", run).verdict is Verdict.INCONCLUSIVE


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
def test_a_star_stands_for_anything(pattern: str, text: str) -> None:
    expected = ".*".join(map(re.escape, pattern.split("*")))
    assert fits(pattern, text) == bool(re.fullmatch(expected, text))
