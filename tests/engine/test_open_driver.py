"""What the open driver drops, and what it only seems to have to drop."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from engine_runs import plan_of
from perf_loadtests.engine.ledger import Ledger
from perf_loadtests.engine.open_driver import OpenDriver, shared_s
from perf_loadtests.engine.share import Everything
from perf_loadtests.engine.virtual_user import Arm, VirtualUser
from perf_loadtests.schedule import arrivals

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.engine
RATE, MS = 1000.0, 1e-3


class FixedClock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now_s


class NoWaker:
    """A waker that only remembers; the test calls back itself."""

    precise, yielded_s = True, 0.0

    def __init__(self) -> None:
        self.due_s: list[float] = []

    def start(self, woken: Callable[[], None]) -> None:
        """Nothing calls."""

    def wake_at(self, due_s: float) -> None:
        """Remember it."""
        self.due_s.append(due_s)

    def stop(self) -> None:
        """Nothing called."""


class Walk:
    """A driver of one VU, at the begin of its schedule."""

    def __init__(self, *, busy: bool) -> None:
        self.clock, self.waker = FixedClock(), NoWaker()
        plan = plan_of(rate=RATE, duration_s=1.0, pre_allocated_vus=1, max_vus=1)
        self.ledger = Ledger(plan, clock=self.clock, clean=str)
        self.ledger.t0_s = 0.0
        arms = [(Arm("Ask", "candidate"), 1.0)]
        self.driver = OpenDriver(plan, arms, self.ledger, lambda _: None, Everything())
        self.driver.waker = self.waker
        (group,) = self.driver._groups.values()
        self.pool = group.pool
        self.taken: list[float] = []
        self.vu = cast(
            "VirtualUser",
            SimpleNamespace(
                handed=None,
                parked=SimpleNamespace(switch=lambda due: self.taken.append(due.intended_s)),
            ),
        )
        self.pool.start()
        self.pool.started(self.vu)
        if busy:
            self.pool.idle.clear()
            self.pool.busy = 1
        self.driver._arrivals = arrivals(plan)
        self.driver._next = next(self.driver._arrivals, None)

    def wake(self, at_s: float) -> float:
        """Let the waker call at an instant; return when it is to call next."""
        self.clock.now_s = at_s
        self.driver._walk()
        return self.waker.due_s[-1]

    @property
    def counts(self) -> dict[str, object]:
        """Accounts so far."""
        return self.ledger.closing()


def test_after_a_pause_sockets_are_read_before_anything_is_dropped() -> None:
    walk = Walk(busy=True)
    assert walk.wake(8 * MS) == pytest.approx(9 * MS)
    assert walk.counts["planned"] == 0
    walk.pool.done(walk.vu)  # its response had lain unread
    walk.wake(9 * MS)
    assert walk.taken == [0.0]
    assert walk.counts["late_drops"] == 0


def test_what_is_still_busy_after_that_is_dropped_and_counted_apart_if_very_late() -> None:
    walk = Walk(busy=True)
    walk.wake(12.5 * MS)
    walk.wake(13.5 * MS)
    counts = walk.counts
    # 0 to 13 ms were due; of them 0 to 3 ms more than 10 ms ago
    assert (counts["planned"], counts["dropped"], counts["late_drops"]) == (14, 14, 4)


def test_in_time_a_busy_pool_drops_at_once() -> None:
    walk = Walk(busy=True)
    assert walk.wake(2.5 * MS) == pytest.approx(3 * MS)
    assert (walk.counts["dropped"], walk.counts["late_drops"]) == (3, 0)


@pytest.mark.parametrize(
    ("rate", "apart_s"),
    [
        (1.0, 0.0), (1000.0, 0.0), (2000.0, 0.0), (6000.0, 0.0005), (10_000.0, 0.001),
        (14_000.0, 0.0015), (1e6, 0.0015),
    ],
)  # fmt: skip
def test_only_fast_arrivals_share_wake_ups_and_by_little(rate: float, apart_s: float) -> None:
    assert shared_s(rate) == pytest.approx(apart_s)


def test_arrivals_that_share_a_wake_up_are_late_by_it_and_none_is_left_out() -> None:
    walk = Walk(busy=True)
    walk.driver._gap_s = 1.5 * MS
    assert walk.wake(0.5 * MS) == pytest.approx(2.0 * MS)  # not at 1 ms, when the next is due
    assert walk.wake(2.0 * MS) == pytest.approx(3.5 * MS)
    assert walk.wake(3.5 * MS) == pytest.approx(5.0 * MS)
    assert walk.wake(5.0 * MS) == pytest.approx(6.5 * MS)
    assert walk.counts["planned"] == 6


def test_a_burst_is_released_16_at_a_time() -> None:
    walk = Walk(busy=True)
    walk.wake(500 * MS)
    due_s = walk.wake(501 * MS)
    assert walk.counts["planned"] == 16
    assert due_s <= 501 * MS  # at once, but after a turn of the loop


def test_an_arrival_that_nobody_begins_is_unsent() -> None:
    walk = Walk(busy=False)
    walk.wake(0.5 * MS)
    assert walk.taken == [0.0]  # a greenlet that is dead does nothing with it
    assert walk.driver.handed(walk.vu)
    walk.vu.ready, walk.vu.cells, walk.vu.cut = True, "Ask", False
    walk.vu.end = lambda **_: None  # type: ignore[method-assign]  # it had begun nothing
    walk.driver.gone(walk.vu)
    assert (walk.counts["planned"], walk.counts["unsent"]) == (1, 1)
    assert walk.pool.size == 0


def test_the_end_of_the_schedule_is_waited_for_and_then_reached() -> None:
    walk = Walk(busy=True)
    for at_s in (0.9, 0.901, *(0.9995 + n * 1e-6 for n in range(150))):
        walk.wake(at_s)
    assert walk.waker.due_s[-1] == pytest.approx(1.0)
    assert not walk.driver._ended.is_set()
    walk.clock.now_s = 1.0
    walk.driver._walk()
    assert walk.driver._ended.is_set()
    assert walk.counts["planned"] == 1000
