"""The file that is imported: opened safely, unpacked and read in bounded pieces, and hashed."""

from __future__ import annotations

import codecs
import hashlib
import os
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from perf_documents.errors import DocumentError
from perf_documents.files import opened
from perf_documents.redact import visible
from perf_documents.strict_json import is_packed, parse_json, refuse_mistaken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_BYTES = 8 * 1024**3
MAX_UNPACKED_BYTES = 512 * 1024**2
MAX_DOCUMENT_BYTES = 64 * 1024**2
MAX_LINE_BYTES = 1024**2
HEAD_BYTES = 64 * 1024
_PIECE_BYTES = 1 << 18
_GZIP = 31
_MARK = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Source:
    """A regular file, plain or compressed by gzip.

    Attributes
    ----------
    path : Path
    """

    path: Path
    _sha256: str = ""

    @property
    def sha256(self) -> str:
        """Hash of the content, unpacked; known once it was read to its end."""
        if not self._sha256:
            for _ in self._pieces():
                pass
        return self._sha256

    @property
    def modified_s(self) -> float:
        """When the file was last written, in seconds since 1970."""
        return self.path.stat().st_mtime

    def head(self) -> bytes:
        """First bytes of the content, unpacked."""
        found = b""
        for piece in self._pieces():
            found += piece
            if len(found) >= HEAD_BYTES:
                break
        return found[:HEAD_BYTES].removeprefix(_MARK)

    def document(self) -> object:
        """Value of a JSON file, strictly read.

        Raises
        ------
        DocumentError
            With the path, for each way in which it is none; numbers that are not finite included.
        """
        return self.parsed(self.content())

    def parsed(self, data: bytes) -> object:
        """Value of a JSON text of this file; its last line needs no newline."""
        try:
            return parse_json(data if data.endswith(b"\n") else data + b"\n", finite=True)
        except DocumentError as error:
            raise self.error(str(error)) from error

    def content(self) -> bytes:
        """Return the whole content, of at most 64 MiB."""
        found = bytearray()
        for piece in self._pieces():
            found += piece
            if len(found) > MAX_DOCUMENT_BYTES:
                raise self.error(f"more than {MAX_DOCUMENT_BYTES} bytes; a summary is smaller")
        return bytes(found).removeprefix(_MARK)

    def lines(self) -> Iterator[str]:
        """Lines with their ends, one in memory at a time.

        Raises
        ------
        DocumentError
            With file:line, for a line that is too long, or not UTF-8.
        """
        number = 0
        left = b""
        for piece in self._pieces():
            *whole, left = (left + piece).split(b"\n")
            for line in whole:
                number += 1
                yield self._text(line + b"\n", number)
            if len(left) > MAX_LINE_BYTES:
                break
        if left:
            yield self._text(left, number + 1)

    def error(self, problem: str, line: int | None = None) -> DocumentError:
        """Error that names this file, and a line of it."""
        place = f"{self.path}:{line}" if line else f"{self.path}"
        return DocumentError(f"{place}: {problem}")

    def _text(self, line: bytes, number: int) -> str:
        if len(line) > MAX_LINE_BYTES:
            raise self.error(f"is longer than {MAX_LINE_BYTES} bytes", number)
        line = line.removeprefix(_MARK) if number == 1 else line
        if number == 1:
            self._refuse_mistaken(line)
        if b"\0" in line:
            raise self.error("holds a NUL character", number)
        try:
            return codecs.decode(line, "utf-8", "strict")
        except UnicodeDecodeError as error:
            raise self.error(f"byte {error.start}: is not UTF-8", number) from error

    def _refuse_mistaken(self, line: bytes) -> None:
        try:
            refuse_mistaken(line + b".")
        except DocumentError as error:
            raise self.error(str(error)) from error

    def _pieces(self) -> Iterator[bytes]:
        """Content in pieces; once all were taken, the hash is known."""
        digest = hashlib.sha256()
        with opened(self.path, follow=True) as descriptor:
            raw = _read(descriptor)
            first = next(raw, b"")
            pieces = self._unpacked(first, raw) if is_packed(first) else _chained(first, raw)
            limit = MAX_UNPACKED_BYTES if is_packed(first) else MAX_BYTES
            total = 0
            for piece in pieces:
                total += len(piece)
                if total > limit:
                    word = "unpacks to more" if is_packed(first) else "more"
                    raise self.error(f"{word} than {limit} bytes")
                digest.update(piece)
                yield piece
        self._sha256 = digest.hexdigest()

    def _unpacked(self, first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
        """Unpack one gzip member, never more of it at once than a piece."""
        unpacker = zlib.decompressobj(wbits=_GZIP)
        for packed in _chained(first, rest):
            left = packed
            while left:
                try:
                    yield unpacker.decompress(left, _PIECE_BYTES)
                except zlib.error as error:
                    raise self.error(f"the compressed file is damaged: {error}") from error
                left = unpacker.unconsumed_tail
            if unpacker.unused_data:
                raise self.error("something follows the compressed content")
        if not unpacker.eof:
            raise self.error("the compressed file is cut short")


def _read(descriptor: int) -> Iterator[bytes]:
    while piece := os.read(descriptor, _PIECE_BYTES):
        yield piece


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def shown(value: object) -> str:
    """Untrusted value as an error shows it."""
    return repr(visible(str(value), 40))


def instant(at_s: float) -> str:
    """Moment as documents hold it."""
    moment = datetime.fromtimestamp(at_s, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
