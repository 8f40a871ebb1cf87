"""Validity of a run that is going on: only what cannot mend itself any more, and what is open."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fakes.runs import make_run
from perf_analysis.facts import EndState, RunFacts
from perf_analysis.validity import broken_so_far

RUN = make_run(1)
FACTS = replace(RUN.facts(), state=EndState.INCOMPLETE, reached_s=5.0, processes_final=0)


def broken(**accounts: int) -> str:
    """Rule that is broken with other accounts; empty for none."""
    facts: RunFacts = replace(FACTS, accounts=replace(FACTS.accounts, **accounts))  # type: ignore[arg-type]  # by name
    found = broken_so_far(facts, RUN.measured)
    return found.rule if found else ""


def test_an_end_that_has_not_come_is_no_fault() -> None:
    assert broken() == ""


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"cpu_p95_ratio": 0.99}, "V6"),
        ({"wall_step_s": 3.0}, "V8"),
        ({"exceptions": {"TypeError in a.py:1": 4}}, "V9"),
    ],
)
def test_what_cannot_mend_itself_is(changes: dict[str, object], rule: str) -> None:
    found = broken_so_far(replace(FACTS, **changes), RUN.measured)  # type: ignore[arg-type]  # by name
    assert found is not None
    assert found.rule == rule


def test_requests_that_have_not_ended_count_as_abandoned() -> None:
    started = FACTS.accounts.requests_started
    assert broken(requests_ended=started - int(0.005 * started)) == ""
    assert broken(requests_ended=started - int(0.02 * started)) == "V4"


def test_a_load_that_is_not_offered_so_far_proves_nothing() -> None:
    assert broken(planned=FACTS.accounts.planned * 2) == "V5"
