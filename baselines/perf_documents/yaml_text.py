"""The text of a YAML file: a regular file of modest size, in UTF-8, no hidden characters."""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from typing import TYPE_CHECKING, NoReturn

from perf_documents.problems import START, Mark

if TYPE_CHECKING:
    from pathlib import Path

    from perf_documents.problems import Problems

MAX_BYTES = 1024 * 1024
_BOM = "\ufeff"
_CONFLICT = re.compile(r"(?:<{7}|>{7}|\|{7}|={7})(?: .*)?")
# Cc control, Cf format (bidi, zero-width), Cs surrogate, Zl and Zp line breaks of YAML alone
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# all that may be hidden lies outside these; checking megabytes character by character is slow
_SUSPECT = re.compile(r"[^\t\n\r\x20-\x7e]")


def read_text(path: Path, problems: Problems) -> str:
    """Return the text of a file; whatever keeps it from being read is raised."""
    data = _read_bytes(path, problems)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse_bytes(data, error.start, "not valid UTF-8", problems)
    if "\0" in text:
        _refuse_bytes(data, data.index(b"\0"), "a NUL byte", problems)
    return text


def check_text(text: str, problems: Problems) -> str:
    """Return the text without byte order mark and CRLF; hidden characters and tabs are refused."""
    plain = text.removeprefix(_BOM).replace("\r\n", "\n").replace("\r", "\n")
    for suspect in _SUSPECT.finditer(plain):
        if is_hidden(suspect.group()):
            _refuse_character(plain, suspect.start(), problems)
    lines = plain.split("\n")
    conflicts = [number for number, line in enumerate(lines, 1) if _CONFLICT.fullmatch(line)]
    if conflicts:
        shown = ", ".join(str(number) for number in conflicts[:10])
        problems.refuse(Mark(conflicts[0], 1), f"unresolved merge conflict, lines {shown}")
    for number, line in enumerate(lines, 1):
        blank = len(line) - len(line.lstrip(" \t"))
        if "\t" in line[:blank]:
            mark = Mark(number, line.index("\t") + 1)
            problems.refuse(mark, "a tab in the indentation", expected="spaces")
    return plain


def is_hidden(character: str) -> bool:
    """Whether a character shows nothing, or changes how its neighbours show."""
    return unicodedata.category(character) in _HIDDEN


def _read_bytes(path: Path, problems: Problems) -> bytes:
    # non-blocking: a FIFO without a writer would never return
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        problems.refuse(START, _why(error), expected="a YAML file that can be read")
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            problems.refuse(START, "not a regular file", expected="a YAML file")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            data = stream.read(MAX_BYTES + 1)  # it may have grown since
    finally:
        os.close(descriptor)
    if len(data) > MAX_BYTES:
        problems.refuse(START, "the file is too large", expected="at most 1 MiB")
    return data


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, ValueError) or error.errno is None:
        return "not a file name"
    if error.errno == errno.ENXIO:
        return "not a regular file"
    return f"cannot be read ({os.strerror(error.errno)})"


def _refuse_bytes(data: bytes, at: int, what: str, problems: Problems) -> NoReturn:
    line_start = data.rfind(b"\n", 0, at) + 1
    mark = Mark(data.count(b"\n", 0, at) + 1, at - line_start + 1)
    problems.refuse(mark, f"not UTF-8 at byte {at}: {what}", expected="UTF-8 text")


def _refuse_character(text: str, at: int, problems: Problems) -> NoReturn:
    line_start = text.rfind("\n", 0, at) + 1
    mark = Mark(text.count("\n", 0, at) + 1, at - line_start + 1)
    name = f"U+{ord(text[at]):04X}"
    problems.refuse(mark, "a control or invisible character", expected="visible text", found=name)
