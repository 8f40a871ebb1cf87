"""When the waker calls, how often, and what it costs meanwhile."""

from __future__ import annotations

import gc
import socket
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import gevent
import pytest
from gevent.event import Event

from perf_loadtests.engine import waker as wakers
from perf_loadtests.engine.probes import Probes
from perf_loadtests.engine.waker import TimerWaker, YieldingWaker, calibrate, make_waker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perf_loadtests.engine.waker import Waker

pytestmark = pytest.mark.engine
clock = time.perf_counter


class SteppingClock:
    """A clock that goes on by 10 us whenever it is read."""

    def __init__(self) -> None:
        self.readings = 0

    def __call__(self) -> float:
        """Seconds."""
        self.readings += 1
        return self.readings * 10e-6


@pytest.fixture(params=["timer", "yielding"])
def waker(request: pytest.FixtureRequest) -> Iterator[Waker]:
    """Each kind of waker."""
    made: Waker = TimerWaker(clock) if request.param == "timer" else YieldingWaker(clock)
    yield made
    made.stop()
    if isinstance(made, TimerWaker):
        made.close()


def woken_at(waker: Waker, *instants_s: float) -> list[float]:
    """When it called for each of these instants, set one after the other."""
    left, calls, done = list(instants_s), list[float](), Event()

    def woken() -> None:
        calls.append(clock())
        if left:
            waker.wake_at(left.pop(0))
        else:
            done.set()

    waker.start(woken)
    waker.wake_at(left.pop(0))
    assert done.wait(10.0)
    return calls


def test_it_never_calls_before_the_instant(waker: Waker) -> None:
    begin_s = clock()
    instants_s = [begin_s + 0.003 * n for n in range(1, 11)]
    calls = woken_at(waker, *instants_s)
    assert [call >= due for call, due in zip(calls, instants_s, strict=True)] == [True] * 10


def test_an_instant_that_is_past_is_called_for_in_the_next_turn_of_the_loop(waker: Waker) -> None:
    calls = woken_at(waker, 0.0, clock() - 5.0, clock())
    assert len(calls) == 3


def test_without_a_new_instant_it_calls_no_more(waker: Waker) -> None:
    calls: list[float] = []
    waker.start(lambda: calls.append(clock()))
    waker.wake_at(clock() + 0.002)
    gevent.sleep(0.05)
    assert len(calls) == 1


def test_a_new_instant_takes_the_place_of_the_one_before(waker: Waker) -> None:
    calls: list[float] = []
    waker.start(lambda: calls.append(clock()))
    begin_s = clock()
    waker.wake_at(begin_s + 60.0)
    waker.wake_at(begin_s + 0.005)
    gevent.sleep(0.05)
    assert len(calls) == 1


def test_a_stopped_one_calls_no_more_and_can_be_started_again(waker: Waker) -> None:
    calls: list[float] = []
    waker.start(lambda: calls.append(clock()))
    waker.wake_at(clock() + 0.005)
    waker.stop()
    gevent.sleep(0.03)
    assert not calls
    assert len(woken_at(waker, clock() + 0.002)) == 1


def test_an_arrival_that_is_due_comes_before_the_responses_of_the_same_turn() -> None:
    told: list[str] = []
    ours, theirs = socket.socketpair()
    made = TimerWaker(clock)
    reader = gevent.get_hub().loop.io(ours.fileno(), 1)

    def readable() -> None:
        told.append("response")
        reader.stop()

    reader.start(readable)
    made.start(lambda: told.append("arrival"))
    made.wake_at(clock() + 0.001)
    theirs.send(b"x")
    until_s = clock() + 0.002
    while clock() < until_s:
        pass  # the loop is busy with something else, then finds both
    gevent.sleep(0.02)
    made.close()
    reader.close()
    ours.close()
    theirs.close()
    assert told == ["arrival", "response"]


def test_yielding_polls_the_sockets_between_stretches_of_50_us() -> None:
    polled: list[float] = []
    stepping = SteppingClock()
    made = YieldingWaker(stepping)
    turns = gevent.get_hub().loop.check()
    turns.start(lambda: polled.append(made.yielded_s))
    calls = list[float]()
    made.start(lambda: calls.append(stepping()))
    made.wake_at(stepping() + 1e-3)
    gevent.sleep(0.03)
    turns.close()
    steps = [late - early for early, late in pairwise(polled)]
    assert len(calls) == 1
    assert 0.0 < max(steps) <= wakers.YIELD_AT_ONCE_S + 20e-6
    assert 0.3e-3 < made.yielded_s < 1e-3


def test_what_was_yielded_is_no_load_on_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    now = {"s": 0.0, "spent_s": 1.0, "yielded_s": 0.0}
    monkeypatch.setattr(time, "process_time", lambda: now["spent_s"])
    made = Probes(clock=lambda: now["s"], wall=lambda: 0.0, yielded=lambda: now["yielded_s"])
    gc.callbacks.remove(made._note_gc)
    now.update(s=1.0, spent_s=3.0, yielded_s=1.5)
    assert made.take()["cpu_ratio"] == 0.5


def test_calibration_is_of_200_wakes_none_of_them_early(waker: Waker) -> None:
    late = calibrate(waker, clock)
    assert len(late) == 200
    assert late == sorted(late)
    assert late[0] >= 0.0


def test_a_timer_of_the_kernel_is_used_only_where_it_goes_by_the_same_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert make_waker(time.perf_counter).precise
    assert not make_waker(SteppingClock()).precise
    monkeypatch.setattr(wakers, "_MONOTONIC", "mach_absolute_time()")
    assert not make_waker(time.perf_counter).precise


def test_without_timers_of_the_kernel_it_yields(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: Callable[[], float]) -> TimerWaker:
        raise AttributeError("timerfd_create")

    monkeypatch.setattr(wakers, "TimerWaker", missing)
    assert isinstance(make_waker(time.perf_counter), YieldingWaker)
