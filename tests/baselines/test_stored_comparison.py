"""What a document says of its comparison is believed as far as its own figures go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compared_cases import CASES, made, p95
from perf_analysis.compared import Comparison, RowVerdict
from perf_analysis.gating import nothing_compared
from perf_baselines.comparing import demands_of
from perf_baselines.stored_comparison import rejudged
from perf_documents.plan import Gate
from perf_documents.run import Run, TargetFacts
from situation_runs import situation_run
from situations import Situation

PASS, FAIL = RowVerdict.PASS, RowVerdict.FAIL
UNDECIDED, NOT_JUDGED = RowVerdict.INCONCLUSIVE, RowVerdict.NOT_JUDGED
OLD = TargetFacts(name="old", url="https://old.example", environment="old")


def run_of(stored: Comparison, *, required: bool = False) -> Run:
    run = situation_run(Situation())
    gate = Gate(
        comparison=stored.mode,
        must_detect={"p95": 0.5, "error_rate": 0.02},
        baseline="required" if required else "optional",
    )
    control = OLD if stored.source == "control" else None
    plan = replace(run.plan, gate=gate, regression={"p95": 0.1, "error_rate": 0.005})
    return replace(run, plan=plan, control=control)


@pytest.mark.parametrize("name", CASES)
def test_an_honest_comparison_stays_as_it_is(name: str) -> None:
    stored = CASES[name]
    found = rejudged(run_of(stored), stored)
    if stored.source == "control":  # that of the cases counts its rounds in another way
        found = replace(found, sentence=found.sentence.replace(" in 5 rounds", ""))
        assert found.mode == "proof"
    assert found == stored


LIES = {
    "a metric that the plan does not compare": p95("", 0.01, metric="p99"),
    "a failing row called a pass": p95("", 0.4, verdict=PASS, p_adjusted=0.0001),
    "an effect beyond the margin called a pass": p95("", 0.4, verdict=PASS),
    "a row without figures called a pass": p95("", None, verdict=PASS, p_adjusted=None),
    "a wide margin of its own": p95("", 0.4, verdict=PASS, margin=9.0, tolerance=9.0),
}


@pytest.mark.parametrize("lie", LIES)
def test_no_row_passes_against_its_own_figures(lie: str) -> None:
    row = LIES[lie]
    stored = replace(made(p95("GET /x"), row), verdict=PASS, sentence="all is well")
    found = rejudged(run_of(stored), stored)
    assert found.verdict is (FAIL if row.p_adjusted == 0.0001 else UNDECIDED)
    assert "all is well" not in found.sentence


@pytest.mark.parametrize("said", list(RowVerdict))
def test_a_verdict_is_drawn_from_the_rows(said: RowVerdict) -> None:
    stored = replace(CASES["regressed"], verdict=said, sentence="all is well", mode="advisory")
    run = run_of(CASES["regressed"])
    found = rejudged(run, stored)
    assert found.verdict is FAIL
    assert found.mode == "regression"
    assert found.sentence == CASES["regressed"].sentence


def test_an_undecided_row_beyond_alpha_is_a_regression() -> None:
    stored = made(p95("", 0.4, verdict=UNDECIDED, p_adjusted=0.001))
    assert rejudged(run_of(stored), stored).verdict is FAIL


def test_what_may_go_unseen_is_the_plan_s_to_say() -> None:
    row = p95("", 0.09, verdict=UNDECIDED, detectable=0.83, must_detect=9.0)
    stored = replace(made(row), verdict=PASS)
    assert rejudged(run_of(stored), stored).verdict is UNDECIDED


def test_a_look_before_the_last_stays_not_judged() -> None:
    stored = replace(CASES["undetected"], verdict=NOT_JUDGED, sentence="no regression, surely")
    found = rejudged(run_of(stored), stored)
    assert found.verdict is NOT_JUDGED
    assert found.sentence == f"not judged yet: {CASES['undetected'].sentence}"


def test_without_rows_nothing_was_compared() -> None:
    stored = Comparison(verdict=PASS, sentence="no regression against 5 baselines")
    found = rejudged(run_of(stored), stored)
    assert (found.verdict, found.sentence) == (NOT_JUDGED, f"not judged: {stored.sentence}")
    run = run_of(stored, required=True)
    honest = nothing_compared(demands_of(run.plan), "no baseline of x", "accept one")
    assert rejudged(run, stored).verdict is UNDECIDED
    assert rejudged(run, honest) == honest
