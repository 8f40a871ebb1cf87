"""What a rollout did, written down before and after it is done: JSON lines, synced one by one."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from perf_documents.errors import StoreError
from perf_documents.strict_json import dump_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from perf_documents.redact import Redactor

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line.

    Attributes
    ----------
    event : str
        `begin`, `command`, `ended`, `look`, `decision` or `end`.
    step : int or None
        From 1; None outside the steps.
    weight : float or None
        In percent.
    command : tuple of str or None
    exit_status : int or None
    duration_s : float or None
    reason : str
    """

    event: str
    step: int | None = None
    weight: float | None = None
    command: tuple[str, ...] | None = None
    exit_status: int | None = None
    duration_s: float | None = None
    reason: str = ""


@dataclass(slots=True)
class Audit:
    """A file of entries, appended to; made with mode 0600.

    A line that cannot be written does not stop a rollout: least of all a rollback. It is
    remembered in `lost`, and the rollout does not end in 0.
    """

    path: Path
    rollout: str
    now: Callable[[], datetime]
    redactor: Redactor
    lost: str = ""
    _descriptor: int = field(init=False, default=-1)

    def open(self) -> None:
        """Open the file.

        Raises
        ------
        StoreError
            Before anything was done, if it cannot be written.
        """
        try:
            self._descriptor = os.open(self.path, _FLAGS, 0o600)
            self._end_last_line()
        except OSError as error:
            raise StoreError(
                f"audit {self.path}: cannot be written: {error.strerror}; expected a file of mode "
                "0600; next: correct audit in the plan"
            ) from error

    def note(self, entry: Entry) -> None:
        """Append one entry and sync it."""
        line = {"time": self._time(), "rollout": self.rollout, **asdict(entry)}
        line["reason"] = self.redactor.clean(entry.reason)
        if entry.command is not None:
            line["command"] = [self.redactor.clean(argument) for argument in entry.command]
        try:
            left = memoryview(dump_json(line))
            while left:
                left = left[os.write(self._descriptor, left) :]
            os.fsync(self._descriptor)
        except OSError as error:
            self.lost = self.lost or f"audit {self.path}: {error.strerror}"

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _time(self) -> str:
        return self.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _end_last_line(self) -> None:
        """A killed writer may have left half a line: the next begins on one of its own."""
        size = os.fstat(self._descriptor).st_size
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            os.write(self._descriptor, b"\n")
        os.fsync(self._descriptor)
