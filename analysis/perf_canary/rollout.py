"""A rollout walked through: shift, watch, and go on; promote after the last step, or roll back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from perf_canary.audit import Entry
from perf_canary.evidence import LEAST_FOR_BURSTS
from perf_canary.following import settle_s
from perf_canary.reading import Counters
from perf_canary.rollout_state import End, Ending, RolloutResult, ending_of, where_to_begin
from perf_canary.watch import Watch
from perf_canary.weights.orders import Place
from perf_documents.canary_looks import Answer
from perf_documents.rollout_plan import ALL, NONE, show_percent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perf_canary.aborts import Abort
    from perf_canary.audit import Audit
    from perf_canary.reading import Reading, Source
    from perf_canary.weights.orders import Orders
    from perf_documents.canary_looks import Look
    from perf_documents.rollout_plan import RolloutPlan, Step

# how often an abort is looked for while waiting
POLL_S = 0.5
_TINY_S = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What a rollout needs of the world.

    Attributes
    ----------
    clock : callable
        The source's time in seconds; it never steps.
    sleep : callable
        Lets so many seconds pass.
    aborted : callable
        What was asked for from outside, if anything was.
    tell : callable
        Takes a line for a person.
    show : callable
        Takes the state for programs.
    """

    clock: Callable[[], float]
    sleep: Callable[[float], None]
    aborted: Callable[[], Abort | None]
    tell: Callable[[str], None]
    show: Callable[[Mapping[str, object]], None]

    def rest(self, wait_s: float) -> Abort | None:
        """Wait, but not beyond an abort; return that."""
        until_s = self.clock() + wait_s
        while True:
            abort = self.aborted()
            left_s = until_s - self.clock()
            if abort is not None or left_s <= 0.0:
                return abort
            self.sleep(min(left_s, POLL_S))


@dataclass(slots=True, kw_only=True)
class Rollout:
    """One rollout, from the live weight to its promotion or its rollback."""

    plan: RolloutPlan
    source: Source
    orders: Orders
    audit: Audit
    outside: Outside
    _place: Place = field(init=False, default_factory=lambda: Place(step=None, percent=NONE))

    def run(self) -> RolloutResult:
        """Walk through the steps; whatever ends them but a promotion rolls back."""
        self._note("begin", f"plan {self.plan.path}")
        try:
            ending = self._walk()
        except BaseException as error:
            # a bug of ours must not leave a canary alone with its traffic
            self._undo(Ending(end=End.FAILED, reason=f"unexpected {type(error).__name__}"))
            raise
        return self._undo(ending) if ending.end is not End.PROMOTED else self._result(ending)

    def _walk(self) -> Ending:
        begin = self._begin()
        if isinstance(begin, Ending):
            return begin
        for number, step in enumerate(self.plan.steps[begin:], start=begin + 1):
            ending = self._step(number, step)
            if ending is not None:
                return ending
        return self._promote()

    def _begin(self) -> int | Ending:
        """Index of the first step to take, by the weight that is live."""
        if (abort := self.outside.aborted()) is not None:
            return ending_of(abort)
        if self.plan.status is None:
            self._decide("no status command: the live weight is unknown; beginning at step 1")
            return 0
        done = self.orders.live()
        if done.percent is None:
            return self._failed("status", done.why)
        begin = where_to_begin(self.plan.steps, done.percent)
        shown = show_percent(done.percent)
        if begin is None:
            known = ", ".join(show_percent(step.percent) for step in self.plan.steps)
            return Ending(
                end=End.UNDECIDED,
                reason=f"the live weight is {shown} %, which no step has (0, {known})",
            )
        again = f"{shown} % is live: going on from" if done.percent else "0 % is live: beginning at"
        self._decide(f"{again} step {begin + 1} of {len(self.plan.steps)}")
        return begin

    def _step(self, number: int, step: Step) -> Ending | None:
        """Shift to a step and watch it; None where the next may follow."""
        before = self._history(step)
        if (abort := self.outside.aborted()) is not None:
            return ending_of(abort)
        self._place = Place(step=number, percent=step.percent)
        self._show("shifting", "")
        done = self.orders.shift(self._place)
        if done.why:
            return self._failed("shift", done.why)
        rules = self.plan.rules
        watch = Watch(
            rules=rules,
            began_s=self.outside.clock(),
            every_s=self.plan.every_s,
            span_s=step.hold_s,
            weight=step.share,
            alone=step.is_all,
        )
        for reading in before:
            watch.before(reading)
        self._say(f"{step.hold_s:g} s at the least, {rules.max_hold_s:g} s at the most")
        return self._watch(watch)

    def _history(self, step: Step) -> list[Reading]:
        """Readings of the control from before the step, for how its errors cluster."""
        if step.is_all or self.plan.rules.evidence is None:
            return []
        now_s, found = self.outside.clock(), []
        for back in range(LEAST_FOR_BURSTS + 1, 0, -1):
            reading = self.source.read(now_s - back * self.plan.every_s)
            if not isinstance(reading.control, Counters) or self.outside.aborted():
                break
            found.append(reading)
        return found

    def _watch(self, watch: Watch) -> Ending | None:
        t_s, until_s = watch.began_s, watch.began_s + self.plan.rules.max_hold_s
        while True:
            wait_s = max(0.0, t_s + self._settle_s - self.outside.clock())
            if (abort := self.outside.rest(wait_s)) is not None:
                return ending_of(abort)
            look = watch.look(self.source.read(t_s))
            self._tell(look)
            if look.answer is Answer.PROMOTE:
                return None
            if look.answer is Answer.ROLLBACK:
                return Ending(end=End.BREACH, reason=look.reason)
            if t_s >= until_s - _TINY_S:
                held_s = self.plan.rules.max_hold_s
                reason = f"undecided after max_hold ({held_s:g} s): {look.reason}"
                return Ending(end=End.UNDECIDED, reason=reason)
            t_s = min(t_s + watch.every_s, until_s)

    @property
    def _settle_s(self) -> float:
        """How long after its time a look is read."""
        source = self.plan.rules.source
        return settle_s(source.scrape_interval_s) if source else 0.0

    def _promote(self) -> Ending:
        if (abort := self.outside.aborted()) is not None:
            return ending_of(abort)
        self._decide(f"all {len(self.plan.steps)} steps kept: promote")
        done = self.orders.promote()
        if done.why:
            return self._failed("promote", done.why)
        self._place = Place(step=self._place.step, percent=ALL)
        return Ending(end=End.PROMOTED, reason=f"all {len(self.plan.steps)} steps kept")

    def _failed(self, name: str, why: str) -> Ending:
        """Ending of a command that failed: by the abort that cut it short, if one did."""
        abort = self.outside.aborted()
        if abort is not None:
            return ending_of(abort)
        return Ending(end=End.FAILED, reason=f"{name} failed: {why}")

    def _undo(self, ending: Ending) -> RolloutResult:
        self._decide(f"{Answer.ROLLBACK}: {ending.reason}")
        self._show("rolling back", ending.reason)
        done = self.orders.roll_back()
        if done.why:
            share = show_percent(self._place.percent)
            self.outside.tell(
                f"ROLLBACK FAILED: {done.why}; the canary may still have {share} % of the traffic; "
                f"next: {self.orders.by_hand}"
            )
        return self._result(ending, done.why)

    def _result(self, ending: Ending, failure: str = "") -> RolloutResult:
        result = RolloutResult(
            ending=ending,
            step=self._place.step,
            percent=self._place.percent,
            undone=not failure,
            rollback_failure=failure,
            by_hand=self.orders.by_hand if failure else "",
        )
        self._show(str(ending.end), ending.reason)
        also = f"; rollback failed: {failure}" if failure else ""
        self._note("end", f"{result.answer}: {ending.reason}{also}")
        # asked last: the line above may be what was lost
        return replace(result, lost=self.audit.lost)

    def _tell(self, look: Look) -> None:
        self._say(f"{look.elapsed_s:.0f} s: {look.answer}: {look.reason}")
        event = "look" if look.answer is Answer.HOLD else "decision"
        self._note(event, f"{look.answer}: {look.reason}")
        self._show(str(look.answer), look.reason)

    def _decide(self, reason: str) -> None:
        self._say(reason)
        self._note("decision", reason)

    def _say(self, text: str) -> None:
        place, steps = self._place, len(self.plan.steps)
        where = f"step {place.step} of {steps}, {show_percent(place.percent)} %: "
        self.outside.tell(f"{where if place.step else ''}{text}")

    def _note(self, event: str, reason: str) -> None:
        place = self._place
        weight = float(place.percent)
        self.audit.note(Entry(event=event, step=place.step, weight=weight, reason=reason))

    def _show(self, state: str, reason: str) -> None:
        self.outside.show(
            {
                "plan": str(self.plan.path),
                "state": state,
                "step": self._place.step,
                "steps": len(self.plan.steps),
                "weight": float(self._place.percent),
                "reason": reason,
            }
        )
