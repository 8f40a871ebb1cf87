"""The engine of a worker: it loads its stripe of a run, and its master keeps the record."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from typing import TYPE_CHECKING

import gevent

from perf_loadtests.engine.boot import PULSE_S, Engine, go_on
from perf_loadtests.engine.distributed.link import Link, RefusedToJoinError, UnreachedError
from perf_loadtests.engine.distributed.roster import Expected, hashes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_loadtests.engine.control import Control
    from perf_loadtests.engine.load import Load
    from perf_loadtests.engine.share import Share
    from perf_loadtests.protocol import Order

START_LIMIT_S = 120.0
ACK_LIMIT_S = 10.0
TOLD_LIMIT_S = 2.0
LEFT_ALONE = 3


def expected_of(order: Order, scenario_sha256: str) -> Expected:
    """What this side of a run is made of."""
    plan, target = hashes_of(order)
    names = ("locust", "gevent")
    versions = {"perfproof": order.version, "protocol": str(order.protocol)} | {
        name: importlib.metadata.version(name) for name in names
    }
    return Expected(versions=versions, plan=plan, scenario=scenario_sha256, target=target)


class WorkerEngine(Engine):
    """One worker at work; its own spool says only how it came to join and to leave."""

    place: tuple[str, int] = ("", 0)
    token = ""
    _link: Link | None = None

    def run(self, control: Control) -> None:
        """Do its part of the run."""
        control.listen(self._stop_waiting)
        try:
            super().run(control)
            if self._link is not None and not self._link.lost:
                # what made it end early is still to be told
                self._link.wait(self._link.is_acknowledged, TOLD_LIMIT_S)
        except RefusedToJoinError as error:
            self._event("REFUSED", str(error))
        except UnreachedError as error:
            self._event("UNREACHED", str(error))

    def _share(self, scenario_sha256: str) -> Share:
        me = expected_of(self._order, scenario_sha256)
        self._link = Link(self.place, me, self.token, self._clock)
        self._link.interrupt = self._interrupt
        gevent.spawn(self._show_life)
        return self._link

    def _show_life(self) -> None:
        """Let whoever watches this process see that its event loop goes round."""
        while True:
            os.utime(self._spool.descriptor)
            gevent.sleep(PULSE_S)

    def _stop_waiting(self, _word: str) -> None:
        if self._link is not None:
            self._link.give_up()

    def _interrupt(self, word: str) -> None:
        if self._load is not None:
            self._load.interrupt(word)

    def _write(self, record: dict[str, object], rest: Callable[[], None] = go_on) -> None:
        link = self._link
        if record["type"] == "event":
            self._write_here(str(record["kind"]), str(record["text"]))
        elif link is None or not link.is_placed:
            self._spool.write(record, rest)
        if link is not None and record["type"] != "start":
            link.report(record, rest)

    def _await_start(self, load: Load, wakeup_p99_s: float | None) -> float | None:
        link = self._link
        if link is None:
            return None
        self._write_here("PLACED", _place_of(link))
        link.report({"type": "ready", "vus": load.vus, "wakeup_p99_s": wakeup_p99_s})
        link.wait(lambda: link.t0_s is not None or load.is_interrupted, START_LIMIT_S)
        if link.t0_s is None and not load.is_interrupted:
            load.interrupt("stop")
        return link.t0_s

    def _finish(self, load: Load, wakeup_p99_s: float | None) -> None:
        link = self._link
        if link is None:
            return
        if load.ended == "schedule":
            link.wait(lambda: link.flush, START_LIMIT_S)
        # one that stopped by itself says so at once, or the others would load on
        link.report({
            "type": "part", "pid": os.getpid(), "reached_s": load.reached_s, "ended": load.ended,
            "drained": load.drained, "counts": self._ledger.closing(), "wakeup_p99_s": wakeup_p99_s,
        })  # fmt: skip
        # without its master there is nobody to wait for
        limit_s = 0.0 if link.lost else ACK_LIMIT_S
        if link.wait(link.is_acknowledged, limit_s):
            super()._finish(load, wakeup_p99_s)
            return
        self.status = LEFT_ALONE
        self._write_here("LOST", link.lost or "its closing accounts were not acknowledged")

    def _write_here(self, kind: str, text: str) -> None:
        """Tell whoever watches this process, but not the master."""
        self._spool.write({"type": "event", "kind": kind, "text": text})
        sys.stderr.write(f"{kind}: {text}\n")


def _place_of(link: Link) -> str:
    return f"worker {link.stripe.index + 1} of {link.stripe.of}"
