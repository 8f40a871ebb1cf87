"""Starts the service as a child process, and stops it."""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Self

from perf_loadtests.target import DEFAULT_TOKEN, TOKEN_VARIABLE

START_DEADLINE_S = 10.0
STOP_DEADLINE_S = 2.0
SERVICE, PLAIN = "perf_loadtests.target", "perf_loadtests.target.plain"
_MAX_LINE_BYTES = 4_096
_MAX_MESSAGE_BYTES = 65_536


class TargetStartError(RuntimeError):
    """The service did not come up."""


class DemoTarget:
    """A running service; leave its `with` block, or call `stop`, to end it.

    Start it from a thread that outlives it: on Linux it ends with the thread that started it.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        flags: Sequence[str] = (),
        *,
        start_deadline_s: float = START_DEADLINE_S,
        module: str = SERVICE,
    ) -> None:
        """Start the service with command-line `flags` and wait until it listens."""
        self.token_env_value = environ.get(TOKEN_VARIABLE, DEFAULT_TOKEN)
        command = [sys.executable, "-P", "-m", module]
        command += ["--with-parent", str(os.getpid()), *flags]
        self.messages = ""  # what the service wrote to stderr; known once it has stopped
        # A file, not a pipe: nobody reads a pipe later on, and a full one would stop the service.
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  closed by stop()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env=dict(environ),
                process_group=0,  # Ctrl-C is for the command; it stops the service when it is done
            )
        except OSError as error:
            self._stderr.close()
            raise TargetStartError(f"the demo target cannot be started: {error}") from error
        try:
            self.url = self._await_url(time.monotonic() + start_deadline_s)
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """The process id of the service."""
        return self._process.pid

    def stop(self) -> int:
        """End the service, by force if it does not listen; its exit code. May be called again."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_DEADLINE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        code = self._process.wait()
        if not self._stderr.closed:
            self._stderr.seek(0)
            self.messages = self._stderr.read(_MAX_MESSAGE_BYTES).decode(errors="replace").strip()
            self._stderr.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _await_url(self, deadline_s: float) -> str:
        line = self._read_line(deadline_s)
        if line.endswith(b"\n"):
            url = json.loads(line)["url"]
            if isinstance(url, str):
                return url
        if self._process.poll() is None and time.monotonic() >= deadline_s:
            raise TargetStartError("the demo target did not say in time where it listens")
        code = self.stop()
        said = self.messages or "no message"
        raise TargetStartError(f"the demo target ended with code {code}: {said}")

    def _read_line(self, deadline_s: float) -> bytes:
        """Return what the service has written until a line end, its own end, or the deadline."""
        line = b""
        stdout = self._process.stdout
        while stdout is not None and not line.endswith(b"\n") and len(line) < _MAX_LINE_BYTES:
            left_s = max(0.0, deadline_s - time.monotonic())
            if not select.select([stdout], [], [], left_s)[0]:
                break
            received = os.read(stdout.fileno(), _MAX_LINE_BYTES)
            if not received:
                break
            line += received
        return line
