"""JSON as it is stored: one canonical form written, nothing doubtful read."""

from __future__ import annotations

import hashlib
import json
import math
import re
import zlib
from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING, NoReturn

from perf_documents.errors import DocumentError
from perf_documents.redact import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import ValidationError

MAX_DEPTH = 20
MAX_PROBLEMS = 20
MAX_JSON_BYTES = 256 * 1024 * 1024
_GZIP = b"\x1f\x8b"
_WINDOW_BITS_GZIP = 31
_FOUND_LENGTH = 60

# What people hand in by mistake, by its first bytes.
_MISTAKEN = (
    (b"\xef\xbb\xbf", "begins with a byte order mark; save it as UTF-8 without one"),
    (b"\xff\xfe", "is UTF-16; save it as UTF-8"),
    (b"\xfe\xff", "is UTF-16; save it as UTF-8"),
    (b"version https://git-lfs.", "is a git LFS pointer, not the file; run git lfs pull"),
    (b"<<<<<<< ", "holds an unresolved merge; resolve the conflict"),
    (b"SQLite format 3\0", "is an SQLite database, not JSON"),
    (b"PK\x03\x04", "is a zip archive, not JSON"),
    (b"<", "is HTML or XML, not JSON"),
    (b"\x80", "is a pickle, not JSON"),
)
_MERGE_MARKS = (b"\n<<<<<<< ", b"\n>>>>>>> ")
_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)
_STRING = re.compile(rb'"[^"]*"')
_NOT_STRUCTURE = bytes(code for code in range(256) if code not in b'"[]{}')


def dump_json(document: object) -> bytes:
    """Canonical JSON: sorted keys, no blanks, UTF-8, finite numbers only, a newline at the end."""
    text = json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode() + b"\n"


def parse_json(data: bytes, *, finite: bool = False) -> object:
    """Value of a JSON text; `DocumentError` says what is wrong with it and where.

    With `finite`, numbers that are too large for a float are refused here; models refuse them too.
    """
    refuse_mistaken(data)
    _refuse_deep(data)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise DocumentError(f"byte {error.start}: is not UTF-8") from error
    # without its last byte a document would still parse: so the newline is asked for
    if not data.endswith(b"\n"):
        raise DocumentError("the end is missing: the last line has no newline")
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite if finite else None,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise DocumentError(f"{place}: is not JSON: {error.msg}") from error
    except ValueError as error:
        # more digits than Python converts
        raise DocumentError(f"a number is too long: {error}") from error


def content_hash(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def pack(data: bytes) -> bytes:
    """Compress by gzip; equal content gives equal bytes."""
    compressor = zlib.compressobj(wbits=_WINDOW_BITS_GZIP)
    return compressor.compress(data) + compressor.flush()


def is_packed(data: bytes) -> bool:
    """Whether something is compressed by gzip."""
    return data.startswith(_GZIP)


def unpack(data: bytes, max_bytes: int = MAX_JSON_BYTES) -> bytes:
    """Decompress one gzip member of at most `max_bytes`; what is not gzip is returned as it is."""
    if not is_packed(data):
        return data
    decompressor = zlib.decompressobj(wbits=_WINDOW_BITS_GZIP)
    try:
        content = decompressor.decompress(data, max_bytes + 1)
    except zlib.error as error:
        raise DocumentError(f"the compressed file is damaged: {error}") from error
    if len(content) > max_bytes:
        raise DocumentError(f"unpacks to more than {max_bytes} bytes")
    if not decompressor.eof:
        raise DocumentError("the compressed file is cut short")
    if decompressor.unused_data:
        raise DocumentError("something follows the compressed document")
    return content


def refuse(problems: Sequence[str]) -> NoReturn:
    """Raise one error with the first problems, each on a line of its own."""
    shown = list(problems[:MAX_PROBLEMS])
    if len(problems) > MAX_PROBLEMS:
        shown.append(f"and {len(problems) - MAX_PROBLEMS} more")
    raise DocumentError("\n".join(shown))


def explain(error: ValidationError) -> list[str]:
    """Problems that a model found, each with its place in the document."""
    return [
        f"{place(problem['loc'])}: {_cause(problem['type'], problem['msg'], problem['input'])}"
        for problem in error.errors(include_url=False, include_context=False)
    ]


def place(path: Sequence[str | int]) -> str:
    """Place in a document as people write it: `measured.series[3][8].n`."""
    text = "".join(
        f"[{part}]" if isinstance(part, int) else f".{visible(part, 80)}" for part in path
    )
    return text.removeprefix(".") or "document"


def _cause(kind: str, message: str, found: object) -> str:
    if kind == "extra_forbidden":
        return "unknown field"
    if kind == "missing":
        return "is missing"
    words = message.removeprefix("Value error, ")
    words = words[:1].lower() + words[1:]
    if isinstance(found, str | int | float):
        words += f"; found {visible(json.dumps(found), _FOUND_LENGTH)}"
    return words


def refuse_mistaken(data: bytes) -> None:
    """Refuse what is no JSON by its first bytes, in words."""
    if not data.strip():
        raise DocumentError("is empty")
    for beginning, what in _MISTAKEN:
        if data.startswith(beginning):
            raise DocumentError(what)
    if any(mark in data for mark in _MERGE_MARKS):
        raise DocumentError("holds an unresolved merge; resolve the conflict")


def _refuse_deep(data: bytes) -> None:
    """Refuse NUL characters and, before any parsing, nesting that could exhaust a stack."""
    if b"\\" in data:
        if any(escape[0] == rb"\u0000" for escape in _ESCAPE.finditer(data)):
            raise DocumentError(r"holds a NUL character (\u0000)")
        data = _ESCAPE.sub(b"", data)
    structure = _STRING.sub(b"", data.translate(None, _NOT_STRUCTURE))
    deepest = max(accumulate(1 if bracket in b"[{" else -1 for bracket in structure), default=0)
    if deepest > MAX_DEPTH:
        raise DocumentError(f"is nested {deepest} deep; at most {MAX_DEPTH} is read")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise DocumentError(f'the key "{visible(twice, 80)}" stands twice in one object')
    return fields


def _finite(literal: str) -> float:
    value = float(literal)
    return value if math.isfinite(value) else _refuse_constant(visible(literal, 40))


def _refuse_constant(literal: str) -> NoReturn:
    raise DocumentError(f"{literal} is not a number; every number is finite")
