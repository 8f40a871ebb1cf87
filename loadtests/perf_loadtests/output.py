"""What an engine prints: read so that it never blocks, kept by head and tail only."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from perf_documents.files import write_atomic

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

CAP_BYTES = 512 * 1024
CHUNK_BYTES = 64 * 1024


class CappedOutput:
    """At most 1 MiB of a process's output: its first and its last half, without secrets.

    Parameters
    ----------
    process : subprocess.Popen
        With a pipe for its output.
    clean : callable
        Removes secrets: what a scenario prints is kept, and uploaded as an artifact.
    """

    def __init__(self, process: subprocess.Popen[bytes], clean: Callable[[str], str]) -> None:
        self._stream = process.stdout
        self._clean = clean
        self._head = bytearray()
        self._tail = bytearray()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def finish(self, path: Path | None) -> None:
        """Wait for the end of the stream, then write what was kept."""
        self._thread.join(2.0)
        text = self.text().encode("utf-8", "backslashreplace")
        if path is not None and text:
            with contextlib.suppress(Exception):
                # a log that cannot be written loses no measurement
                write_atomic(path, text)

    def text(self) -> str:
        """What was kept, head first."""
        kept = bytes(self._head) + bytes(self._tail)
        return self._clean(kept.decode("utf-8", "backslashreplace"))

    def last_line(self) -> str:
        """Last line that is not blank, cut at 200 characters."""
        lines = [line for line in self.text().splitlines() if line.strip()]
        return lines[-1][:200] if lines else "no output"

    def _read(self) -> None:
        if self._stream is None:
            return
        with self._stream as stream:
            while chunk := stream.read1(CHUNK_BYTES):  # type: ignore[attr-defined]  # buffered
                room = CAP_BYTES - len(self._head)
                self._head += chunk[:room] if room > 0 else b""
                self._tail += chunk[max(0, room) :]
                # not after each chunk: what is cut off at the front is moved
                if len(self._tail) > 2 * CAP_BYTES:
                    del self._tail[:-CAP_BYTES]
            del self._tail[:-CAP_BYTES]
