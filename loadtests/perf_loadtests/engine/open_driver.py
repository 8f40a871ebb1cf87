"""The open model: VUs park and are handed the arrivals of one absolute schedule."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event

from perf_analysis.series import Slot
from perf_loadtests.engine import locust_compat
from perf_loadtests.engine.groups import Group, groups_of
from perf_loadtests.engine.waker import make_waker
from perf_loadtests.pool import Due
from perf_loadtests.request_cell import LONGEST_S
from perf_loadtests.schedule import choose, rate_at, splitmix64

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from locust.user.task import TaskSet

    from perf_documents.plan import Plan
    from perf_loadtests.engine.ledger import Ledger
    from perf_loadtests.engine.share import Share
    from perf_loadtests.engine.virtual_user import Arm, VirtualUser
    from perf_loadtests.pool import Pool
    from perf_loadtests.schedule import Arrival

# Of a burst, before responses are read: 64 made no more requests a second, and stamped them later.
BATCH = 16
LATE_S, VERY_LATE_S = 0.005, 0.010
POLL_S = 0.001
GROW_S, LOOK_S = 0.001, 0.01
SHARE_FROM_PER_S, SHARE_S_PER_PER_S, SHARE_MOST_S = 2000.0, 0.001 / 8000.0, 0.0015
ORDER_SALT, CLASS_SALT = 0x0A8B, 0x5C1E
EVEN = 0.5


def shared_s(rate: float) -> float:
    """How far wake-ups lie apart at least, in seconds, at a rate of arrivals a second.

    A wake-up, here and in the server, costs more than the arrival it is for. Above 2,000/s arrivals
    share them: by 1 ms at 10,000/s, which took a fifth to two fifths off the processor time there
    (docs/performance.md). What an arrival waits for that is schedule lag like any other.
    """
    return min(max((rate - SHARE_FROM_PER_S) * SHARE_S_PER_PER_S, 0.0), SHARE_MOST_S)


class OpenDriver:
    """Hands arrivals to VUs; see `Pool` for who takes, who waits and who is dropped.

    The schedule is walked in the hub, by the waker's callback: a VU that is handed an arrival runs
    at once, until it waits for its response, before the next arrival is looked at.
    """

    def __init__(
        self, plan: Plan, arms: Sequence[tuple[Arm, float]], ledger: Ledger,
        spawn: Callable[[str], None], share: Share,
    ) -> None:  # fmt: skip
        self._plan = plan
        self._share = share
        self._ledger = ledger
        self._spawn = spawn
        self.waker = make_waker(ledger.clock)
        self._hub = gevent.get_hub()
        self._gap_s = 0.0
        self._arrivals: Iterator[Arrival] = iter(())
        self._next: Arrival | None = None
        self._slot = Slot("", 0)
        self._has_read = False
        self._ended = Event()
        self._error: BaseException | None = None
        self._stopping = False
        # each target has pools of its own, so that neither waits for the other's answers
        by_target: dict[str, list[tuple[Arm, float]]] = {}
        for arm, weight in arms:
            by_target.setdefault(arm.target, []).append((arm, weight))
        self._sides = [groups_of(plan, side) for side in by_target.values()]
        self._groups = {group.name: group for side in self._sides for group in side}
        # whom every arrival is for, where there is no choice
        self._only = self._sides[0] if len(self._groups) == 1 else None
        self._draw_task = functools.partial(splitmix64, plan.seed)

    @property
    def vus(self) -> int:
        """VUs that exist or are starting."""
        return sum(group.pool.size for group in self._groups.values())

    def prepare(self) -> int:
        """Start the pre-allocated VUs; return how many there will be."""
        for group in self._groups.values():
            for _ in range(group.pre_allocated):
                self._start_one(group)
        return self.vus

    def parked(self) -> int:
        """VUs that are ready and wait for an arrival."""
        return sum(len(group.pool.idle) for group in self._groups.values())

    def run(self) -> bool:
        """Walk the schedule to its end; False where it was stopped before."""
        grower = gevent.spawn(self._grow)
        self._arrivals = self._share.arrivals(self._plan)
        self._next = next(self._arrivals, None)
        self.waker.start(self._walk)
        self.waker.wake_at(self._ledger.clock())
        try:
            self._ended.wait()
            finished = not self._stopping
        finally:
            self._stopping = True
            self.waker.stop()
            grower.kill()
        if self._error is not None:
            raise self._error
        return finished

    def stop(self) -> None:
        """Offer no more arrivals."""
        self._stopping = True
        self._ended.set()

    def ready(self, vu: VirtualUser) -> None:
        """Take the first arrival, or park until one is due (called once, after `on_start`)."""
        vu.ready = True
        pool = self._groups[vu.cells].pool
        self._next_of(vu, pool, pool.started(vu), locust_compat.task_set_of(vu.user))

    def between(self, vu: VirtualUser, task_set: TaskSet, wait: Callable[[TaskSet], None]) -> None:
        """End the iteration, then take the next arrival, or park until one is due."""
        del wait  # arrivals decide when the next iteration begins, not the scenario's wait_time
        vu.end()
        pool = self._groups[vu.cells].pool
        self._next_of(vu, pool, pool.done(vu), task_set)

    def handed(self, vu: VirtualUser) -> bool:
        """Whether a VU was handed an arrival that it has not begun."""
        return vu.handed is not None

    def gone(self, vu: VirtualUser) -> None:
        """Forget a VU whose greenlet has ended."""
        pool = self._groups[vu.cells].pool
        handed, vu.handed = vu.handed, None
        if handed is not None:
            self._unsent(vu.cells, handed.slot)
        was_busy = vu.ready and vu not in pool.idle
        vu.end(cut=vu.cut)
        pool.lost(vu, was_busy=was_busy, was_starting=not vu.ready)
        for due in pool.overfull():
            self._drop(vu.cells, due, late=False)

    def close(self) -> None:
        """Book what was never handed over."""
        for group in self._groups.values():
            for due in group.pool.stranded():
                self._unsent(group.name, due.slot)

    def _walk(self) -> None:
        """Release what is due, and set the time of the next; called in the hub."""
        try:
            due_s = self._release_due()
        except BaseException as error:  # noqa: BLE001  # for who waits in `run`
            self._error, due_s = error, None
        if due_s is None:
            self._ended.set()
        else:
            self.waker.wake_at(due_s)

    def _release_due(self) -> float | None:
        """Release at most 16 arrivals; return when to go on, None at the end."""
        clock, t0_s = self._ledger.clock, self._ledger.t0_s
        has_read, self._has_read = self._has_read, False
        rested_s = clock() + self._gap_s
        for _ in range(BATCH):
            arrival = self._next
            due_s = t0_s + (self._plan.duration_s if arrival is None else arrival.offset_s)
            late_s = clock() - due_s
            if self._stopping or not self._share.is_open():
                self._stopping = True
                return None
            if late_s < 0.0:
                return max(due_s, rested_s)
            if arrival is None:
                return None
            groups = self._only or self._drawn(arrival.number)
            if late_s > LATE_S and not has_read and any(g.pool.would_drop() for g in groups):
                # after a pause finished responses lie unread and VUs only look busy: read them
                self._has_read = True
                return due_s + late_s + POLL_S
            self._next = next(self._arrivals, None)
            slot = self._slot_of(arrival)
            for group in groups:
                self._release(group, Due(arrival.number, due_s, slot, not group.pool.idle), late_s)
        # the rest of a burst waits for a turn of the loop, which reads what came meanwhile
        return clock()

    def _slot_of(self, arrival: Arrival) -> Slot:
        """Slot of an arrival, one object for all of them."""
        window = self._ledger.window_at(arrival.offset_s)
        slot = self._slot
        if window != slot.window or arrival.phase != slot.phase:
            slot = self._slot = Slot(arrival.phase, window)
        return slot

    def _drawn(self, number: int) -> Sequence[Group]:
        """Whom an arrival is for: a class at each target."""
        return [self._choose(side, number) for side in self._in_turn(number)]

    def _in_turn(self, number: int) -> Sequence[Sequence[Group]]:
        """Both targets of a pair, in an order drawn for it: neither is always the second."""
        if len(self._sides) > 1 and splitmix64(self._plan.seed ^ ORDER_SALT, number) < EVEN:
            return self._sides[::-1]
        return self._sides

    def _release(self, group: Group, due: Due, late_s: float) -> None:
        pool = group.pool
        taken = pool.offer(due)
        cell = self._ledger.cell(group.name, due.slot)
        cell.planned += 1
        cell.vus_busy_max = max(cell.vus_busy_max, pool.busy)
        if taken == "drop":
            self._drop(group.name, due, late=late_s > VERY_LATE_S)
        elif taken != "wait":
            taken.handed = due
            # where it died meanwhile this does nothing, and `gone` finds the arrival
            taken.parked.switch(due)

    def _next_of(
        self, vu: VirtualUser, pool: Pool[VirtualUser, Due], due: Due | None,
        task_set: TaskSet | None,
    ) -> None:  # fmt: skip
        """Begin the arrival that a VU took, or park it until it is handed one."""
        if due is None:
            if self._stopping:
                raise locust_compat.end_of_user()
            due = self._park(vu, pool)
        number, intended_s, slot, waits = due
        cell = vu.begin(slot, intended_s, number)
        late_s = self._ledger.clock() - intended_s
        if not 0.0 <= late_s < LONGEST_S:
            late_s = min(max(late_s, 0.0), LONGEST_S)
        (cell.vu_wait if waits else cell.lag).keep(late_s)
        if task_set is not None:
            locust_compat.queue_task(task_set, vu.user, self._draw_task, number)

    def _park(self, vu: VirtualUser, pool: Pool[VirtualUser, Due]) -> Due:
        user = vu.user
        locust_compat.set_state(user, locust_compat.WAITING)
        vu.parked = gevent.getcurrent()
        try:
            due: Due = self._hub.switch()
        except BaseException:
            # somebody else's exception: whatever becomes of the VU, it is not to be had meanwhile
            pool.interrupted(vu)
            raise
        vu.handed = None
        locust_compat.set_state(user, locust_compat.RUNNING)
        return due

    def _choose(self, side: Sequence[Group], number: int) -> Group:
        """Class of an arrival, the same on both sides of its pair."""
        if len(side) == 1:
            return side[0]
        draw = splitmix64(self._plan.seed ^ CLASS_SALT, number)
        return side[choose([group.weight for group in side], draw)]

    def _drop(self, scenario: str, due: Due, *, late: bool) -> None:
        cell = self._ledger.cell(scenario, due.slot)
        cell.dropped += 1
        cell.late_drops += late
        cell.dropped_latency.add(max(0.0, self._ledger.clock() - due.intended_s))

    def _unsent(self, scenario: str, slot: Slot) -> None:
        self._ledger.cell(scenario, slot).unsent += 1

    def _grow(self) -> None:
        """Start VUs ahead of need, at most one a millisecond, so that the loop never stalls."""
        stages = self._plan.stages
        total = sum(group.weight for group in self._sides[0])
        while True:
            rate = rate_at(stages, max(0.0, self._ledger.offset_s())) / self._share.stripe.of
            self._gap_s = shared_s(rate)
            grown = False
            for group in self._groups.values():
                if group.pool.wanted(math.ceil(rate * group.weight / total)):
                    self._start_one(group)
                    grown = True
                    gevent.sleep(GROW_S)
            if not grown:
                gevent.sleep(LOOK_S)

    def _start_one(self, group: Group) -> None:
        group.pool.start()
        self._spawn(group.name)
