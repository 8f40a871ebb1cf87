"""One run in the engine: VUs start, the load runs, drains, and the accounts close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import gevent
from gevent import GreenletExit
from gevent.event import Event
from locust.exception import StopTest

from perf_loadtests.engine import locust_compat
from perf_loadtests.engine.client import wrap_client
from perf_loadtests.engine.closed_driver import ClosedDriver
from perf_loadtests.engine.crew import Crew
from perf_loadtests.engine.listeners import Listeners
from perf_loadtests.engine.open_driver import OpenDriver
from perf_loadtests.engine.probes import settle_gc
from perf_loadtests.engine.virtual_user import Limits, VirtualUser

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from locust.user.task import TaskSet
    from locust.user.users import User

    from perf_documents.plan import Plan
    from perf_loadtests.engine.ledger import Ledger
    from perf_loadtests.protocol import LoadPhase

START_LIMIT_S = 60.0
LEAD_S = 0.5
INTERRUPT_GRACE_S = 1.0
KILL_GRACE_S = 1.0


class Driver(Protocol):
    """What makes iterations begin: open or closed."""

    @property
    def vus(self) -> int:
        """VUs that exist."""
        ...

    def prepare(self) -> int:
        """Start VUs before the load; return how many must be ready."""
        ...

    def parked(self) -> int:
        """VUs that are ready and wait."""
        ...

    def run(self) -> bool:
        """Run the schedule; False where it was stopped before its end."""
        ...

    def stop(self) -> None:
        """Begin no more iterations."""
        ...

    def ready(self, vu: VirtualUser) -> None:
        """Return when a new VU may begin."""
        ...

    def between(self, vu: VirtualUser, task_set: TaskSet, wait: Callable[[], None]) -> None:
        """Stand between two iterations of a VU."""
        ...

    def handed(self, vu: VirtualUser) -> bool:
        """Whether a VU has an arrival that it has not begun."""
        ...

    def gone(self, vu: VirtualUser) -> None:
        """Forget a VU that ended."""
        ...

    def close(self) -> None:
        """Book what never began."""
        ...


class VusMissingError(Exception):
    """Not every pre-allocated VU became ready in time."""


class Load:
    """Drives the scenario's users through one plan."""

    def __init__(
        self, plan: Plan, classes: Sequence[type[User]], host: str, ledger: Ledger
    ) -> None:
        self._plan = plan
        self._ledger = ledger
        self._limits = Limits(timeout_s=plan.timeout_s, insecure=plan.insecure)
        self._crew = Crew()
        driven = [
            locust_compat.drive(
                cls, host=host, insecure=plan.insecure, created=self._created, ready=self._ready,
                leaving=self._leaving,
            )
            for cls in classes
        ]  # fmt: skip
        self._environment = locust_compat.make_environment(driven, host)
        locust_compat.hold_runner(self._environment, lambda: self.interrupt("stop"))
        self._listeners = Listeners(self._crew, ledger)
        self._listeners.install(self._environment)
        locust_compat.replace_wait(self._between)
        kind = OpenDriver if plan.open_model else ClosedDriver
        self._driver: Driver = kind(plan, driven, ledger, self._spawn)
        self._interrupted = Event()
        self.phase: LoadPhase = "starting"
        self.ended: Literal["schedule", "stop", "abort"] = "schedule"
        self.drained = False
        self.reached_s = 0.0

    @property
    def vus(self) -> int:
        """VUs that exist."""
        return self._driver.vus

    def prepare(self) -> None:
        """Start the VUs that must be ready before the load.

        Raises
        ------
        VusMissingError
            If they are not within a minute.
        """
        self._environment.events.test_start.fire(environment=self._environment)
        wanted = self._driver.prepare()
        deadline_s = self._ledger.clock() + START_LIMIT_S
        while self._driver.parked() < wanted and self._ledger.clock() < deadline_s:
            if self._interrupted.wait(0.02) or self._driver.vus == 0:
                break
        ready = self._driver.parked()
        if ready < wanted and not self._interrupted.is_set():
            raise VusMissingError(f"{ready} of {wanted} VUs became active")

    def run(self) -> None:
        """Offer the load, then drain."""
        settle_gc()
        if not self._interrupted.is_set():
            self._ledger.t0_s = self._ledger.clock() + LEAD_S
            self._interrupted.wait(LEAD_S)
            self.phase = "load"
            if self._driver.run():
                self.reached_s = self._plan.duration_s
            else:
                self.reached_s = min(self._plan.duration_s, max(0.0, self._ledger.offset_s()))
        self.phase = "drain"
        self._drain()

    def interrupt(self, word: str) -> None:
        """Stop offering: `abort` still drains as usual, `stop` and `quit` only briefly."""
        if self.ended == "schedule" and self.phase != "drain":
            self.ended = "abort" if word == "abort" else "stop"
        if word != "abort":
            self.ended = "stop"
            self._interrupted.set()
        self._driver.stop()

    def _drain(self) -> None:
        """Let iterations end; then requests in flight; what is left is abandoned with its age."""
        for vu in self._crew:
            waits = vu.iteration is None and not self._driver.handed(vu)
            if waits and vu.ready and not vu.leaving:
                vu.kill()
        self._wait_for_all(self._plan.graceful_stop_s)
        self._limits.closed = True
        # requests in flight run to their own deadline, so only what is stopped is abandoned
        self._wait_for_all(self._plan.timeout_s + 0.5)
        self.drained = not self._busy()
        for vu in self._crew:
            vu.kill()
        deadline_s = self._ledger.clock() + KILL_GRACE_S
        while self._crew and self._ledger.clock() < deadline_s:
            gevent.sleep(0.01)
        for vu in self._crew:
            # a task that will not die does not keep the accounts open
            vu.cut = True
            self._gone(vu)
        for vu in list(self._limits.in_flight):
            vu.settle(cut=True)
        self._driver.close()
        self._environment.events.test_stop.fire(environment=self._environment)
        self._environment.events.quitting.fire(environment=self._environment)
        self._listeners.closing(self._environment)

    def _busy(self) -> bool:
        """Whether VUs are there, or requests that greenlets of ended VUs still wait for."""
        return bool(self._crew or self._limits.in_flight)

    def _wait_for_all(self, limit_s: float) -> None:
        if self._interrupted.is_set():
            limit_s = min(limit_s, INTERRUPT_GRACE_S)
        deadline_s = self._ledger.clock() + limit_s
        while self._busy() and self._ledger.clock() < deadline_s:
            if self._interrupted.is_set():
                deadline_s = min(deadline_s, self._ledger.clock() + INTERRUPT_GRACE_S)
                gevent.sleep(0.02)
            else:
                self._interrupted.wait(0.02)

    def _spawn(self, class_name: str) -> None:
        runner = self._environment.runner
        if runner is None:
            raise RuntimeError("the environment lost its runner")
        for user in runner.spawn_users({class_name: 1}):
            vu = self._crew.runs_in(user, user.greenlet)
            user.greenlet.link(lambda _greenlet, vu=vu: self._gone(vu))

    def _created(self, user: User) -> None:
        vu = VirtualUser(user, self._ledger, self._limits)
        wrap_client(vu)
        self._crew.add(vu)

    def _ready(self, user: User) -> None:
        self._driver.ready(self._crew.of_user(user))

    def _leaving(self, user: User, error: BaseException) -> None:
        vu = self._crew.of_user(user)
        vu.leaving = True
        # a VU may end itself; what ends the test, or kills it from outside, is no end of ours
        if isinstance(error, StopTest) or (isinstance(error, GreenletExit) and not vu.cut):
            vu.note_exception(error)

    def _between(self, task_set: TaskSet, wait: Callable[[], None]) -> None:
        vu = self._crew.of_user(task_set.user)
        if not vu.ready or vu.leaving:
            wait()  # a task set that the scenario runs by itself in `on_start` or `on_stop`
            return
        self._driver.between(vu, task_set, wait)

    def _gone(self, vu: VirtualUser) -> None:
        if self._crew.remove(vu):
            self._driver.gone(vu)
            vu.settle(cut=vu.cut)
