"""One hard rule, evaluation by evaluation: its state, its clock, its fast burn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perf_analysis.intervals import clopper_pearson, wilson
from perf_canary.hold import HoldClock, State
from perf_canary.shares import ShareTrack, Trials
from perf_documents.canary_rules import FAST_BURN_FACTOR, FAST_BURN_PART, WINDOW_S

if TYPE_CHECKING:
    from perf_documents.canary_rules import Rule

ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """State of a rule at one look.

    Attributes
    ----------
    state : State
    share : float or None
        Least share of hits over the window; None of no trials.
    n : float
        Trials of the window.
    held_s : float
        How long the rule has been broken.
    fired : str
        Empty, `rule` or `fast burn`.
    why : str
        Why there is no answer.
    """

    state: State
    share: float | None
    n: float
    held_s: float
    fired: str = ""
    why: str = ""


@dataclass(slots=True)
class RuleWatch:
    """Follows one rule from the beginning of a step.

    Parameters
    ----------
    rule : Rule
    every_s : float
        Time between evaluations.
    began_s : float
    """

    rule: Rule
    every_s: float
    began_s: float
    looks: int = 0
    thin: int = 0
    decided: int = 0
    last: State = State.NO_DATA
    _decided_s: float = field(init=False)
    _track: ShareTrack = field(init=False, default_factory=ShareTrack)
    _last_s: float = field(init=False, default=0.0)
    _window: Trials = field(init=False, default_factory=Trials)
    _clock: HoldClock = field(init=False)
    _burn: HoldClock = field(init=False)

    def __post_init__(self) -> None:
        self._decided_s = self.began_s
        self._clock = HoldClock(self.rule.for_s)
        self._burn = HoldClock(max(self.rule.for_s / FAST_BURN_PART, self.every_s))

    @property
    def decided_share(self) -> float:
        """Part of the evaluations with an answer, those with too few samples aside."""
        asked = self.looks - self.thin
        return self.decided / asked if asked else 0.0

    def is_blind(self, t_s: float) -> bool:
        """Whether there was no answer for longer than `for`."""
        return t_s - self._decided_s > self.rule.for_s + 1e-6

    def pause(self) -> None:
        """An evaluation that did not take place."""
        self._clock.pause()
        self._burn.pause()

    def take(self, trials: Trials | None, t_s: float, why: str = "") -> Evaluation:
        """Evaluate; `trials` of the interval that ends now, None where there are no data."""
        if trials is not None:
            self._track.add(t_s, trials)
        state, window = self._state(t_s) if trials is not None else (State.NO_DATA, Trials())
        self._window, self._last_s = window, t_s
        fired = "rule" if self._clock.take(state, t_s) else ""
        if self.rule.fast_burn and self._burn.take(self._burn_state(trials, t_s), t_s):
            fired = fired or "fast burn"
        self._note(state, t_s)
        return Evaluation(
            state=state,
            share=window.least / window.n if window.n else None,
            n=window.n,
            held_s=self._clock.held_s,
            fired=fired,
            why=why or ("too few samples" if state is State.THIN else ""),
        )

    def _note(self, state: State, t_s: float) -> None:
        self.looks += 1
        self.last = state
        if state is State.THIN:
            self.thin += 1
        if state.is_decided:
            self.decided += 1
            self._decided_s = t_s

    def _state(self, t_s: float) -> tuple[State, Trials]:
        """State over the last minute, or over more where samples are few."""
        rule, limit = self.rule, self.rule.share_limit
        width_s = max(WINDOW_S, self.every_s)
        window = self._track.since(t_s - width_s)
        while window.n < rule.min_samples and width_s < rule.for_s:
            width_s = min(width_s + self.every_s, rule.for_s)
            window = self._track.since(t_s - width_s)
        if window.n >= rule.min_samples:
            if self._breaks(window.least / window.n):
                return State.BREACH, window
            if not self._breaks(window.most / window.n):
                return State.OK, window
        if window.n and clopper_pearson(window.least, window.n, ALPHA)[0] > limit:
            return State.BREACH, window
        return (State.OK if self._was_ok(width_s, t_s) else State.THIN), window

    def _was_ok(self, width_s: float, t_s: float) -> bool:
        """Whether what was counted since the step began keeps the limit.

        A canary with little traffic would never be decided by its last minutes alone: the window
        grows on until there are enough samples, as far as the step goes; where even all of them
        are too few, their exact upper bound must lie under the limit.
        """
        total, rule = self._track.total, self.rule
        if total.n < rule.min_samples:
            return self._is_under(total)
        if not self._breaks(total.most / total.n):
            return True
        window = self._track.since(t_s - width_s)
        while window.n < rule.min_samples:
            width_s += self.every_s
            window = self._track.since(t_s - width_s)
        return not self._breaks(window.most / window.n)

    def _is_under(self, trials: Trials) -> bool:
        limit = self.rule.share_limit
        return trials.n > 0.0 and clopper_pearson(trials.most, trials.n, ALPHA)[1] < limit

    @property
    def is_kept(self) -> bool:
        """Whether the rule stands in nobody's way: ok, or over its limit of late by chance alone.

        At a hundred requests a second one look in twenty of a healthy canary is over a limit twice
        its rate. Such a look is passed over where all that was counted since the step began lies
        under the limit beyond doubt, and what was counted of late is not beyond doubt over it.
        """
        if self.last is not State.BREACH:
            return self.last is State.OK
        return self._is_under(self._track.total) and not self._has_begun_to_break()

    def _has_begun_to_break(self) -> bool:
        """Whether any of the last looks, alone or with those after it, is beyond doubt over."""
        width_s, limit = self.every_s, self.rule.share_limit
        while True:
            late = self._track.since(self._last_s - width_s)
            if late.n and clopper_pearson(late.least, late.n, ALPHA)[0] > limit:
                return True
            if late.n >= self._window.n:
                return False
            width_s += self.every_s

    def _breaks(self, share: float) -> bool:
        limit = self.rule.share_limit
        return share >= limit if self.rule.or_equal else share > limit

    def _burn_state(self, trials: Trials | None, t_s: float) -> State:
        if trials is None:
            return State.NO_DATA
        rule = self.rule
        window = self._track.since(t_s - max(rule.for_s / FAST_BURN_PART, self.every_s))
        if window.n <= 0.0:
            return State.THIN
        share = window.least / window.n
        burns = share > FAST_BURN_FACTOR * rule.share_limit
        shown = wilson(window.least, window.n, ALPHA)[0] > rule.share_limit
        return State.BREACH if burns and shown else State.OK
