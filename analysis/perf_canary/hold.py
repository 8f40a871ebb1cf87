"""The clock of a rule's `for`: restarts on good, pauses on no data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# look times are sums of floats
_TINY_S = 1e-6


class State(StrEnum):
    """What one evaluation of a rule says."""

    OK = "ok"
    BREACH = "breach"
    THIN = "thin"
    NO_DATA = "no data"

    @property
    def is_decided(self) -> bool:
        """Whether it is an answer at all."""
        return self in {State.OK, State.BREACH}


@dataclass(slots=True)
class HoldClock:
    """How long a rule has been broken at each evaluation.

    Notes
    -----
    An interval counts only if both its ends are breaches: ok -> 0; breach after breach adds the
    time between; a first breach is 0; breach after no data, and no data itself, change nothing.

    Examples
    --------
    >>> clock = HoldClock(for_s=20)
    >>> [clock.take(State.BREACH, t) for t in (0, 10, 20)]
    [False, False, True]
    """

    for_s: float
    held_s: float = 0.0
    _last: State = State.OK
    _last_s: float = 0.0

    def take(self, state: State, t_s: float) -> bool:
        """Whether the rule fires at this evaluation."""
        if state is State.OK:
            self.held_s = 0.0
        elif state is State.BREACH and self._last is State.BREACH:
            self.held_s += t_s - self._last_s
        self._last, self._last_s = state, t_s
        return state is State.BREACH and self.held_s >= self.for_s - _TINY_S

    def pause(self) -> None:
        """An evaluation that did not take place."""
        if self._last is State.BREACH:
            self._last = State.NO_DATA
