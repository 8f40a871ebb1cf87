"""What the validity rules say of a run that is still going on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perf_analysis.validity.rules import check_validity
from perf_analysis.verdict import Outcome

if TYPE_CHECKING:
    from perf_analysis.facts import Accounts, RunFacts
    from perf_analysis.series import Measured
    from perf_analysis.verdict import Check

# V1, V3 and V7 speak of an end that has not come; V2 of what the run's own thresholds gate.
_OF_THE_END = frozenset({"V1", "V2", "V3", "V7"})


def broken_so_far(facts: RunFacts, measured: Measured) -> Check | None:
    """First rule that is broken by now, whatever comes; None where none is.

    Requests that have not ended count as V4 counts what is abandoned: nobody knows how they end.
    """
    now = replace(facts, accounts=_stopped_now(facts.accounts))
    checks = check_validity(now, measured, ())
    broken = (one for one in checks if one.outcome is Outcome.BROKEN)
    return next((one for one in broken if one.rule not in _OF_THE_END), None)


def _stopped_now(accounts: Accounts) -> Accounts:
    """Accounts as if the run were stopped, and everything in flight abandoned."""
    return replace(
        accounts,
        abandoned=accounts.started - accounts.finished - accounts.failed,
        requests_abandoned=accounts.requests_started - accounts.requests_ended,
    )
