"""From an order to a completion record: the engine's start-up order and its one-second pulse."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event

from perf_analysis.failure_classes import NOT_ALLOWED
from perf_analysis.series import CANDIDATE, CONTROL
from perf_documents.errors import ScenarioError
from perf_documents.plan_codec import decode_plan
from perf_documents.redact import Redactor, secrets_of
from perf_loadtests.engine import locust_compat, locust_compat_hooks
from perf_loadtests.engine.forks import keep_forks_out
from perf_loadtests.engine.guard import Guard
from perf_loadtests.engine.ledger import Ledger
from perf_loadtests.engine.load import TOKEN_VARIABLE, Load, LoadedTarget, VusMissingError
from perf_loadtests.engine.memory import nearly_out
from perf_loadtests.engine.probes import Probes
from perf_loadtests.engine.waker import calibrate
from perf_loadtests.protocol import CONTROL_TOKEN, PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_documents.plan import Plan
    from perf_loadtests.engine.control import Control
    from perf_loadtests.protocol import Order
    from perf_loadtests.spool import SpoolWriter

PULSE_S = 1.0
# The books of a second are encoded in pieces of this length, with the load going on in between.
WORK_S, REST_S = 0.0003, 0.001
LONG_AGO_S = -1e6
WAKE_UP = 0.99


class Engine:
    """One engine process at work."""

    def __init__(
        self,
        order: Order,
        spool: SpoolWriter,
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._order = order
        self._spool = spool
        self._clock = clock
        self._wall = wall
        self._plan: Plan = decode_plan(order.plan)
        self._clean = Redactor(secrets_of(dict(os.environ))).clean
        self._ledger = Ledger(self._plan, clock=clock, clean=self._clean)
        self._load: Load | None = None
        self._over = Event()
        self._rested_s = 0.0

    def run(self, control: Control) -> None:
        """Do the whole run; every way out that is not the last line leaves no completion record."""
        guard = Guard(self._order.addresses, self._not_allowed)
        guard.install()
        keep_forks_out(self._spool.descriptor, lambda: self._load is not None)
        self._event("LOADING", self._order.scenario_path)
        try:
            load = self._load = self._begin()
        except ScenarioError as error:
            self._event("SCENARIO", str(error))
            return
        control.listen(load.interrupt)
        self._note_shapes()
        if self._is_unfit(guard):
            return
        probes = Probes(clock=self._clock, wall=self._wall, yielded=lambda: load.waker.yielded_s)
        gevent.spawn(probes.watch_loop)
        pulse = gevent.spawn(self._pulse, load, probes)
        try:
            load.prepare()
        except VusMissingError as error:
            self._last_beat(pulse, load, probes)
            self._event("VUS", str(error))
            return
        if self._is_unfit(guard):
            return
        wakes = calibrate(load.waker, self._clock)
        if not load.waker.precise:
            self._event("note", "wake-ups without a timer of the kernel: less precise, and dearer")
        load.run()
        self._last_beat(pulse, load, probes)
        self._finish(load, wakes[int(WAKE_UP * (len(wakes) - 1))] if wakes else None)

    def _begin(self) -> Load:
        """Import the scenario, with the workspace before everything else on the path."""
        path = Path(self._order.scenario_path)
        # only now: everything of our own is imported, so nothing in there can shadow it
        sys.path.insert(0, self._order.workspace)
        classes = locust_compat.import_scenario(path, self._order.scenario_class)
        kind = locust_compat.client_kind(classes)
        load = Load(self._plan, classes, self._targets(), self._ledger)
        self._spool.write(
            {
                "type": "start",
                "protocol": PROTOCOL,
                "run": self._order.run,
                "pid": os.getpid(),
                "versions": {
                    "python": platform.python_version(),
                    "locust": importlib.metadata.version("locust"),
                    "gevent": importlib.metadata.version("gevent"),
                },
                "scenario_sha256": locust_compat.scenario_sha256(path),
                "client_kind": kind,
                "classes": [cls.__name__ for cls in classes],
                "may_retry": False,
                "includes_connect": kind != locust_compat.LEAN,
            }
        )
        return load

    def _is_unfit(self, guard: Guard) -> bool:
        """Whether the scenario has broken what every request needs; said where it has."""
        removed = ", ".join(guard.removed())
        if removed:
            text = f"the scenario replaced {removed}, which gevent and the allow-list need"
            self._event("VUS", text)
        return bool(removed)

    def _note_shapes(self) -> None:
        shapes = ", ".join(locust_compat_hooks.shapes_of(Path(self._order.scenario_path)))
        if shapes:
            self._event("note", f"{shapes}: load shapes are ignored; the profile decides the load")

    def _targets(self) -> list[LoadedTarget]:
        """Target, and the control beside it where one is asked for."""
        order = self._order
        if order.control is None:
            return [LoadedTarget(arm=CANDIDATE, url=order.target.url)]
        own, control = os.environ.get(TOKEN_VARIABLE), os.environ.pop(CONTROL_TOKEN, None)
        return [
            LoadedTarget(arm=CANDIDATE, url=order.target.url, token=own),
            LoadedTarget(arm=CONTROL, url=order.control.url, token=control or own),
        ]

    def _pulse(self, load: Load, probes: Probes) -> None:
        due_s = self._clock() + PULSE_S
        while not self._over.wait(max(0.0, due_s - self._clock())):
            self._beat(load, probes, self._rest)
            due_s = max(due_s + PULSE_S, self._clock())
            self._look_at_memory(load)
            # a native thread waits for the disk, the event loop does not
            gevent.get_hub().threadpool.apply(self._spool.sync)

    def _look_at_memory(self, load: Load) -> None:
        """Stop before the kernel does: what was measured is kept, and the accounts close."""
        full = nearly_out() if load.ended == "schedule" else ""
        if full:
            self._event("STOPPED", full)
            load.interrupt("stop")

    def _last_beat(self, pulse: gevent.Greenlet, load: Load, probes: Probes) -> None:
        """End the pulse, never in the middle of a beat, and write what came since."""
        self._over.set()
        pulse.join()
        self._beat(load, probes, lambda: None)

    def _rest(self) -> None:
        """Let the load go on where encoding took long enough: it would be seen as lag."""
        if self._clock() - self._rested_s > WORK_S:
            gevent.sleep(REST_S)
            self._rested_s = self._clock()

    def _beat(self, load: Load, probes: Probes, rest: Callable[[], None]) -> None:
        record: dict[str, object] = {
            "type": "second",
            "at_s": max(LONG_AGO_S, self._ledger.offset_s()),
            "phase": load.phase,
            "vus": load.vus,
            "health": probes.take(),
        }
        self._rested_s = self._clock()
        self._spool.write(record | self._ledger.take(rest), rest)

    def _finish(self, load: Load, wakeup_p99_s: float | None) -> None:
        self._spool.sync()
        self._spool.write(
            {
                "type": "final",
                "run": self._order.run,
                "last_sequence": self._spool.last_sequence,
                "sha256": self._spool.digest,
                "reached_s": load.reached_s,
                "ended": load.ended,
                "drained": load.drained,
                "counts": self._ledger.closing(),
                "wakeup_p99_s": wakeup_p99_s,
            }
        )
        self._spool.sync()

    def _event(self, kind: str, text: str) -> None:
        self._spool.write({"type": "event", "kind": kind, "text": self._clean(text)[:2000]})

    def _not_allowed(self, place: str) -> None:
        self._event(NOT_ALLOWED.upper(), place)
        if self._load is not None:
            self._load.interrupt("stop")
