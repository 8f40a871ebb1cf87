"""Rules on the schedule: V1 it was completed, V5 its load was offered, V8 the clock was steady."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.facts import EndState
from perf_analysis.validity.evidence import EARLY_ENDS, Evidence, Finding
from perf_analysis.wording import number, seconds, share

if TYPE_CHECKING:
    from perf_analysis.facts import RunFacts

OFFERED_RATIO = 0.99
WALL_STEP_S = 0.5
# Two readings of one end; a schedule that was not completed lacks far more.
_ROUNDING_S = 1e-6


def completed(evidence: Evidence) -> Finding:
    """V1: the schedule was completed on the monotonic clock, or ended by perfproof itself."""
    facts = evidence.facts
    reached = abs(facts.reached_s - facts.schedule_s) <= _ROUNDING_S
    if facts.state in EARLY_ENDS:
        reached = 0.0 <= facts.reached_s <= facts.schedule_s + _ROUNDING_S
    detail = f": {facts.end_detail}" if facts.end_detail else ""
    return Finding(
        held=facts.state.counts_as_completed and reached,
        figure=f"{facts.state} at {seconds(facts.reached_s)} of {seconds(facts.schedule_s)}"
        f"{detail}",
        limit="the whole schedule, or an early end by perfproof itself",
        advice="run it again to its end"
        if facts.state is EndState.INTERRUPTED
        else "read the log of the load process, then run it again",
    )


def offered(evidence: Evidence) -> Finding:
    """V5: the planned load was offered; a dropped arrival was, only the target had no room.

    Notes
    -----
    Open: started + dropped >= 99 % of the planned arrivals. Closed: the area under the actual
    number of virtual users >= 99 % of the planned one, in VU-seconds. Nothing planned is no proof.
    """
    facts = evidence.facts
    if facts.open_model:
        accounts = facts.accounts
        planned, actual = float(accounts.planned), float(accounts.started + accounts.dropped)
        figure = f"offered {actual:,.0f} of {planned:,.0f} arrivals"
    else:
        planned, actual = facts.vu_seconds_planned, facts.vu_seconds
        figure = f"offered {number(actual)} of {number(planned)} VU-seconds"
    return Finding(
        held=planned > 0.0 and actual >= OFFERED_RATIO * planned,
        figure=figure,
        limit=f"at least {share(OFFERED_RATIO)}",
        advice=_not_offered(facts),
    )


def _not_offered(facts: RunFacts) -> str:
    if facts.accounts.unsent:
        return f"{facts.accounts.unsent:,} arrivals were never sent: see V1, V6 and V7 for why"
    return "use a smaller load or more generator processes"


def steady_clock(evidence: Evidence) -> Finding:
    """V8: the wall clock did not step against the monotonic one."""
    step_s = evidence.facts.wall_step_s
    return Finding(
        held=step_s is not None and abs(step_s) <= WALL_STEP_S,
        figure="no figure" if step_s is None else f"largest step {seconds(abs(step_s))}",
        limit=f"at most {seconds(WALL_STEP_S)}",
        advice="let the clock be slewed, not stepped, and keep the machine from suspending",
    )
