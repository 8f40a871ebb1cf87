"""Wake-ups at absolute instants: a timer of the kernel on Linux, yielding elsewhere."""

from __future__ import annotations

import ctypes
import os
import time
from typing import TYPE_CHECKING, Protocol

import gevent
from gevent.event import Event

if TYPE_CHECKING:
    from collections.abc import Callable

# Setting a timer of the kernel takes some 10 us on a virtual machine: what is nearer than this is
# waited for in turns of the loop that only poll.
NEAR_S = 20e-6
# The loop rounds its own timers up to whole milliseconds: the last stretch is yielded away.
YIELD_FROM_S = 0.0012
# During one stretch no socket is polled: a response is stamped late by at most this.
YIELD_AT_ONCE_S = 50e-6
CALIBRATION_WAKES = 200
CALIBRATION_STEP_S = 0.002
CALIBRATION_LIMIT_S = 10.0
_HIGHEST_PRIORITY = 2
_READ = 1
_PER_S = 1_000_000_000
_ABSOLUTE = 1  # TFD_TIMER_ABSTIME
_MONOTONIC = "clock_gettime(CLOCK_MONOTONIC)"  # what a timer of the kernel goes by


class Waker(Protocol):
    """Calls back in the hub at a given instant, before anything else of that turn of the loop.

    Attributes
    ----------
    precise : bool
        Whether the kernel keeps the time, so that waiting costs nothing.
    yielded_s : float
        Processor time spent on nothing but waiting so far.
    """

    precise: bool
    yielded_s: float

    def start(self, woken: Callable[[], None]) -> None:
        """Say what is called, perhaps too early; it must not block."""
        ...

    def wake_at(self, due_s: float) -> None:
        """Call at an instant in place of any before; in the next turn of the loop if it is past."""
        ...

    def stop(self) -> None:
        """Call no more, until it is started again."""
        ...


def make_waker(clock: Callable[[], float]) -> Waker:
    """Best waker of this platform; `clock` is the one of the instants."""
    if clock is time.perf_counter and (
        time.get_clock_info("perf_counter").implementation == _MONOTONIC
    ):
        try:
            return TimerWaker(clock)
        except (AttributeError, OSError):
            pass  # no Linux, or no descriptor to be had
    return YieldingWaker(clock)


def calibrate(waker: Waker, clock: Callable[[], float]) -> list[float]:
    """How late each of 200 wakes came on an idle loop, in seconds, ascending."""
    late: list[float] = []
    done = Event()
    due_s = clock() + CALIBRATION_STEP_S

    def woken() -> None:
        nonlocal due_s
        now_s = clock()
        if now_s >= due_s:
            late.append(now_s - due_s)
            due_s = clock() + CALIBRATION_STEP_S
        if len(late) >= CALIBRATION_WAKES:
            done.set()
        else:
            waker.wake_at(due_s)

    waker.start(woken)
    waker.wake_at(due_s)
    done.wait(CALIBRATION_LIMIT_S)
    waker.stop()
    return sorted(late)


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Timerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class TimerWaker:
    """A timerfd, armed at the absolute instant and watched by the loop like a socket.

    By the C library, as Python itself has them only from 3.13.
    """

    precise = True

    def __init__(self, clock: Callable[[], float]) -> None:
        # calls that do not block need not let other threads have the interpreter meanwhile
        libc = ctypes.PyDLL(None, use_errno=True)
        self.yielded_s = 0.0
        self._settime = libc.timerfd_settime
        self._spec = _Timerspec()
        self._value = self._spec.value
        self._pointer = ctypes.byref(self._spec)
        self._fd = int(libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC))
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        loop = gevent.get_hub().loop
        self._io = loop.io(self._fd, _READ, priority=_HIGHEST_PRIORITY)
        self._turn = loop.idle(priority=_HIGHEST_PRIORITY)
        self._clock = clock
        self._woken: Callable[[], None] = lambda: None
        self._armed = False

    def start(self, woken: Callable[[], None]) -> None:
        """Say what is called."""
        self._woken = woken
        self._io.start(self._readable)

    def wake_at(self, due_s: float) -> None:
        """Call at an instant."""
        if due_s - self._clock() <= NEAR_S:
            # the loop does not sleep while this is active, and comes here after each poll
            self._turn.start(self._turned)
            return
        self._armed = True
        # rounded up: woken a nanosecond early it would not be due yet; 0 would disarm it
        self._set(max(1, int(due_s * _PER_S) + 1))

    def stop(self) -> None:
        """Call no more."""
        self._turn.stop()
        self._io.stop()
        self._set(0)

    def close(self) -> None:
        """Give the descriptor back."""
        self._turn.close()
        self._io.stop()
        self._io.close()
        os.close(self._fd)

    def _turned(self) -> None:
        self._turn.stop()
        self._woken()

    def _readable(self) -> None:
        self._armed = False
        self._woken()
        if not self._armed:
            self._set(0)  # setting it makes it unreadable: without that it would call for ever

    def _set(self, at_ns: int) -> None:
        self._value.seconds, self._value.nanoseconds = divmod(at_ns, _PER_S)
        if self._settime(self._fd, _ABSOLUTE, self._pointer, None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime failed")


class YieldingWaker:
    """Sleeps by the loop's own timer until shortly before, then yields until the instant."""

    precise = False

    def __init__(self, clock: Callable[[], float]) -> None:
        self.yielded_s = 0.0
        self._clock = clock
        self._due_s = 0.0
        self._woken: Callable[[], None] = lambda: None
        self._timer = gevent.get_hub().loop.timer(0.0)

    def start(self, woken: Callable[[], None]) -> None:
        """Say what is called."""
        self._woken = woken

    def wake_at(self, due_s: float) -> None:
        """Call at an instant."""
        self._due_s = due_s
        self._sleep(self._clock())

    def stop(self) -> None:
        """Call no more."""
        self._timer.stop()
        self._timer.close()

    def _sleep(self, now_s: float) -> None:
        self.stop()
        # one of 0 s is a turn of the loop, which polls the sockets
        sleep_s = max(0.0, self._due_s - now_s - YIELD_FROM_S)
        self._timer = gevent.get_hub().loop.timer(sleep_s, priority=_HIGHEST_PRIORITY)
        self._timer.start(self._step, update=True)

    def _step(self) -> None:
        began_s = now_s = self._clock()
        if 0.0 < self._due_s - began_s <= YIELD_FROM_S:
            until_s = min(self._due_s, began_s + YIELD_AT_ONCE_S)
            while now_s < until_s:
                now_s = self._clock()
            self.yielded_s += now_s - began_s
        if now_s >= self._due_s:
            self._woken()
        else:
            self._sleep(now_s)
