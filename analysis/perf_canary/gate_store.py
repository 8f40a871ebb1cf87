"""The table of keys on disk: one small file per gate, replaced whole with every change."""

from __future__ import annotations

import fcntl
import math
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, cast

from perf_documents.errors import DocumentError, InfraError, StoreError
from perf_documents.files import (
    make_private_folder,
    read_bounded,
    remove_stale_temporaries,
    write_atomic,
)
from perf_documents.strict_json import dump_json, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SCHEMA = "perfproof.gate/1"
MAX_FILE_BYTES = 8 << 20
_LOCK = "lock"
_STALE_S = 3_600.0
_LEAVE = "move the file away to begin with an empty table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One run of a gate for one key.

    Attributes
    ----------
    key : str
    started_s, ended_s : float, float or None
        Unix time; without an end it is running.
    expected_s : float or None
        How long it was planned to take.
    exit_code : int or None
        From the closed list; None where it ended in no such way.
    reason : str
        One line.
    run_id : str or None
    """

    key: str
    started_s: float
    ended_s: float | None = None
    expected_s: float | None = None
    exit_code: int | None = None
    reason: str = ""
    run_id: str | None = None


class GateFiles:
    """Entries by gate below one folder, which one server at a time holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.lock = -1

    def open(self) -> None:
        """Take the folder; its lock is inherited by runs, so that it outlasts a killed server.

        Raises
        ------
        InfraError
            If another server, or a run that one began, still works there.
        """
        make_private_folder(self._folder)
        remove_stale_temporaries(self._folder, _STALE_S)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self.lock = os.open(self._folder / _LOCK, flags, 0o600)
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise InfraError(
                f"{self._folder}: another perf serve, or a run that a killed one began, still "
                "works here; next: end it, or wait until it has ended"
            ) from None
        except OSError as error:
            raise StoreError(f"{self._folder}: cannot be locked: {error.strerror}") from error

    def close(self) -> None:
        """Leave the folder to others."""
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1

    def load(self, gate: str) -> tuple[Entry, ...]:
        """Entries of a gate; `DocumentError` where its file is not what was written."""
        path = self._path(gate)
        if not os.path.lexists(path):
            return ()
        try:
            document = parse_json(read_bounded(path, MAX_FILE_BYTES))
            return tuple(map(_entry, _entries(document)))
        except DocumentError as error:
            text = str(error).removeprefix(f"{path}: ")
            raise DocumentError(f"{path}: {text}; {_LEAVE}") from error

    def save(self, gate: str, entries: Iterable[Entry]) -> None:
        """Replace the entries of a gate."""
        document = {"schema": SCHEMA, "entries": [asdict(entry) for entry in entries]}
        write_atomic(self._path(gate), dump_json(document))

    def probe(self) -> None:
        """Raise `StoreError` unless files can be written here."""
        remove_stale_temporaries(self._folder, _STALE_S)

    def _path(self, gate: str) -> Path:
        return self._folder / f"{gate}.json"


def _entries(document: object) -> list[object]:
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise DocumentError(f"is not a table of {SCHEMA}")
    entries = document.get("entries")
    if not isinstance(entries, list):
        raise DocumentError("has no list of entries")
    return entries


def _entry(value: object) -> Entry:
    if not isinstance(value, dict) or set(value) != set(Entry.__dataclass_fields__):
        raise DocumentError("an entry has other fields")
    fields = cast("dict[str, object]", value)
    texts = all(isinstance(fields[name], str) for name in ("key", "reason"))
    numbers = _is_number(fields["started_s"]) and all(
        fields[name] is None or _is_number(fields[name]) for name in ("ended_s", "expected_s")
    )
    code, run_id = fields["exit_code"], fields["run_id"]
    whole = code is None or type(code) is int
    if not (texts and numbers and whole and (run_id is None or isinstance(run_id, str))):
        raise DocumentError("a field of an entry is of another kind")
    return Entry(**value)


def _is_number(value: object) -> bool:
    return type(value) in {int, float} and math.isfinite(cast("float", value))
