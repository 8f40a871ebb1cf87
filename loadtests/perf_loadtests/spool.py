"""The durable record of a run: append-only lines of checksum, sequence number and JSON."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_documents.errors import DocumentError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PLAN_FILE = "plan.json"
SPOOL_FILE = "spool.jsonl"
OWNER_FILE = "owner.json"
MAX_LINE_BYTES = 64 * 1024 * 1024
_READ_BYTES = 1 << 20
_JSON = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def create(path: Path) -> int:
    """Create an empty spool for writing and return its descriptor; it must not exist."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW
    try:
        return os.open(path, flags, 0o600)
    except OSError as error:
        raise StoreError(f"{path}: the spool cannot be created: {error.strerror}") from error


class SpoolWriter:
    """Appends records; used by the engine only, through a descriptor it was given."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._sequence = 0
        self._digest = hashlib.sha256()

    @property
    def last_sequence(self) -> int:
        """Number of the last record written; 0 before the first."""
        return self._sequence

    @property
    def digest(self) -> str:
        """SHA-256 of all bytes written so far."""
        return self._digest.hexdigest()

    def write(self, record: dict[str, object], rest: Callable[[], None] = lambda: None) -> None:
        """Append one record in one write; a number that is not finite is refused.

        `rest` is called while it is encoded, one row after the other; others may write meanwhile.
        """
        body = "".join(encoded(record, rest))
        self._sequence += 1
        text = f"{self._sequence} {body}".encode()
        line = b"%08x " % zlib.crc32(text) + text + b"\n"
        view = memoryview(line)
        while view:
            view = view[os.write(self.descriptor, view) :]
        self._digest.update(line)

    def sync(self) -> None:
        """Make what was written durable."""
        os.fdatasync(self.descriptor)


def encoded(record: dict[str, object], rest: Callable[[], None]) -> Iterator[str]:
    """JSON of a record in pieces: each row of a list by itself."""
    lead = "{"
    for key, value in record.items():
        yield f"{lead}{_JSON.encode(key)}:"
        lead = ","
        if isinstance(value, dict):
            yield from encoded(value, rest)
        elif isinstance(value, list):
            yield "["
            for index, row in enumerate(value):
                yield f",{_JSON.encode(row)}" if index else _JSON.encode(row)
                rest()
            yield "]"
        else:
            yield _JSON.encode(value)
    yield "{}" if lead == "{" else "}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Where a spool stops making sense, and why."""

    after_sequence: int
    cause: str


class SpoolReader:
    """Reads records as they are appended, through its own view of the descriptor.

    Reading stops for good at the first damaged line or gap; a torn last line is only not there yet.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._offset = 0
        self._tail = b""
        self._digest = hashlib.sha256()
        self.sequence = 0
        self.damage: Damage | None = None
        self.digest_before_last = self._digest.hexdigest()

    def read(self) -> list[dict[str, object]]:
        """Return the whole records that were appended since the last call."""
        records: list[dict[str, object]] = []
        while self.damage is None:
            chunk = os.pread(self._descriptor, _READ_BYTES, self._offset)
            if not chunk:
                break
            self._offset += len(chunk)
            *lines, self._tail = (self._tail + chunk).split(b"\n")
            try:
                records.extend(map(self._parse, lines))
            except ValueError as error:
                self.damage = Damage(after_sequence=self.sequence, cause=str(error))
            if len(self._tail) > MAX_LINE_BYTES:
                self.damage = Damage(after_sequence=self.sequence, cause="a line without end")
        return records

    @property
    def torn_bytes(self) -> int:
        """Bytes of an unfinished last line."""
        return len(self._tail)

    def _parse(self, line: bytes) -> dict[str, object]:
        checksum, _, text = line.partition(b" ")
        number, _, body = text.partition(b" ")
        if checksum != b"%08x" % zlib.crc32(text):
            raise ValueError("a line whose checksum is wrong")
        if int(number) != self.sequence + 1:
            raise ValueError(f"record {int(number)} where {self.sequence + 1} was due")
        record: object = json.loads(body)
        if not isinstance(record, dict):
            raise ValueError("a record that is no object")  # noqa: TRY004  # damage, not misuse
        self.sequence += 1
        self.digest_before_last = self._digest.hexdigest()
        self._digest.update(line + b"\n")
        return record


def read_plan_text(folder: Path) -> str:
    """Text of the plan that lies beside a spool."""
    try:
        return (folder / PLAN_FILE).read_text(encoding="utf-8")
    except OSError as error:
        raise DocumentError(
            f"{folder}: not a spool of a run: {PLAN_FILE} cannot be read ({error.strerror})"
        ) from error
