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
    """A moment at which the greenlet that made it is interrupted, unless it is taken back."""

    __slots__ = ("at_s", "greenlet", "slot")

    def __init__(self, at_s: float) -> None:
        self.at_s = at_s
        self.greenlet: Greenlet | None = _getcurrent()
        self.slot = int(at_s * _PER_S) + 1


class Wheel:
    """Deadlines in slots of 20 ms: adding one and taking it back are two dict operations.

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

    def add(self, deadline: Deadline) -> None:
        """Begin to watch a deadline."""
        if not self._runs:
            self._runs = True
            self._last = int(self._clock() * _PER_S)
            self._timer.again(self._tick, update=True)
        slot = deadline.slot
        if slot <= self._last:
            slot = deadline.slot = self._last + 1
        held = self._slots.get(slot)
        if held is None:
            held = self._slots[slot] = {}
        held[deadline] = None

    def remove(self, deadline: Deadline) -> None:
        """Take a deadline back."""
        deadline.greenlet = None
        held = self._slots.get(deadline.slot)
        if held is not None:
            held.pop(deadline, None)

    def _tick(self) -> None:
        now = int(self._clock() * _PER_S)
        first, self._last = self._last + 1, now
        if not self._slots:
            self._runs = False
            self._timer.stop()
            return
        for slot in range(first, now + 1):
            for deadline in self._slots.pop(slot, ()):
                if deadline.greenlet is not None:
                    deadline.greenlet.throw(DeadlineHit())
