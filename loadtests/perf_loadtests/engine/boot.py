"""From an order to a completion record: the engine's start-up order and its one-second pulse."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import gevent

from perf_analysis.failure_classes import NOT_ALLOWED
from perf_analysis.metrics import OWN_CLIENT
from perf_analysis.series import CANDIDATE, CONTROL
from perf_documents.errors import ScenarioError
from perf_documents.plan_codec import decode_plan
from perf_documents.redact import Redactor, secrets_of
from perf_loadtests import current
from perf_loadtests.engine import locust_compat
from perf_loadtests.engine.guard import Guard
from perf_loadtests.engine.ledger import Ledger
from perf_loadtests.engine.load import TOKEN_VARIABLE, Load, LoadedTarget, VusMissingError
from perf_loadtests.engine.probes import Probes
from perf_loadtests.protocol import CONTROL_TOKEN, PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_documents.plan import Plan
    from perf_loadtests.engine.control import Control
    from perf_loadtests.protocol import Order
    from perf_loadtests.spool import SpoolWriter

PULSE_S = 1.0
LONG_AGO_S = -1e6


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

    def run(self, control: Control) -> None:
        """Do the whole run; every way out that is not the last line leaves no completion record."""
        guard = Guard(self._order.addresses, self._not_allowed)
        guard.install()
        self._event("LOADING", self._order.scenario_path)
        try:
            load = self._load = self._begin()
        except ScenarioError as error:
            self._event("SCENARIO", str(error))
            return
        control.listen(load.interrupt)
        probes = Probes(clock=self._clock, wall=self._wall)
        gevent.spawn(probes.watch_loop)
        pulse = gevent.spawn(self._pulse, load, probes)
        try:
            load.prepare()
        except VusMissingError as error:
            pulse.kill()
            self._beat(load, probes)
            self._event("VUS", str(error))
            return
        wakeup_p99_s = probes.calibrate()
        load.run()
        pulse.kill()
        self._beat(load, probes)
        self._finish(load, wakeup_p99_s)

    def _begin(self) -> Load:
        """Import the scenario, with the workspace before everything else on the path."""
        path = Path(self._order.scenario_path)
        # only now: everything of our own is imported, so nothing in there can shadow it
        sys.path.insert(0, self._order.workspace)
        here = current.Session(seed=self._plan.seed, place=self._place, check=self._check)
        current.begin(here)
        classes = locust_compat.import_scenario(path, self._order.scenario_class)
        here.loading = False
        for feeder in here.feeders:
            feeder.check(self._plan)
        kind = locust_compat.client_kind(classes)
        self._check_measured(kind)
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
                "data": {feeder.name: feeder.sha256 for feeder in here.feeders},
                "may_retry": False,
                "includes_connect": kind != locust_compat.LEAN,
            }
        )
        return load

    def _place(self) -> current.Place | None:
        return None if self._load is None else self._load.place()

    def _check(self, name: str, *, ok: bool) -> None:
        if self._load is not None:
            self._load.check(name, ok=ok)

    def _check_measured(self, kind: str) -> None:
        """Refuse thresholds on what no client of the scenario measures."""
        for threshold in self._plan.thresholds:
            if threshold.metric in OWN_CLIENT and locust_compat.LEAN not in kind.split("+"):
                raise ScenarioError(
                    f"thresholds: {threshold.metric} is measured by LeanHttpUser only, and the "
                    f"client of this scenario is {kind}; next: extend LeanHttpUser "
                    "(docs/http-client.md), or gate http_req_duration"
                )

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
        due_s = self._clock()
        while True:
            due_s = max(due_s + PULSE_S, self._clock())
            gevent.sleep(max(0.0, due_s - self._clock()))
            self._beat(load, probes)
            # a native thread waits for the disk, the event loop does not
            gevent.get_hub().threadpool.apply(self._spool.sync)

    def _beat(self, load: Load, probes: Probes) -> None:
        record: dict[str, object] = {
            "type": "second",
            "at_s": max(LONG_AGO_S, self._ledger.offset_s()),
            "phase": load.phase,
            "vus": load.vus,
            "health": probes.take(),
        }
        self._spool.write(record | self._ledger.take())

    def _finish(self, load: Load, wakeup_p99_s: float) -> None:
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
