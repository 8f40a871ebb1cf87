"""One command run to its end, to its timeout or until it is stopped; nothing of it is left."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from perf_documents.redact import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from perf_documents.redact import Redactor

MOST_BYTES = 64 * 1024
_POLL_S = 0.05
_MOST_READS = 64
_SHOWN = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a command ended.

    Attributes
    ----------
    status : int or None
        Exit status, negative for a signal; None where it was not started or was killed here.
    out, err : str
        What it printed: without secrets, at most 64 KiB of each.
    duration_s : float
    why : str
        What went wrong; empty for exit status 0.
    """

    status: int | None
    out: str
    err: str
    duration_s: float
    why: str

    @property
    def said(self) -> str:
        """Last line of what it complained of, short enough for a message."""
        lines = (self.err.strip() or self.out.strip()).splitlines()
        return visible(lines[-1].strip(), _SHOWN) if lines else ""


@dataclass(slots=True)
class _Heard:
    """Output read as it comes, so that no full pipe stops the command; kept up to a limit."""

    redactor: Redactor
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _kept: dict[int, bytearray] = field(default_factory=dict)

    def add(self, stream: IO[bytes]) -> int:
        """Listen to one more stream."""
        descriptor = stream.fileno()
        os.set_blocking(descriptor, False)
        self._selector.register(descriptor, selectors.EVENT_READ)
        self._kept[descriptor] = bytearray()
        return descriptor

    def listen(self, wait_s: float) -> bool:
        """Read what there is, waiting for it so long; whether there was anything."""
        ready = self._selector.select(wait_s)
        for key, _ in ready:
            data = os.read(key.fd, MOST_BYTES)
            if not data:
                self._selector.unregister(key.fd)
            kept = self._kept[key.fd]
            # one byte over the limit shows that something was cut
            kept += data[: MOST_BYTES + 1 - len(kept)]
        return bool(ready)

    def text(self, descriptor: int) -> str:
        """What was heard, without secrets."""
        kept = self._kept[descriptor]
        text = kept[:MOST_BYTES].decode("utf-8", "replace")
        if len(kept) > MOST_BYTES:
            # half a secret would not be known as one: what the cut went through is dropped
            text = text[: max(text.rfind(" "), text.rfind("\n")) + 1]
        return self.redactor.clean(text)

    def close(self) -> None:
        """Stop listening."""
        self._selector.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Runs commands.

    Attributes
    ----------
    folder : Path
        Where they run.
    environ : mapping of str to str
    redactor : Redactor
        Removes secrets from what they print.
    clock : callable
        Monotonic seconds.
    """

    folder: Path
    environ: Mapping[str, str]
    redactor: Redactor
    clock: Callable[[], float]

    def run(self, arguments: Sequence[str], timeout_s: float, stop: Callable[[], bool]) -> Ran:
        """Run one command; when time is up, or `stop` says so, its whole process group is killed.

        A kill, not a request to end: what may be repeated may also be cut short, and a command
        that hangs is not one that listens.
        """
        began_s = self.clock()
        try:
            # a session of its own: the terminal's ^C reaches perf, which then rolls back
            process = subprocess.Popen(
                list(arguments),
                cwd=self.folder,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            why = f"could not be started: {error.strerror}"
            return Ran(status=None, out="", err="", duration_s=self.clock() - began_s, why=why)
        heard = _Heard(self.redactor)
        with process:
            streams = [heard.add(stream) for stream in (process.stdout, process.stderr) if stream]
            try:
                why = self._follow(process, heard, began_s + timeout_s, stop)
            finally:
                killed = process.poll() is None
                _kill_group(process.pid)
                process.wait()
            for _ in range(_MOST_READS):
                if not heard.listen(0.0):
                    break
        out, err = map(heard.text, streams)
        heard.close()
        status = None if killed else process.returncode
        if why == _TIME_UP:
            why = f"killed: it had not ended after {timeout_s:g} s"
        return Ran(
            status=status,
            out=out,
            err=err,
            duration_s=self.clock() - began_s,
            why=why or _complaint(process.returncode),
        )

    def _follow(
        self,
        process: subprocess.Popen[bytes],
        heard: _Heard,
        deadline_s: float,
        stop: Callable[[], bool],
    ) -> str:
        """Wait for the end of a command; why it has to be killed before, empty if it ended."""
        while process.poll() is None:
            if stop():
                return "killed: the rollout was stopped"
            if self.clock() >= deadline_s:
                return _TIME_UP
            heard.listen(_POLL_S)
        return ""


_TIME_UP = "time is up"


def _kill_group(pid: int) -> None:
    """Kill what is left of a group; macOS refuses where only the dead are in it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _complaint(status: int) -> str:
    if status == 0:
        return ""
    return f"exit status {status}" if status > 0 else f"ended by signal {-status}"
