"""All that is wrong with one file, collected so that it is said at once."""

from __future__ import annotations

from difflib import get_close_matches
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from perf_documents.errors import ProfileError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_PROBLEMS = 20
MAX_FOUND = 120


class Mark(NamedTuple):
    """A place in a text, counted from 1."""

    line: int
    column: int


START = Mark(1, 1)


class Problems:
    """What is wrong with one file so far."""

    def __init__(self, source: str) -> None:
        self._source = escape(source)
        self._found: list[tuple[Mark, str]] = []

    def add(self, mark: Mark, what: str, *, expected: str = "", found: str = "") -> None:
        """Note one problem; `found` is a text from `quote_found`, or words of our own."""
        parts = [what]
        if expected:
            parts.append(f"expected {expected}")
        if found:
            parts.append(f"found {found}")
        self._found.append((mark, "; ".join(parts)))

    def refuse(self, mark: Mark, what: str, *, expected: str = "", found: str = "") -> NoReturn:
        """Note a problem after which nothing more can be read, and raise."""
        self.add(mark, what, expected=expected, found=found)
        self.raise_if_any()
        raise AssertionError  # a problem was just added

    def raise_if_any(self) -> None:
        """Raise `ProfileError` with every problem in the order of the file."""
        # an aliased value is read once for each place it stands in
        ordered = list(dict.fromkeys(sorted(self._found, key=itemgetter(0))))
        if not ordered:
            return
        lines = [f"{self._source}:{m.line}:{m.column}: {text}" for m, text in ordered]
        if len(lines) > MAX_PROBLEMS:
            lines[MAX_PROBLEMS:] = [f"{self._source}: and {len(lines) - MAX_PROBLEMS} more"]
        raise ProfileError(lines)

    def __len__(self) -> int:
        return len(self._found)


def escape(text: str) -> str:
    """Text with everything but printable ASCII written as escapes, cut at 120 characters."""
    # cut before the work, so that a megabyte costs nothing, and again after it
    escaped = text[: MAX_FOUND + 1].encode("unicode_escape").decode("ascii")
    return escaped if len(escaped) <= MAX_FOUND else escaped[: MAX_FOUND - 3] + "..."


def quote_found(text: str) -> str:
    """Untrusted text for a message: escaped, cut, in quotes."""
    return f'"{escape(text)}"'


def suggest(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"`, or nothing where no known word is close."""
    names = list(known)
    lowered = {name.lower(): name for name in names}
    close = get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return f'; did you mean "{lowered[close[0]]}"' if close else ""
