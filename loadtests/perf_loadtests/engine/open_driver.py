"""The open model: VUs park and are handed the arrivals of one absolute schedule."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import gevent
from gevent.event import Event
from gevent.hub import Waiter

from perf_analysis.series import Slot
from perf_documents.errors import ScenarioError
from perf_loadtests.engine import locust_compat
from perf_loadtests.pool import Pool, shares_of
from perf_loadtests.schedule import arrivals, choose, rate_at, splitmix64

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from locust.user.task import TaskSet

    from perf_documents.plan import Plan
    from perf_loadtests.engine.ledger import Ledger
    from perf_loadtests.engine.virtual_user import Arm, VirtualUser

BATCH = 64
LATE_S, VERY_LATE_S = 0.005, 0.010
POLL_S = 0.001
ORDER_SALT, CLASS_SALT = 0x0A8B, 0x5C1E
EVEN = 0.5


class Due(NamedTuple):
    """An arrival with its place in the books; `waits` if no VU was free when it was due."""

    number: int
    intended_s: float
    slot: Slot
    waits: bool


@dataclass(slots=True, kw_only=True)
class _Group:
    """One user class with its own pool."""

    name: str
    weight: float
    pool: Pool[VirtualUser, Due]
    pre_allocated: int


def _groups_of(plan: Plan, side: Sequence[tuple[Arm, float]]) -> list[_Group]:
    """Pools of one target, by the weights of the classes."""
    if plan.max_vus < len(side):
        raise ScenarioError(
            f"max_vus is {plan.max_vus}, the scenario has {len(side)} user classes; "
            "expected a VU for each at least; next: raise max_vus or name one class"
        )
    weights = [weight for _, weight in side]
    shares = zip(
        side,
        shares_of(plan.max_vus, weights),
        shares_of(max(plan.pre_allocated_vus, len(side)), weights),
        strict=True,
    )
    return [
        _Group(name=arm.cells, weight=weight, pool=Pool(max_vus=most), pre_allocated=min(pre, most))
        for (arm, weight), most, pre in shares
    ]


class OpenDriver:
    """Hands arrivals to VUs; see `Pool` for who takes, who waits and who is dropped."""

    def __init__(
        self, plan: Plan, arms: Sequence[tuple[Arm, float]], ledger: Ledger,
        spawn: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._plan = plan
        self._ledger = ledger
        self._spawn = spawn
        self._parked: dict[VirtualUser, Waiter] = {}
        self._handed: dict[VirtualUser, Due] = {}
        self._stop = Event()
        self._stopping = False
        # each target has pools of its own, so that neither waits for the other's answers
        by_target: dict[str, list[tuple[Arm, float]]] = {}
        for arm, weight in arms:
            by_target.setdefault(arm.target, []).append((arm, weight))
        self._sides = [_groups_of(plan, side) for side in by_target.values()]
        self._groups = {group.name: group for side in self._sides for group in side}

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
        return len(self._parked)

    def run(self) -> bool:
        """Walk the schedule to its end; False where it was stopped before."""
        grower = gevent.spawn(self._grow)
        batch = 0
        try:
            for arrival in arrivals(self._plan):
                due_s = self._ledger.t0_s + arrival.offset_s
                batch += 1
                if self._wait_until(due_s):
                    return False
                if batch >= BATCH:
                    # a burst is released in pieces, so that the first of it are sent meanwhile
                    gevent.sleep(0)
                    batch = 0
                slot = Slot(arrival.phase, self._ledger.window_at(arrival.offset_s))
                for side in self._in_turn(arrival.number):
                    self._release(side, arrival.number, due_s, slot)
            return not self._wait_until(self._ledger.t0_s + self._plan.duration_s)
        finally:
            self._stopping = True
            grower.kill()

    def stop(self) -> None:
        """Offer no more arrivals."""
        self._stopping = True
        self._stop.set()

    def ready(self, vu: VirtualUser) -> None:
        """Take the first arrival, or park until one is due (called once, after `on_start`)."""
        vu.ready = True
        due = self._groups[vu.arm.cells].pool.started(vu)
        if due is None and self._stopping:
            raise locust_compat.end_of_user()
        self._take(vu, due or self._park(vu), locust_compat.task_set_of(vu.user))

    def between(self, vu: VirtualUser, task_set: TaskSet, wait: Callable[[], None]) -> None:
        """End the iteration, then take the next arrival, or park until one is due."""
        del wait  # arrivals decide when the next iteration begins, not the scenario's wait_time
        vu.end()
        due = self._groups[vu.arm.cells].pool.done(vu)
        if due is None and self._stopping:
            raise locust_compat.end_of_user()
        self._take(vu, due or self._park(vu), task_set)

    def handed(self, vu: VirtualUser) -> bool:
        """Whether a VU was handed an arrival that it has not begun."""
        return vu in self._handed

    def gone(self, vu: VirtualUser) -> None:
        """Forget a VU whose greenlet has ended."""
        pool = self._groups[vu.arm.cells].pool
        handed = self._handed.pop(vu, None)
        if handed is not None:
            self._unsent(vu.arm.cells, handed)
        was_busy = vu.ready and vu not in pool.idle
        vu.end(cut=vu.cut)
        pool.lost(vu, was_busy=was_busy, was_starting=not vu.ready)
        self._parked.pop(vu, None)
        for due in pool.overfull():
            self._drop(vu.arm.cells, due, late=False)

    def close(self) -> None:
        """Book what was never handed over."""
        for group in self._groups.values():
            for due in group.pool.stranded():
                self._unsent(group.name, due)

    def _wait_until(self, due_s: float) -> bool:
        """Sleep until an instant; True where the run was told to stop before."""
        while (left_s := due_s - self._ledger.clock()) > 0.0 and not self._stopping:
            self._stop.wait(left_s)
        return self._stopping

    def _in_turn(self, number: int) -> Sequence[Sequence[_Group]]:
        """Both targets of a pair, in an order drawn for it: neither is always the second."""
        if len(self._sides) > 1 and splitmix64(self._plan.seed ^ ORDER_SALT, number) < EVEN:
            return self._sides[::-1]
        return self._sides

    def _release(self, side: Sequence[_Group], number: int, due_s: float, slot: Slot) -> None:
        group = self._choose(side, number)
        pool = group.pool
        late_s = self._ledger.clock() - due_s
        if late_s > LATE_S and pool.would_drop():
            # after a pause finished responses lie unread and VUs only look busy: read them first
            gevent.sleep(POLL_S)
        due = Due(number, due_s, slot, waits=not pool.idle)
        taken = pool.offer(due)
        cell = self._ledger.book(group.name, slot, planned=1)
        cell.vus_busy_max = max(cell.vus_busy_max, pool.busy)
        if taken == "drop":
            self._drop(group.name, due, late=late_s > VERY_LATE_S)
        elif taken != "wait":
            self._hand(taken, due)

    def _hand(self, vu: VirtualUser, due: Due) -> None:
        self._handed[vu] = due
        waiter = self._parked.pop(vu)
        gevent.get_hub().loop.run_callback(waiter.switch, due)

    def _park(self, vu: VirtualUser) -> Due:
        waiter = self._parked[vu] = Waiter()
        user = vu.user
        locust_compat.set_state(user, locust_compat.WAITING)
        due: Due = waiter.get()
        locust_compat.set_state(user, locust_compat.RUNNING)
        return due

    def _take(self, vu: VirtualUser, due: Due, task_set: TaskSet | None) -> None:
        self._handed.pop(vu, None)
        vu.begin(due.slot, due.intended_s, due.number)
        begun_s = vu.iteration.begun_s if vu.iteration else self._ledger.clock()
        late_s = max(0.0, begun_s - due.intended_s)
        cell = self._ledger.recorder.iterations(vu.arm.cells, due.slot)
        (cell.vu_wait if due.waits else cell.lag).add(min(late_s, 3600.0))
        if task_set is not None:
            seed = self._plan.seed
            locust_compat.queue_task(task_set, lambda: splitmix64(seed, due.number))

    def _choose(self, side: Sequence[_Group], number: int) -> _Group:
        """Class of an arrival, the same on both sides of its pair."""
        if len(side) == 1:
            return side[0]
        draw = splitmix64(self._plan.seed ^ CLASS_SALT, number)
        return side[choose([group.weight for group in side], draw)]

    def _drop(self, scenario: str, due: Due, *, late: bool) -> None:
        cell = self._ledger.book(scenario, due.slot, dropped=1, late_drops=int(late))
        cell.dropped_latency.add(max(0.0, self._ledger.clock() - due.intended_s))

    def _unsent(self, scenario: str, due: Due) -> None:
        self._ledger.book(scenario, due.slot, unsent=1)

    def _grow(self) -> None:
        """Start VUs ahead of need, at most one a millisecond, so that the loop never stalls."""
        stages = self._plan.stages
        total = sum(group.weight for group in self._sides[0])
        while True:
            rate = rate_at(stages, max(0.0, self._ledger.offset_s()))
            short = [
                group for group in self._groups.values()
                if group.pool.wanted(math.ceil(rate * group.weight / total))
            ]  # fmt: skip
            for group in short:
                self._start_one(group)
            gevent.sleep(0.001 if short else 0.005)

    def _start_one(self, group: _Group) -> None:
        group.pool.start()
        self._spawn(group.name)
