"""The commands of a plan carried out: tried a few times, each try written down before and after."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_canary.audit import Entry
from perf_documents.redact import visible
from perf_documents.rollout_plan import ALL, NONE, parse_percent, show_percent

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from perf_canary.audit import Audit
    from perf_canary.weights.command import Ran, Runner
    from perf_documents.rollout_plan import PlanCommand, RolloutPlan

PAUSE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a rollout stands: the step, from 1 (None outside them), and its weight in percent."""

    step: int | None
    percent: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How an order ended: `why` is empty where it was carried out; `percent` is what was read."""

    why: str
    percent: Fraction | None = None


def _go_on() -> bool:
    """Never stop: a rollback is carried to its end, whatever signals come meanwhile."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Carries out a plan's commands.

    Attributes
    ----------
    plan : RolloutPlan
    runner : Runner
    audit : Audit
    sleep : callable
        Pauses so many seconds between tries.
    stop : callable
        Whether to give up; not asked during a rollback.
    tell : callable
        Takes lines for a person.
    """

    plan: RolloutPlan
    runner: Runner
    audit: Audit
    sleep: Callable[[float], None]
    stop: Callable[[], bool]
    tell: Callable[[str], None]

    def shift(self, place: Place) -> Done:
        """Give the canary a weight, and read it back where the plan can."""
        done = self._try(self.plan.shift, place, self.stop, lambda ran: ran.why)
        if done.why or self.plan.status is None:
            return done
        return self._try(self.plan.status, place, self.stop, lambda ran: _other(ran, place.percent))

    def live(self) -> Done:
        """Read the live weight; only for plans with a status command."""
        status, place = self.plan.status, Place(step=None, percent=NONE)
        if status is None:
            return Done(why="the plan has no status command")
        return self._try(status, place, self.stop, _unreadable)

    def promote(self) -> Done:
        """Make the canary what everybody gets."""
        place = Place(step=None, percent=ALL)
        return self._try(self.plan.promote, place, self.stop, lambda ran: ran.why)

    def roll_back(self) -> Done:
        """Take the canary's traffic away; it may be repeated, and is."""
        place = Place(step=None, percent=NONE)
        return self._try(self.plan.rollback, place, _go_on, self._still_live)

    @property
    def by_hand(self) -> str:
        """Command line that rolls back, to paste into a shell."""
        line = shlex.join(self.plan.rollback.arguments(NONE))
        return f"cd {shlex.quote(str(self.plan.folder.resolve()))} && {line}"

    def _still_live(self, ran: Ran) -> str:
        """Why a rollback did not work: its own status, or a weight that is still printed.

        A status that fails says nothing: a rollback may have removed what it asks.
        """
        if ran.why or self.plan.status is None:
            return ran.why
        live = self._once(self.plan.status, Place(step=None, percent=NONE), _go_on, "")
        percent = parse_percent(live.out) if not live.why else None
        return f"status still prints {show_percent(percent)} %" if percent else ""

    def _try(
        self,
        command: PlanCommand,
        place: Place,
        stop: Callable[[], bool],
        judge: Callable[[Ran], str],
    ) -> Done:
        for number in range(1, command.tries + 1):
            ran = self._once(command, place, stop, f"try {number} of {command.tries}")
            why = judge(ran)
            if not why:
                return Done(why="", percent=parse_percent(ran.out))
            said = f": {ran.said}" if ran.said else ""
            self.tell(f"{command.name}: try {number} of {command.tries}: {why}{said}")
            if stop():
                return Done(why=why)
            if number == command.tries:
                return Done(why=f"{why}{said} (tries: {number})")
            self.sleep(PAUSE_S)
        raise AssertionError  # a command has at least one try

    def _once(
        self, command: PlanCommand, place: Place, stop: Callable[[], bool], which: str
    ) -> Ran:
        arguments, weight = command.arguments(place.percent), float(place.percent)
        self.audit.note(
            Entry(
                event="command",
                step=place.step,
                weight=weight,
                command=arguments,
                reason=f"{command.name}: {which}" if which else command.name,
            )
        )
        ran = self.runner.run(arguments, command.timeout_s, stop)
        said = f"{ran.why}: {ran.said}" if ran.why and ran.said else ran.why or ran.said
        self.audit.note(
            Entry(
                event="ended",
                step=place.step,
                weight=weight,
                command=arguments,
                exit_status=ran.status,
                duration_s=round(ran.duration_s, 3),
                reason=f"{command.name}: {said}" if said else command.name,
            )
        )
        return ran


def _unreadable(ran: Ran) -> str:
    """Why a status command told no weight."""
    if ran.why or parse_percent(ran.out) is not None:
        return ran.why
    return f'printed "{visible(ran.out.strip(), 60)}"; expected a percentage such as 5 or 12.5'


def _other(ran: Ran, percent: Fraction) -> str:
    """Why the live weight is not the one that was set."""
    why, live = _unreadable(ran), parse_percent(ran.out)
    if why or live is None or live == percent:
        return why
    return f"prints {show_percent(live)} % where {show_percent(percent)} % was set"
