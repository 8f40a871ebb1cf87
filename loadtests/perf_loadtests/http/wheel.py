"""Deadlines of all requests of a process behind one timer, so that none costs one of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent

from perf_loadtests.http.clock import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from gevent.greenlet import Greenlet

TICK_S = 0.02
_PER_S = 50
_LOWEST_PRIORITY = -2
_getcurrent = gevent.getcurrent


class DeadlineHit(BaseException):  # no handler of errors must swallow it
    """Raised in the greenlet whose deadline has passed."""


class Deadline:
    """A moment at which the greenlet that set it is interrupted, unless it is taken back.

    Attributes
    ----------
    at_s : float
    greenlet : Greenlet or None
        None where it is taken back.
    slot : int
        Of the wheel, where it lies; 0 if it lies in none.
    """

    __slots__ = ("at_s", "greenlet", "slot")

    def __init__(self) -> None:
        self.at_s = 0.0
        self.greenlet: Greenlet | None = None
        self.slot = 0


class Wheel:
    """Deadlines in slots of 20 ms: setting one anew, for later, costs no dict operation.

    It stays where it lies until that slot is reached, and goes on to its own from there.

    The timer has the lowest priority of the loop: what had arrived before a late tick (the loop was
    busy) is read first, and not called a timeout. A deadline is kept to within two ticks.
    """

    def __init__(self, clock: Callable[[], float] = clock) -> None:
        self._clock = clock
        self._slots: dict[int, dict[Deadline, None]] = {}
        self._last = 0
        self._timer = gevent.get_hub().loop.timer(TICK_S, TICK_S, ref=False)
        self._timer.priority = _LOWEST_PRIORITY
        self._runs = False

    def set(self, deadline: Deadline, at_s: float) -> None:
        """Watch a deadline for the greenlet that runs."""
        deadline.at_s = at_s
        deadline.greenlet = _getcurrent()
        slot = int(at_s * _PER_S) + 1
        if not 0 < deadline.slot <= slot:
            self._take_out(deadline)
            self._put(deadline, slot)

    def _put(self, deadline: Deadline, slot: int) -> None:
        if not self._runs:
            self._runs = True
            self._last = int(self._clock() * _PER_S)
            self._timer.again(self._tick, update=True)
        slot = deadline.slot = max(slot, self._last + 1)
        held = self._slots.get(slot)
        if held is None:
            held = self._slots[slot] = {}
        held[deadline] = None

    def remove(self, deadline: Deadline) -> None:
        """Take a deadline back and out; for one that is set again, `greenlet = None` will do."""
        deadline.greenlet = None
        self._take_out(deadline)

    def _take_out(self, deadline: Deadline) -> None:
        held = self._slots.get(deadline.slot)
        if held is not None:
            held.pop(deadline, None)
        deadline.slot = 0

    def _tick(self) -> None:
        now = int(self._clock() * _PER_S)
        first, self._last = self._last + 1, now
        if not self._slots:
            self._runs = False
            self._timer.stop()
            return
        hit: list[Deadline] = []
        for slot in range(first, now + 1):
            for deadline in self._slots.pop(slot, ()):
                deadline.slot = 0
                due = int(deadline.at_s * _PER_S) + 1
                if deadline.greenlet is None:
                    continue
                if due > now:
                    self._put(deadline, due)
                else:
                    hit.append(deadline)
        for deadline in hit:
            # one that was interrupted first may have taken it back, or set it anew
            if deadline.greenlet is not None and not deadline.slot:
                deadline.greenlet.throw(DeadlineHit())
