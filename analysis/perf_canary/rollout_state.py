"""Where a rollout begins, how it can end, and what it tells; all pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from perf_documents.canary_looks import Answer
from perf_documents.rollout_plan import ALL, NONE, show_percent

if TYPE_CHECKING:
    from fractions import Fraction

    from perf_canary.aborts import Abort
    from perf_documents.rollout_plan import RolloutPlan, Step


class End(StrEnum):
    """How a rollout ended."""

    PROMOTED = "promoted"
    BREACH = "breach"
    UNDECIDED = "undecided"
    ABORTED = "aborted"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


_CODES = {
    End.PROMOTED: 0,
    End.BREACH: 1,
    End.UNDECIDED: 3,
    End.ABORTED: 3,
    End.FAILED: 5,
}
INFRA = 5
_WHEN = "on a breach, an interruption, an abort, a failed command, or no answer in time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why the steps are over; `signal_code` is the exit code that a signal asks for."""

    end: End
    reason: str
    signal_code: int | None = None


def ending_of(abort: Abort) -> Ending:
    """Ending that an abort brings."""
    end = End.ABORTED if abort.code is None else End.INTERRUPTED
    return Ending(end=end, reason=abort.reason, signal_code=abort.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutResult:
    """What became of a rollout.

    Attributes
    ----------
    ending : Ending
    step : int or None
        The last one that was begun, from 1.
    percent : Fraction
        The weight it gave, in percent.
    undone : bool
        Whether the rollback worked; true where none was needed.
    rollback_failure : str
        Why it did not.
    by_hand : str
        Command line to run where it did not.
    lost : str
        What could not be kept of the audit log.
    """

    ending: Ending
    step: int | None
    percent: Fraction
    undone: bool = True
    rollback_failure: str = ""
    by_hand: str = ""
    lost: str = ""

    @property
    def answer(self) -> Answer:
        """PROMOTE or ROLLBACK; nothing stays half-way."""
        return Answer.PROMOTE if self.ending.end is End.PROMOTED else Answer.ROLLBACK

    @property
    def exit_code(self) -> int:
        """Exit code; a rollback that failed outweighs its cause: traffic may be on the canary."""
        if not self.undone:
            return INFRA
        if self.ending.signal_code is not None:
            return self.ending.signal_code
        code = _CODES[self.ending.end]
        return INFRA if self.lost and not code else code


def where_to_begin(steps: tuple[Step, ...], live: Fraction) -> int | None:
    """Index of the step that a live weight belongs to; None where it belongs to none.

    A rollout that was killed goes on from there: the step is shifted to and watched anew.
    """
    if live == NONE:
        return 0
    return next((at for at, step in enumerate(steps) if step.percent == live), None)


def outline(plan: RolloutPlan) -> list[str]:
    """Lines of what would be run, in order, and how long each step takes."""
    lines = [
        f"in {plan.folder.resolve()}, rules {plan.rules_path}, a look every {plan.every_s:g} s"
    ]
    if plan.status is not None:
        lines.append(f"begin    {shlex.join(plan.status.arguments(NONE))}: the live weight")
    longest_s = plan.rules.max_hold_s
    for number, step in enumerate(plan.steps, start=1):
        percent = show_percent(step.percent)
        lines.append(f"step {number}   {shlex.join(plan.shift.arguments(step.percent))}")
        if plan.status is not None:
            lines.append(
                f"         {shlex.join(plan.status.arguments(NONE))}: must print {percent}"
            )
        against = "rules alone: no control is left" if step.is_all else "rules"
        if plan.rules.evidence is not None and not step.is_all:
            against = "rules and evidence"
        lines.append(
            f"         watch {percent} % for {step.hold_s:g} s, at most {longest_s:g} s ({against})"
        )
    total_s = sum(step.hold_s for step in plan.steps)
    lines += [
        f"promote  {shlex.join(plan.promote.arguments(ALL))}",
        f"else     {shlex.join(plan.rollback.arguments(NONE))}: {_WHEN}",
        f"total    {total_s:g} s at the least, {longest_s * len(plan.steps):g} s at the most",
    ]
    return lines
