"""Engine processes: started in groups of their own, told words, ended for good."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from perf_documents.redact import Redactor, secrets_of
from perf_loadtests import spool
from perf_loadtests.output import CappedOutput
from perf_loadtests.protocol import ALONE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KILL_AFTER_S, WORKER_KILL_AFTER_S = 3.0, 0.5


class EngineProcess:
    """One engine process, its control pipe and its output.

    Parameters
    ----------
    folder : Path
        Holds the order.
    workspace : str
    environ : mapping of str to str
    descriptor : int
        Of the spool it writes.
    role : str
        `alone`, `master` or `worker@HOST:PORT`.
    """

    def __init__(
        self, folder: Path, workspace: str, environ: Mapping[str, str], descriptor: int,
        role: str = ALONE,
    ) -> None:  # fmt: skip
        control, self._control = os.pipe()
        arguments = [str(folder), str(descriptor), str(control), str(os.getpid()), role]
        try:
            self._process = subprocess.Popen(
                # -P: the workspace may hold modules named like the standard library's
                [sys.executable, "-P", "-m", "perf_loadtests.engine", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=workspace,
                env=dict(environ),
                pass_fds=(descriptor, control),
                start_new_session=True,
            )
        finally:
            os.close(control)
        self.output = CappedOutput(self._process, Redactor(secrets_of(environ)).clean)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def status(self) -> int | None:
        """Exit status; None while it runs."""
        return self._process.poll()

    def tell(self, word: bytes) -> None:
        """Write a word into its control pipe."""
        with contextlib.suppress(OSError):
            os.write(self._control, word)

    def ask_to_end(self) -> None:
        """Ask the whole process group to end."""
        if self.status() is None:
            self._signal_group(signal.SIGTERM)

    def end(self, grace_s: float = KILL_AFTER_S) -> None:
        """End the whole process group: politely, then for good."""
        self.ask_to_end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_s)
        # what the scenario may have left behind in the group goes too
        self._signal_group(signal.SIGKILL)
        self._process.wait()

    def close(self, log: Path | None, grace_s: float = KILL_AFTER_S) -> None:
        """End it, and write down what it printed."""
        self.end(grace_s)
        os.close(self._control)
        self.output.finish(log)

    def how_it_ended(self, when: str, name: str = "load process") -> str:
        """End in words, for one that left no completion record."""
        status = self._process.returncode
        if status < 0:
            hint = "; perhaps out of memory" if status == -signal.SIGKILL else ""
            return f"{name} ended by signal {-status}{when}{hint}"
        if status == 0:
            return f"no completion record{when}; the scenario ended the {name}"
        return f"{name} ended with status {status}{when}: {self.output.last_line()}"

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


class LocalWorkers:
    """Worker processes on this machine, started once their master listens."""

    def __init__(self, folder: Path, workspace: str, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._workspace = workspace
        self._environ = environ
        self.processes: list[EngineProcess] = []

    def start(self, count: int, place: str) -> None:
        """Start so many; each has a spool that says how it came to join."""
        for number in range(1, count + 1):
            descriptor = spool.create(self._folder / f"worker-{number}.jsonl")
            try:
                made = EngineProcess(
                    self._folder, self._workspace, self._environ, descriptor, f"worker@{place}"
                )
            finally:
                os.close(descriptor)
            self.processes.append(made)

    def ended(self) -> list[EngineProcess]:
        """Those that are no longer there."""
        return [process for process in self.processes if process.status() is not None]

    def close(self, log: Path | None) -> None:
        """End them all; without a master they have nothing more to tell."""
        for process in self.processes:
            process.ask_to_end()
        for number, process in enumerate(self.processes, start=1):
            name = f"{log.stem}-worker-{number}{log.suffix}" if log else ""
            process.close(log.with_name(name) if log else None, WORKER_KILL_AFTER_S)
