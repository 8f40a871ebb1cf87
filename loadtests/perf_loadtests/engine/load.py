"""One run in the engine: VUs start, the load runs, drains, and the accounts close."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import gevent
from gevent import GreenletExit
from gevent.event import Event
from locust.exception import StopTest
from locust.runners import STATE_INIT, STATE_SPAWNING

from perf_loadtests.current import Place
from perf_loadtests.engine import locust_compat, locust_compat_runners
from perf_loadtests.engine.client import close_client, wrap_client
from perf_loadtests.engine.closed_driver import ClosedDriver
from perf_loadtests.engine.crew import Crew
from perf_loadtests.engine.listeners import Listeners, book_exit_code
from perf_loadtests.engine.open_driver import OpenDriver
from perf_loadtests.engine.probes import settle_gc
from perf_loadtests.engine.virtual_user import Arm, Limits, VirtualUser
from perf_loadtests.engine.waker import make_waker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from locust.user.task import TaskSet
    from locust.user.users import User

    from perf_documents.plan import Plan
    from perf_loadtests.engine.ledger import Ledger
    from perf_loadtests.engine.share import Share
    from perf_loadtests.protocol import LoadPhase

TOKEN_VARIABLE = "PERF_TOKEN"  # noqa: S105  # the name of a variable, not a token
START_LIMIT_S, LEAD_S, INTERRUPT_GRACE_S, KILL_GRACE_S = 60.0, 0.5, 1.0, 1.0
ARM_S = 0.05  # the waker is armed by then: the first arrival is not late either


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedTarget:
    """A target of this run: `candidate` or `control`, its URL, and its own token if it has one."""

    arm: str
    url: str
    token: str | None = None


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

    def between(self, vu: VirtualUser, task_set: TaskSet, wait: Callable[[TaskSet], None]) -> None:
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
        self,
        plan: Plan,
        classes: Sequence[type[User]],
        targets: Sequence[LoadedTarget],
        ledger: Ledger,
        share: Share,
    ) -> None:
        self._plan = plan
        self._share = share
        self._ledger = ledger
        self._limits = Limits(timeout_s=plan.timeout_s, insecure=plan.insecure)
        self._crew = Crew()
        self._arms: dict[type[User], tuple[Arm, LoadedTarget]] = {}
        for target in targets:
            for cls in classes:
                arm = Arm(cls.__name__, target.arm)
                made = locust_compat.drive(
                    cls, name=arm.cells, host=target.url, insecure=plan.insecure, tell=self
                )
                self._arms[made] = arm, target
        driven = list(self._arms)
        self._environment = locust_compat_runners.make_environment(
            driven, targets[0].url, share.runner
        )
        locust_compat_runners.hold_runner(self._environment, lambda: self.interrupt("stop"))
        self._listeners = Listeners(self._crew, ledger)
        self._listeners.install(self._environment)
        locust_compat.replace_wait(self._between)
        arms = [(arm, float(cls.weight)) for cls, (arm, _) in self._arms.items()]
        mine = share.stripe.part_of(plan)
        kind = OpenDriver if plan.open_model else ClosedDriver
        self._driver: Driver = kind(mine, arms, ledger, self._spawn, share)
        # what is calibrated before the load is what the load is released by
        driver = self._driver
        self.waker = driver.waker if isinstance(driver, OpenDriver) else make_waker(ledger.clock)
        self._interrupted = Event()
        self.phase: LoadPhase = "starting"
        self.ended: Literal["schedule", "stop", "abort"] = "schedule"
        self.drained = False
        self.reached_s = 0.0

    @property
    def vus(self) -> int:
        """VUs that exist."""
        return self._driver.vus

    def place(self) -> Place | None:
        """Where the code that asks stands, by the numbers of iterations and VUs in the run."""
        vu = self._crew.current()
        if vu is None:
            return None
        stripe, number = self._share.stripe, vu.iteration.number if vu.iteration else None
        if number is not None and not self._plan.open_model:
            number = stripe.nth(number)  # that of an arrival is its number in the whole schedule
        return Place(number, stripe.nth(vu.number))

    def check(self, name: str, *, ok: bool) -> None:
        """Count a check of the code that calls, in the phase of its iteration."""
        if (vu := self._crew.current()) is not None:
            vu.check(name, ok=ok)

    @property
    def is_interrupted(self) -> bool:
        """Whether it was told to stop."""
        return self._interrupted.is_set() or self.ended != "schedule"

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

    def run(self, t0_s: float | None = None) -> None:
        """Offer the load from an instant on that was agreed, or from soon on; then drain."""
        settle_gc()
        if not self._interrupted.is_set():
            now_s = self._ledger.clock()
            self._ledger.t0_s = now_s + LEAD_S if t0_s is None else t0_s
            self._interrupted.wait(max(0.0, self._ledger.t0_s - now_s - ARM_S))
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
            vu.give_up()
            self._gone(vu)
        for vu in list(self._limits.in_flight):
            vu.settle(cut=True)
        self._driver.close()
        self._environment.events.test_stop.fire(environment=self._environment)
        self._environment.events.quitting.fire(environment=self._environment)
        book_exit_code(self._ledger, self._environment)

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
        if runner.state == STATE_INIT:
            runner.update_state(STATE_SPAWNING)
        # as its `spawn_users` does, which also counts all users for a line in the log
        user = runner.user_classes_by_name[class_name](self._environment)
        user.start(runner.user_greenlets)
        vu = self._crew.runs_in(user, user.greenlet)
        user.greenlet.link(lambda _greenlet: self._gone(vu))

    def created(self, user: User) -> None:
        """Open the books of a VU."""
        vu = VirtualUser(user, self._ledger, self._limits, self._arms[type(user)][0])
        wrap_client(vu)
        self._crew.add(vu)

    def starting(self, user: User) -> None:
        """Let a scenario that reads its token in `on_start` find that of its own target."""
        if (token := self._arms[type(user)][1].token) is not None:
            os.environ[TOKEN_VARIABLE] = token

    def ready(self, user: User) -> None:
        """Let a VU begin when it may."""
        self._driver.ready(self._crew.of_user(user))

    def leaving(self, user: User, error: BaseException) -> None:
        """Note what ends a VU, unless it ends by itself or by us."""
        vu = self._crew.of_user(user)
        vu.leaving = True
        # a VU may end itself; what ends the test, or kills it, is no end of ours
        if isinstance(error, StopTest) or (isinstance(error, GreenletExit) and not vu.cut):
            vu.note_exception(error)

    def _between(self, task_set: TaskSet, wait: Callable[[TaskSet], None]) -> None:
        vu = self._crew.of_user(task_set.user)
        if not vu.ready or vu.leaving:
            wait(task_set)  # a task set that the scenario runs by itself in `on_start` or `on_stop`
        else:
            self._driver.between(vu, task_set, wait)

    def _gone(self, vu: VirtualUser) -> None:
        if self._crew.remove(vu):
            self._driver.gone(vu)
            vu.settle(cut=vu.cut)
            close_client(vu)
