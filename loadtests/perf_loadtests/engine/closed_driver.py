"""The closed model: so many VUs at a time, each beginning its next iteration by itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gevent.event import Event

from perf_loadtests.engine import locust_compat
from perf_loadtests.schedule import choose, planned_vus, splitmix64

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from locust.user.task import TaskSet

    from perf_documents.plan import Plan
    from perf_loadtests.engine.ledger import Ledger
    from perf_loadtests.engine.share import Share
    from perf_loadtests.engine.virtual_user import Arm, VirtualUser

STEP_S = 0.1


class ClosedDriver:
    """Keeps the number of VUs on the planned line; k6's rule, applied every 100 ms."""

    def __init__(
        self, plan: Plan, arms: Sequence[tuple[Arm, float]], ledger: Ledger,
        spawn: Callable[[str], None], share: Share,
    ) -> None:  # fmt: skip
        self._plan = plan
        self._share = share
        self._ledger = ledger
        self._spawn = spawn
        self._names = [arm.cells for arm, _ in arms]
        self._weights = [weight for _, weight in arms]
        self._active: dict[VirtualUser, None] = {}
        self._leaving: dict[VirtualUser, float] = {}
        self._starting = 0
        self._made = self._begun = 0
        self._stop = Event()
        self._stopping = False

    @property
    def vus(self) -> int:
        """VUs that exist, the leaving ones included."""
        return self._starting + len(self._active) + len(self._leaving)

    def prepare(self) -> int:
        """Start nothing: closed executors begin on the line itself."""
        return 0

    def parked(self) -> int:
        """No VU waits for arrivals."""
        return 0

    def run(self) -> bool:
        """Follow the line to its end; False where the run was stopped before."""
        end_s = self._ledger.t0_s + self._plan.duration_s
        before_s, wanted = self._ledger.t0_s, 0
        while not self._stopping:
            now_s = self._ledger.clock()
            self._account(before_s, min(now_s, end_s), wanted)
            before_s = now_s
            if now_s >= end_s:
                break
            if not self._share.is_open():
                break
            planned = planned_vus(self._plan.stages, now_s - self._ledger.t0_s)
            wanted = self._share.stripe.count(planned)
            self._follow(wanted)
            self._cut_overdue(now_s)
            self._stop.wait(min(STEP_S, max(0.0, end_s - self._ledger.clock())))
        finished, self._stopping = not self._stopping and self._share.is_open(), True
        return finished

    def stop(self) -> None:
        """Begin no more iterations."""
        self._stopping = True
        self._stop.set()

    def ready(self, vu: VirtualUser) -> None:
        """Begin the first iteration at once."""
        vu.ready = True
        self._starting -= 1
        self._active[vu] = None
        self._leave_if_asked(vu)
        self._begin(vu)

    def between(self, vu: VirtualUser, task_set: TaskSet, wait: Callable[[TaskSet], None]) -> None:
        """End the iteration, wait as the scenario says, begin the next."""
        vu.end()
        self._leave_if_asked(vu)
        wait(task_set)
        self._leave_if_asked(vu)
        self._begin(vu)

    def handed(self, vu: VirtualUser) -> bool:
        """No VU is handed anything."""
        del vu
        return False

    def gone(self, vu: VirtualUser) -> None:
        """Forget a VU whose greenlet has ended."""
        vu.end(cut=vu.cut)
        if not vu.ready:
            self._starting -= 1
        self._active.pop(vu, None)
        self._leaving.pop(vu, None)

    def close(self) -> None:
        """Book nothing: no arrival waits under a closed executor."""

    def _leave_if_asked(self, vu: VirtualUser) -> None:
        if vu.retire or self._stopping or not self._share.is_open():
            raise locust_compat.end_of_user()

    def _begin(self, vu: VirtualUser) -> None:
        offset_s = self._ledger.offset_s()
        vu.begin(self._ledger.slot_at(offset_s), None, self._begun)
        self._begun += 1

    def _follow(self, wanted: int) -> None:
        have = self._starting + len(self._active)
        for _ in range(have, wanted):
            stripe = self._share.stripe
            draw = splitmix64(self._plan.seed, stripe.index + stripe.of * self._made)
            self._made += 1
            self._starting += 1
            self._spawn(self._names[choose(self._weights, draw)])
        for vu in list(self._active)[: max(0, have - wanted)]:
            self._retire(vu)

    def _retire(self, vu: VirtualUser) -> None:
        del self._active[vu]
        self._leaving[vu] = self._ledger.clock() + self._plan.graceful_ramp_down_s
        vu.retire = True
        if vu.iteration is None:
            # between two iterations nothing is lost: it need not sleep its wait to the end
            vu.kill()

    def _cut_overdue(self, now_s: float) -> None:
        for vu in [vu for vu, until_s in self._leaving.items() if now_s > until_s]:
            self._leaving[vu] = math.inf  # once: its `on_stop` may still log out
            vu.kill()

    def _account(self, from_s: float, to_s: float, wanted: int) -> None:
        """Book the VU-seconds of one step, in which `wanted` VUs were to be there."""
        span_s = max(0.0, to_s - from_s)
        slot = self._ledger.slot_at((from_s + to_s) / 2.0 - self._ledger.t0_s)
        # one scenario's cell carries them: the line is drawn for all classes together
        cell = self._ledger.recorder.iterations(self._names[0], slot)
        present = self._starting + len(self._active)
        cell.vu_seconds_planned += wanted * span_s
        cell.vu_seconds += min(present, wanted) * span_s
        cell.vus = self.vus
