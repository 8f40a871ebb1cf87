"""One more load process for a run that is judged elsewhere."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from perf_documents.errors import (
    PerfError,
    RefusedError,
    ScenarioError,
    UnreachableError,
    UsageError,
)
from perf_documents.events import Notice
from perf_documents.files import make_private_folder, write_atomic
from perf_loadtests import spool
from perf_loadtests.assemble import Record
from perf_loadtests.processes import EngineProcess
from perf_loadtests.protocol import STOP, WORKER

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_documents.plan import Plan
    from perf_loadtests.protocol import Order
    from perf_loadtests.supervisor import Surroundings

POLL_S = 0.1
# waiting for the master, for the other workers, and for the last acknowledgement
BESIDE_LOAD_S = 300.0
STOP_LIMIT_S, SILENCE_S = 10.0, 10.0


class Joining:
    """One worker engine, watched; its master keeps what it measures."""

    def __init__(
        self, order: Order, plan: Plan, around: Surroundings, place: tuple[str, int]
    ) -> None:
        self._order = order
        self._plan = plan
        self._around = around
        self._place = place
        load_s = plan.duration_s + plan.graceful_stop_s + plan.timeout_s
        self._until_s = around.clock() + BESIDE_LOAD_S + load_s
        self._shown = 0
        self._stuck = ""

    def run(self) -> str:
        """Load until the master has acknowledged the end; why it has not, or empty.

        Raises
        ------
        UsageError
            If the master does not want this worker.
        UnreachableError
            If there is none.
        """
        folder, place = self._around.folder, self._place
        make_private_folder(folder.parent)
        make_private_folder(folder)
        write_atomic(folder / spool.PLAN_FILE, self._order.model_dump_json().encode())
        descriptor = spool.create(folder / spool.SPOOL_FILE)
        try:
            record = Record(spool.SpoolReader(descriptor), self._plan, self._order)
            role = f"{WORKER}@{place[0]}:{place[1]}"
            workspace, environ = self._order.workspace, self._around.environ
            process = EngineProcess(folder, workspace, environ, descriptor, role)
            try:
                self._watch(process, record, descriptor)
            finally:
                process.close(self._around.log)
            record.poll()
        finally:
            os.close(descriptor)
        self._raise_what_kept_it_out(record)
        if record.sum.final is not None:
            shutil.rmtree(folder, ignore_errors=True)
            return ""
        lost = record.sum.event("LOST")
        return lost.text if lost else self._stuck or process.how_it_ended("", "load process")

    def _watch(self, process: EngineProcess, record: Record, descriptor: int) -> None:
        heard = 0
        life = _Life(self._around.clock, descriptor)
        while process.status() is None:
            record.poll()
            self._show(record)
            signals = len(self._around.stop.signals)
            if signals > heard:
                process.tell(STOP)
                self._until_s = self._around.clock() + (STOP_LIMIT_S if heard == 0 else 0.0)
                heard = signals
            silent = life.silent_s() > SILENCE_S and record.sum.event("PLACED") is not None
            if silent or self._around.clock() > self._until_s:
                self._stuck = f"its load process {'hung' if silent else 'did not end in time'}"
                process.end()
                return
            self._around.sleep(POLL_S)

    def _show(self, record: Record) -> None:
        for event in record.sum.events[self._shown :]:
            if event.kind in {"PLACED", "LOST"}:
                self._around.emit(Notice(text=event.text, warning=event.kind == "LOST"))
        self._shown = len(record.sum.events)

    def _raise_what_kept_it_out(self, record: Record) -> None:
        host, port = self._place
        error: PerfError | None = None
        if event := record.sum.event("SCENARIO"):
            error = ScenarioError(f"{event.text}; nothing was sent")
        elif event := record.sum.event("REFUSED"):
            error = UsageError(f"the master at {host}:{port} refused this worker: {event.text}; "
                               "before load, nothing sent")  # fmt: skip
        elif event := record.sum.event("UNREACHED"):
            error = UnreachableError(f"{host}:{port}: {event.text}; before load, nothing sent")
        elif event := record.sum.event("NOT_ALLOWED"):
            error = RefusedError(f"{event.text} is not on the allow-list; the run was stopped")
        if error is not None:
            shutil.rmtree(self._around.folder, ignore_errors=True)
            raise error


class _Life:
    """How long the event loop of an engine has stood still: it touches its spool each second."""

    def __init__(self, clock: Callable[[], float], descriptor: int) -> None:
        self._clock = clock
        self._descriptor = descriptor
        self._seen = (0, clock())

    def silent_s(self) -> float:
        """Seconds since the last touch that was new."""
        now_s, touched = self._clock(), os.fstat(self._descriptor).st_mtime_ns
        if touched != self._seen[0]:
            self._seen = touched, now_s
        return now_s - self._seen[1]
