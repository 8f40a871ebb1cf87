"""Gates run as child processes of the command itself, each with a deadline and none left behind.

The arguments come from perf.yaml alone: nothing that a request carries reaches them.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from perf_canary.gates import INFRA, Ending
from perf_documents.canary_looks import Answer
from perf_documents.errors import DocumentError
from perf_documents.serve_config import CanaryGate, ProfileGate
from perf_documents.strict_json import parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from perf_documents.serve_config import Gate

# start of target and engine, the wait for an answer, judging and storing
ALLOWANCE_S = 300.0
STOP_LIMIT_S = 10.0
MAX_OUTPUT_BYTES = 16 << 20
CODES = frozenset({0, 1, 2, 3, 4, 5, 70, 129, 130, 143})
# what a run says, and a watched canary
_GOOD = ("pass", str(Answer.PROMOTE))
_SIGNALLED = 128
TERMINATED = 143
_MEANING = {
    0: "pass",
    1: "fail",
    2: "the gate's profile, rules or target cannot be used",
    3: "inconclusive",
    4: "a safety guard refused the run",
    5: "something that was needed could not be reached or kept",
    70: "internal error of perfproof",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What children get: the command, its folder and environment, and descriptors to inherit."""

    command: Sequence[str]
    folder: Path
    environ: Mapping[str, str]
    inherited: tuple[int, ...] = ()


def arguments_of(gate: Gate) -> tuple[str, ...]:
    """Arguments of the command that runs a gate."""
    match gate:
        case ProfileGate():
            return ("run", "--profile", gate.profile, "--target", gate.target, "--json")
        case CanaryGate():
            return (
                "check", gate.rules, "--prometheus", gate.prometheus,
                "--for", gate.duration, "--every", gate.every, "--json",
            )  # fmt: skip


class GateRuns:
    """Starts gates and watches each from a thread of its own.

    Parameters
    ----------
    around : Surroundings
    planned_s : callable
        How long the work of a gate is planned to take.
    """

    def __init__(self, around: Surroundings, planned_s: Callable[[Gate], float]) -> None:
        self._around = around
        self._planned_s = planned_s
        self._lock = threading.Lock()
        self._closed = False
        self._children: set[subprocess.Popen[bytes]] = set()
        self._threads: set[threading.Thread] = set()

    def __call__(self, gate: Gate, done: Callable[[Ending], None]) -> float:
        """Begin a run; `done` is called from another thread when it has ended."""
        planned_s = self._planned_s(gate)
        thread = threading.Thread(target=self._watch, args=(gate, planned_s, done), daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()
        return planned_s

    def close(self) -> None:
        """End every child, first politely, and wait until each end is noted."""
        with self._lock:
            self._closed = True
            children, threads = tuple(self._children), tuple(self._threads)
        for child in children:
            child.terminate()
        for thread in threads:
            # twice: once politely, once not; a thread does nothing else
            thread.join(2 * STOP_LIMIT_S)

    def _watch(self, gate: Gate, planned_s: float, done: Callable[[Ending], None]) -> None:
        ending = Ending(exit_code=None, reason="the run was not watched to its end")
        try:
            with tempfile.TemporaryFile() as output:
                ending = self._run(gate, planned_s + ALLOWANCE_S, output)
        except OSError as error:
            ending = Ending(exit_code=INFRA, reason=f"the run cannot be started: {error.strerror}")
        finally:
            # whatever happened in here, nobody waits for ever
            done(ending)
            with self._lock:
                self._threads.discard(threading.current_thread())

    def _run(self, gate: Gate, deadline_s: float, output: IO[bytes]) -> Ending:
        with self._lock:
            # under the lock, so that close() sees every child
            if self._closed:
                return Ending(exit_code=TERMINATED, reason="the server ended before the run began")
            child = subprocess.Popen(
                [*self._around.command, *arguments_of(gate)],
                cwd=self._around.folder,
                env=dict(self._around.environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                pass_fds=self._around.inherited,
                # an interrupt typed at the server reaches the child once: from the server
                start_new_session=True,
            )
            self._children.add(child)
        try:
            late = self._await(child, deadline_s)
        finally:
            with self._lock:
                self._children.discard(child)
        if late:
            text = f"the run took longer than {deadline_s:.0f} s and was ended"
            return Ending(exit_code=None, reason=text)
        output.seek(0)
        return ending_of(child.returncode, output.read(MAX_OUTPUT_BYTES + 1))

    def _await(self, child: subprocess.Popen[bytes], deadline_s: float) -> bool:
        """Wait for the end of a child; whether it had to be ended for being late."""
        left_s, late = deadline_s, False
        while True:
            try:
                # short waits, for a server that is ending allows less than the deadline
                child.wait(min(left_s, STOP_LIMIT_S))
            except subprocess.TimeoutExpired:
                left_s -= STOP_LIMIT_S
                if self._closed or late:
                    child.kill()
                elif left_s <= 0:
                    late = True
                    child.terminate()
                    left_s = STOP_LIMIT_S
            else:
                return late


def ending_of(status: int, output: bytes) -> Ending:
    """How a child ended, by its exit status and its one document.

    A pass needs both: a status of 0 alone could come from anything that shadows the command.
    """
    code = _SIGNALLED - status if status < 0 else status
    if code not in CODES:
        return Ending(exit_code=None, reason=f"the run ended with status {status}")
    document = _document(output)
    run_id = document.get("run_id")
    said = document.get("headline") or document.get("reason")
    reason = said if isinstance(said, str) else _MEANING.get(code, "the run was interrupted")
    if code == 0 and document.get("verdict", document.get("answer")) not in _GOOD:
        return Ending(exit_code=None, reason="the run ended with status 0 and without a verdict")
    return Ending(exit_code=code, reason=reason, run_id=run_id if isinstance(run_id, str) else None)


def _document(output: bytes) -> dict[str, object]:
    """The document on stdout; empty where there is no such."""
    if len(output) > MAX_OUTPUT_BYTES:
        return {}
    try:
        document = parse_json(output)
    except DocumentError:
        return {}
    return cast("dict[str, object]", document) if isinstance(document, dict) else {}
