"""Starts an engine, watches its record, stops it, and decides what the record is worth."""

from __future__ import annotations

import json
import os
import shutil
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from perf_analysis.abort import breach_to_abort
from perf_analysis.facts import EndState
from perf_analysis.failure_classes import TRANSPORT_CLASSES
from perf_documents.errors import (
    PerfError,
    RefusedError,
    ScenarioError,
    UnreachableError,
    UsageError,
)
from perf_documents.events import Notice, Progress
from perf_documents.files import make_private_folder, write_atomic
from perf_loadtests import spool
from perf_loadtests.assemble import Ending, Record, build_run
from perf_loadtests.processes import EngineProcess, LocalWorkers
from perf_loadtests.protocol import ABORT, ALONE, MASTER, STOP
from perf_loadtests.recover import owner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from perf_documents.plan import Plan
    from perf_documents.run import Run
    from perf_loadtests.protocol import Order

POLL_S = 0.1
SILENCE_S = 10.0
START_LIMIT_S = 90.0
AFTER_END_S = 10.0
STOP_LIMIT_S = 4.0
TRANSPORT_ONLY_S = 10.0
ENDING = ("VUS", "NOT_ALLOWED", "LOST", "UNREACHED", "MISMATCH")


class StopRequest(Protocol):
    """Which signals have arrived so far."""

    signals: list[int]


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """What a supervisor needs of the world."""

    folder: Path
    environ: Mapping[str, str]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    emit: Callable[[Progress | Notice], None]
    stop: StopRequest
    log: Path | None = None


@dataclass(slots=True)
class _Stopping:
    """What the supervisor asked the engine to do, and until when it waits."""

    ending: Ending = field(default_factory=Ending)
    kill_at_s: float | None = None
    signals: int = 0


class Supervisor:
    """One run: of one engine process, or of a master and its workers."""

    def __init__(self, order: Order, plan: Plan, around: Surroundings) -> None:
        self._order = order
        self._plan = plan
        self._around = around
        self._stopping = _Stopping()
        self._heard_s = around.clock()
        self._started_s = around.clock()
        self._load_seen_s: float | None = None
        self._shown: object = None

    def run(self) -> Run:
        """Run the load and return what was recorded, not judged yet.

        Raises
        ------
        ScenarioError
            If the scenario cannot be used; nothing was sent.
        RefusedError
            If the scenario tried to connect to what is not on the allow-list.
        """
        folder = self._around.folder
        make_private_folder(folder)
        write_atomic(folder / spool.PLAN_FILE, self._order.model_dump_json().encode())
        write_atomic(folder / spool.OWNER_FILE, json.dumps(owner()).encode())
        descriptor = spool.create(folder / spool.SPOOL_FILE)
        place = folder, self._order.workspace, self._around.environ
        try:
            record = Record(spool.SpoolReader(descriptor), self._plan, self._order)
            role = ALONE if self._order.spread is None else MASTER
            process = self._engine = EngineProcess(*place, descriptor, role)
            self._workers = LocalWorkers(*place)
            try:
                self._watch(process, record)
            finally:
                # a master first: without it its workers stop by themselves
                process.close(self._around.log)
                self._workers.close(self._around.log)
            while record.poll():
                self._show(record)
            return self._conclude(process, record)
        finally:
            os.close(descriptor)

    def _watch(self, process: EngineProcess, record: Record) -> None:
        while process.status() is None:
            # before the record is read: one that ended well has its last word in there
            ended = self._workers.ended()
            if record.poll():
                self._heard_s = self._around.clock()
                self._show(record)
            self._look_after_workers(record, ended)
            self._obey_signals(process)
            self._check_rules(record)
            if self._overdue(record):
                process.end()
                return
            self._around.sleep(POLL_S)

    def _look_after_workers(self, record: Record, ended: Sequence[EngineProcess]) -> None:
        """Start the workers of this machine when their master listens; miss those that end."""
        spread, listening = self._order.spread, record.sum.event("LISTENING")
        if spread is None or listening is None or self._stopping.ending.asked is not None:
            return
        if not self._welcomed:
            self._welcomed = True
            self._workers.start(spread.local, listening.text)
            if spread.workers > spread.local:
                text = f"waiting for {spread.workers - spread.local} workers at {listening.text}"
                self._around.emit(Notice(text=text))
        done = {part.pid for part in record.sum.parts.values()}
        is_over = record.sum.final or any(record.sum.event(kind) for kind in ENDING)
        for process in ended:
            if process.pid not in done and not is_over:
                detail = process.how_it_ended(_when(record), f"worker (process {process.pid})")
                self._ask(STOP, EndState.INCOMPLETE, detail, STOP_LIMIT_S)
                self._around.emit(Notice(text=f"{detail}; the run is stopped", warning=True))
                return

    def _show(self, record: Record) -> None:
        last = record.sum.last
        if last is None or last is self._shown:
            return
        self._shown = last
        if last.phase != "starting" and self._load_seen_s is None:
            self._load_seen_s = self._around.clock()
        progress = record.sum.progress()
        if progress is not None:
            self._around.emit(progress)

    def _obey_signals(self, process: EngineProcess) -> None:
        seen = len(self._around.stop.signals)
        if seen == self._stopping.signals:
            return
        first, self._stopping.signals = self._stopping.signals == 0, seen
        if not first:
            # the second says: at once. The spool is durable as it is
            process.end()
            return
        name = signal.Signals(self._around.stop.signals[0]).name
        self._ask(STOP, EndState.INTERRUPTED, f"interrupted by {name}", STOP_LIMIT_S)
        self._around.emit(Notice(text=f"{name}: stopping; what was measured is kept"))

    def _check_rules(self, record: Record) -> None:
        if self._stopping.ending.asked is not None or record.sum.last is None:
            return
        at_s, only_s = record.sum.last.at_s, record.sum.only_transport_s
        if only_s >= TRANSPORT_ONLY_S:
            seen = record.sum.class_counts(sorted(TRANSPORT_CLASSES))
            # what the target does for good, before what its end did to requests in flight
            classes = ", ".join(sorted(seen, key=lambda name: -seen[name]))
            detail = f"target stopped answering at {at_s - only_s:.1f} s ({classes})"
            self._abort(EndState.STOPPED, detail)
            return
        if record.sum.last is not self._judged:
            self._judged = record.sum.last
            self._check_thresholds(record, at_s)

    _judged: object = None
    _welcomed = False

    def _check_thresholds(self, record: Record, at_s: float) -> None:
        watched = [threshold for threshold in self._plan.thresholds if threshold.abort_on_fail]
        if not watched or at_s <= 0.0:
            return
        measured, elapsed_s = record.sum.measured(at_s), record.sum.judged_elapsed_s()
        for threshold in watched:
            if breach_to_abort(threshold, measured, elapsed_s) is not None:
                what = f"{threshold.subject}: {threshold.expression}"
                self._abort(EndState.ABORTED, f"aborted at {at_s:.1f} s by {what}")
                return

    def _abort(self, state: EndState, detail: str) -> None:
        limit_s = self._plan.graceful_stop_s + self._plan.timeout_s + AFTER_END_S
        self._ask(ABORT, state, detail, limit_s)
        self._around.emit(Notice(text=detail, warning=True))

    def _ask(self, word: bytes, state: EndState, detail: str, limit_s: float) -> None:
        self._stopping.ending = Ending(asked=state, detail=detail)
        self._stopping.kill_at_s = self._around.clock() + limit_s
        self._engine.tell(word)

    def _overdue(self, record: Record) -> bool:
        """Whether the engine must be ended: silent, or past every deadline it had."""
        if record.reader.damage is not None:
            # nothing after it can be read, so nothing would end the load
            asked = self._stopping.ending
            self._stopping.ending = Ending(
                asked=asked.asked or EndState.INCOMPLETE, detail=asked.detail or record.problem()
            )
            return True
        now_s, plan = self._around.clock(), self._plan
        if self._stopping.kill_at_s is not None and now_s > self._stopping.kill_at_s:
            return True
        if self._load_seen_s is None:
            limit_s = self._started_s + START_LIMIT_S * (1 if self._order.spread is None else 2)
        else:
            drain_s = plan.graceful_stop_s + plan.timeout_s
            limit_s = self._load_seen_s + plan.duration_s + drain_s + AFTER_END_S
        if record.sum.last is not None:
            limit_s = min(limit_s, self._heard_s + SILENCE_S)
        if now_s <= limit_s or self._stopping.ending.asked is not None:
            return False
        silent = now_s - self._heard_s >= SILENCE_S
        why = f"said nothing for {SILENCE_S:.0f} s" if silent else "did not end in time"
        self._stopping.ending = Ending(
            asked=EndState.INCOMPLETE, detail=f"the load process {why} and was ended"
        )
        return True

    def _conclude(self, process: EngineProcess, record: Record) -> Run:
        self._raise_what_kept_it_from_starting(record)
        ending = self._stopping.ending
        refused = record.sum.event("NOT_ALLOWED")
        if refused is not None:
            raise RefusedError(
                f"the scenario tried to connect to {refused.text}, which is not on the allow-list; "
                "the run was stopped; next: list it under targets in perf.yaml, or do not call it"
            )
        lost = record.sum.event("LOST")
        if lost is not None and ending.asked in {None, EndState.INCOMPLETE}:
            ending = Ending(asked=EndState.INCOMPLETE, detail=ending.detail or lost.text)
        elif record.sum.final is None and ending.asked is None:
            ending = Ending(asked=EndState.INCOMPLETE, detail=_why_it_ended(process, record))
        return build_run(self._order, record, ending)

    def _raise_what_kept_it_from_starting(self, record: Record) -> None:
        error: PerfError | None = None
        if event := record.sum.event("SCENARIO"):
            error = ScenarioError(f"{event.text}; nothing was sent")
        elif event := record.sum.event("MISMATCH") or record.sum.event("PORT"):
            error = UsageError(f"{event.text}; before load, nothing sent")
        elif event := record.sum.event("UNREACHED"):
            error = UnreachableError(f"{event.text}; before load, nothing sent")
        if error is not None:
            # nothing was measured: there is nothing to recover
            shutil.rmtree(self._around.folder, ignore_errors=True)
            raise error


def _when(record: Record) -> str:
    last = record.sum.last
    return f" at {last.at_s:.1f} s" if last is not None and last.at_s > 0.0 else " before the load"


def _why_it_ended(process: EngineProcess, record: Record) -> str:
    missing = record.sum.event("VUS")
    if missing is not None:
        return f"{missing.text}; the load was not started"
    return process.how_it_ended(_when(record))
