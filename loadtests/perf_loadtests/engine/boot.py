"""From an order to a completion record: the engine's start-up order and its one-second pulse."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import gevent
from gevent.event import Event

from perf_analysis.failure_classes import NOT_ALLOWED
from perf_analysis.metrics import OWN_CLIENT
from perf_analysis.series import CANDIDATE, CONTROL
from perf_documents.errors import ScenarioError
from perf_documents.fingerprint import available_cpus
from perf_documents.plan_codec import decode_plan
from perf_documents.redact import Redactor, secrets_of
from perf_documents.run import content_of
from perf_loadtests import current
from perf_loadtests.engine import locust_compat, locust_compat_hooks
from perf_loadtests.engine.forks import keep_forks_out
from perf_loadtests.engine.guard import Guard
from perf_loadtests.engine.ledger import Ledger
from perf_loadtests.engine.load import TOKEN_VARIABLE, Load, LoadedTarget, VusMissingError
from perf_loadtests.engine.memory import stop_in_time
from perf_loadtests.engine.originals import Originals
from perf_loadtests.engine.probes import Probes
from perf_loadtests.engine.share import Everything
from perf_loadtests.engine.waker import calibrate
from perf_loadtests.protocol import CONTROL_TOKEN, PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Callable

    from locust.user.users import User

    from perf_documents.plan import Plan
    from perf_loadtests.engine.control import Control
    from perf_loadtests.engine.share import Share
    from perf_loadtests.protocol import Order
    from perf_loadtests.spool import SpoolWriter

PULSE_S = 1.0
# The books of a second are encoded in pieces of this length, with the load going on in between: a
# tenth of the core for as long as that is soon done, then a quarter.
WORK_S, REST_S, SHORT_REST_S, UNHURRIED_S = 0.0003, 0.003, 0.001, 0.6
LONG_AGO_S = -1e6
WAKE_UP = 0.99


def go_on() -> None:
    """Take no rest."""


class Imported(NamedTuple):
    """A scenario's user classes, the hash of its file, and those of the files that feed it."""

    classes: list[type[User]]
    scenario_sha256: str
    data: dict[str, str]

    @property
    def content_sha256(self) -> str:
        """Hash of what must be the same in every process of a run."""
        return content_of(self.scenario_sha256, self.data)

    def start_record(self, run: str) -> dict[str, object]:
        """First record of an engine that has imported it."""
        kind = locust_compat.client_kind(self.classes)
        names = ("locust", "gevent")
        return {
            "type": "start",
            "protocol": PROTOCOL,
            "run": run,
            "pid": os.getpid(),
            "versions": {"python": platform.python_version()}
            | {name: importlib.metadata.version(name) for name in names},
            "scenario_sha256": self.scenario_sha256,
            "client_kind": kind,
            "classes": [cls.__name__ for cls in self.classes],
            "data": self.data,
            "may_retry": False,
            "includes_connect": kind != locust_compat.LEAN,
        }


class Engine:
    """One engine process at work."""

    # says something to people only: what counts is the record
    status = 0

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
        self._beat_s = self._rested_s = 0.0

    def run(self, control: Control) -> None:
        """Do the whole run; every way out that is not the last line leaves no completion record."""
        self._guard()
        originals = Originals()
        self._event("LOADING", self._order.scenario_path)
        try:
            load = self._load = self._begin()
        except ScenarioError as error:
            self._event("SCENARIO", str(error))
            return
        control.listen(load.interrupt)
        probes = Probes(
            clock=self._clock,
            wall=self._wall,
            yielded=lambda: load.waker.yielded_s,
            cores=available_cpus(),
        )
        gevent.spawn(probes.watch_loop)
        pulse = gevent.spawn(self._pulse, load, probes)
        try:
            _check_needed(originals)
            load.prepare()
            _check_needed(originals)
        except VusMissingError as error:
            self._last_beat(pulse, load, probes)
            self._event("VUS", str(error))
            return
        wakes = calibrate(load.waker, self._clock)
        if not load.waker.precise:
            self._event("note", "wake-ups without a timer of the kernel: less precise, and dearer")
        wakeup_p99_s = wakes[int(WAKE_UP * (len(wakes) - 1))] if wakes else None
        load.run(self._await_start(load, wakeup_p99_s))
        for name in originals.replaced():
            text = "the scenario replaced what measures it"
            self._ledger.raised("ReplacedError", name, text, excused=False)
        self._last_beat(pulse, load, probes)
        self._finish(load, wakeup_p99_s)

    def _guard(self) -> None:
        """Let nothing connect to what is not on the allow-list, and no child go on as this."""
        self._imported = keep_forks_out(self._spool.descriptor)
        Guard(self._order.addresses, self._not_allowed).install()

    def _import(self) -> Imported:
        """Import the scenario, with the workspace before everything else on the path."""
        path = Path(self._order.scenario_path)
        # only now: everything of our own is imported, so nothing in there can shadow it
        sys.path.insert(0, self._order.workspace)
        here = current.Session(seed=self._plan.seed, place=self._place, check=self._check)
        current.begin(here)
        classes = locust_compat.import_scenario(path, self._order.scenario_class)
        self._imported()
        here.loading = False
        for shape in locust_compat_hooks.shapes_of(path):
            self._event("note", f"{shape}: load shapes are ignored; the profile decides the load")
        for feeder in here.feeders:
            feeder.check(self._plan)
        self._check_measured(locust_compat.client_kind(classes))
        data = {feeder.name: feeder.sha256 for feeder in here.feeders}
        return Imported(classes, locust_compat.scenario_sha256(path), data)

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

    def _begin(self) -> Load:
        """Import the scenario, and be ready to start its users."""
        found = self._import()
        start = found.start_record(self._order.run)
        share = self._share(found.content_sha256)
        load = Load(self._plan, found.classes, self._targets(), self._ledger, share)
        self._write(start)
        return load

    def _share(self, scenario_sha256: str) -> Share:
        """Which part of the run this engine takes."""
        del scenario_sha256
        return Everything()

    def _await_start(self, load: Load, wakeup_p99_s: float | None) -> float | None:
        """When the load is to begin; None: soon."""
        del load, wakeup_p99_s
        return None

    def _write(self, record: dict[str, object], rest: Callable[[], None] = go_on) -> None:
        """Keep a record; `rest` is called while it is encoded."""
        self._spool.write(record, rest)

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
            stop_in_time(load, self._event)
            # a native thread waits for the disk, the event loop does not
            gevent.get_hub().threadpool.apply(self._spool.sync)

    def _last_beat(self, pulse: gevent.Greenlet, load: Load, probes: Probes) -> None:
        """End the pulse, never in the middle of a beat, and write what came since."""
        self._over.set()
        pulse.join()
        self._beat(load, probes, go_on)

    def _rest(self) -> None:
        """Let the load go on where encoding took long enough: it would be seen as lag."""
        if self._clock() - self._rested_s > WORK_S:
            late = self._rested_s - self._beat_s > UNHURRIED_S
            gevent.sleep(SHORT_REST_S if late else REST_S)
            self._rested_s = self._clock()

    def _beat(self, load: Load, probes: Probes, rest: Callable[[], None]) -> None:
        record: dict[str, object] = {
            "type": "second",
            "at_s": max(LONG_AGO_S, self._ledger.offset_s()),
            "phase": load.phase,
            "vus": load.vus,
            "health": probes.take(),
        }
        self._beat_s = self._rested_s = self._clock()
        self._write(record | self._ledger.take(rest), rest)

    def _finish(self, load: Load, wakeup_p99_s: float | None) -> None:
        self._write_final(
            reached_s=load.reached_s,
            ended=load.ended,
            drained=load.drained,
            counts=self._ledger.closing(),
            wakeup_p99_s=wakeup_p99_s,
        )

    def _write_final(self, **closing: object) -> None:
        """Write the completion record: over what was written before it, and the closing figures."""
        self._spool.sync()
        self._spool.write(
            {
                "type": "final",
                "run": self._order.run,
                "last_sequence": self._spool.last_sequence,
                "sha256": self._spool.digest,
                **closing,
            }
        )
        self._spool.sync()

    def _event(self, kind: str, text: str) -> None:
        self._write({"type": "event", "kind": kind, "text": self._clean(text)[:2000]})

    def _not_allowed(self, place: str) -> None:
        self._event(NOT_ALLOWED.upper(), place)
        if self._load is not None:
            self._load.interrupt("stop")


def _check_needed(originals: Originals) -> None:
    gone = ", ".join(originals.needed())
    if gone:
        raise VusMissingError(f"the scenario replaced {gone}: gevent and the allow-list need it")
