"""Starts an engine, watches its record, stops it, and decides what the record is worth."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from perf_analysis.abort import breach_to_abort
from perf_analysis.facts import EndState
from perf_analysis.failure_classes import TRANSPORT_CLASSES
from perf_documents.errors import RefusedError, ScenarioError
from perf_documents.events import Notice, Progress
from perf_documents.files import make_private_folder, write_atomic
from perf_documents.redact import Redactor, secrets_of
from perf_loadtests import spool
from perf_loadtests.assemble import Ending, Record, build_run
from perf_loadtests.output import CappedOutput
from perf_loadtests.protocol import ABORT, STOP
from perf_loadtests.recover import owner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from perf_documents.plan import Plan
    from perf_documents.run import Run
    from perf_loadtests.protocol import Order

POLL_S = 0.1
SILENCE_S = 10.0
START_LIMIT_S = 90.0
AFTER_END_S = 10.0
STOP_LIMIT_S = 4.0
KILL_AFTER_S = 3.0
TRANSPORT_ONLY_S = 10.0


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
    """One run of one engine process."""

    def __init__(self, order: Order, plan: Plan, around: Surroundings) -> None:
        self._order = order
        self._plan = plan
        self._around = around
        self._stopping = _Stopping()
        self._control = -1
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
        try:
            record = Record(spool.SpoolReader(descriptor), self._plan, self._order)
            control_out, self._control = os.pipe()
            try:
                process = self._start(descriptor, control_out)
            finally:
                os.close(control_out)
            output = CappedOutput(process, Redactor(secrets_of(self._around.environ)).clean)
            try:
                self._watch(process, record)
            finally:
                self._end(process)
                os.close(self._control)
                output.finish(self._around.log)
            while record.poll():
                self._show(record)
            return self._conclude(process, record, output)
        finally:
            os.close(descriptor)

    def _start(self, descriptor: int, control: int) -> subprocess.Popen[bytes]:
        arguments = [str(self._around.folder), str(descriptor), str(control), str(os.getpid())]
        return subprocess.Popen(
            # -P: the workspace may hold modules named like the standard library's
            [sys.executable, "-P", "-m", "perf_loadtests.engine", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self._order.workspace,
            env=dict(self._around.environ),
            pass_fds=(descriptor, control),
            start_new_session=True,
        )

    def _watch(self, process: subprocess.Popen[bytes], record: Record) -> None:
        while process.poll() is None:
            if record.poll():
                self._heard_s = self._around.clock()
                self._show(record)
            self._obey_signals(process)
            self._check_rules(record)
            if self._overdue(record):
                self._end(process)
                return
            self._around.sleep(POLL_S)

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

    def _obey_signals(self, process: subprocess.Popen[bytes]) -> None:
        seen = len(self._around.stop.signals)
        if seen == self._stopping.signals:
            return
        first, self._stopping.signals = self._stopping.signals == 0, seen
        if not first:
            # the second says: at once. The spool is durable as it is
            self._end(process)
            return
        name = signal.Signals(self._around.stop.signals[0]).name
        self._ask(STOP, EndState.INTERRUPTED, f"interrupted by {name}", STOP_LIMIT_S)
        self._around.emit(Notice(text=f"{name}: stopping; what was measured is kept"))

    def _check_rules(self, record: Record) -> None:
        if self._stopping.ending.asked is not None or record.sum.last is None:
            return
        at_s, only_s = record.sum.last.at_s, record.sum.only_transport_s
        if only_s >= TRANSPORT_ONLY_S:
            classes = ", ".join(record.sum.class_counts(sorted(TRANSPORT_CLASSES)))
            detail = f"target stopped answering at {at_s - only_s:.1f} s ({classes})"
            self._abort(EndState.STOPPED, detail)
            return
        if record.sum.last is not self._judged:
            self._judged = record.sum.last
            self._check_thresholds(record, at_s)

    _judged: object = None

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
        with contextlib.suppress(OSError):
            os.write(self._control, word)

    def _overdue(self, record: Record) -> bool:
        """Whether the engine must be ended: silent, or past every deadline it had."""
        if record.reader.damage is not None:
            # nothing after it can be read, so nothing would end the load
            detail = self._stopping.ending.detail or record.problem()
            state = self._stopping.ending.asked or EndState.INCOMPLETE
            self._stopping.ending = Ending(asked=state, detail=detail)
            return True
        now_s, plan = self._around.clock(), self._plan
        if self._stopping.kill_at_s is not None and now_s > self._stopping.kill_at_s:
            return True
        if self._load_seen_s is None:
            limit_s = self._started_s + START_LIMIT_S
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

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """End the whole process group: politely, then for good."""
        if process.poll() is None:
            self._signal_group(process, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(KILL_AFTER_S)
        # what the scenario may have left behind in the group goes too
        self._signal_group(process, signal.SIGKILL)
        process.wait()

    def _signal_group(self, process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)

    def _conclude(
        self, process: subprocess.Popen[bytes], record: Record, output: CappedOutput
    ) -> Run:
        for event in record.sum.events:
            if event.kind == "SCENARIO":
                # nothing was measured: there is nothing to recover
                shutil.rmtree(self._around.folder, ignore_errors=True)
                raise ScenarioError(f"{event.text}; nothing was sent")
        ending = self._stopping.ending
        refused = [event.text for event in record.sum.events if event.kind == "NOT_ALLOWED"]
        if refused:
            raise RefusedError(
                f"the scenario tried to connect to {refused[0]}, which is not on the allow-list; "
                "the run was stopped; next: list it under targets in perf.yaml, or do not call it"
            )
        if record.sum.final is None and ending.asked is None:
            ending = Ending(
                asked=EndState.INCOMPLETE, detail=self._why_it_ended(process, record, output)
            )
        return build_run(self._order, record, ending)

    def _why_it_ended(
        self, process: subprocess.Popen[bytes], record: Record, output: CappedOutput
    ) -> str:
        missing = [event.text for event in record.sum.events if event.kind == "VUS"]
        if missing:
            return f"{missing[0]}; the load was not started"
        last = record.sum.last
        when = f" at {max(0.0, last.at_s):.1f} s" if last else " before the load"
        status = process.returncode
        if status < 0:
            hint = "; perhaps out of memory" if status == -signal.SIGKILL else ""
            return f"load process ended by signal {-status}{when}{hint}"
        if status == 0:
            return f"no completion record{when}; the scenario ended the load process"
        return f"load process ended with status {status}{when}: {output.last_line()}"
