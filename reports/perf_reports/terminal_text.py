"""Lines of plain text for a terminal: labelled sentences, tables, ASCII where it must be."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from perf_reports.escape import ascii_only, cut, shorten, terminal, width

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = 100
NAMED = 13
_INDENT = 9
_GAP = "  "
_PLAIN = str.maketrans(
    {"✓": "+", "✗": "x", "○": "o", "…": "~", "≥": ">=", "≠": "!=", "“": '"', "”": '"'}
)


def in_ascii(line: str, columns: int = COLUMNS) -> str:
    """Line in ASCII: our own glyphs by their likes, what is foreign as visible escapes."""
    return cut(ascii_only(line.translate(_PLAIN)), columns).translate(_PLAIN)


def labelled(label: str, text: str, most: int) -> list[str]:
    """Label and sentence; never text alone at the start of a line: a CI log would obey it."""
    room = COLUMNS - _INDENT
    lines = textwrap.wrap(terminal(text, 10 * COLUMNS), room, break_on_hyphens=False) or [""]
    if len(lines) > most:
        lines = [*lines[: most - 1], cut(" ".join(lines[most - 1 :]), room)]
    # the first line stands behind its label; of the others none may begin a log command
    lines[1:] = [rf"\x3a{line[1:]}" if line.startswith("::") else line for line in lines[1:]]
    return [
        f"{label if place == 0 else '':<{_INDENT}}{cut(line, room)}"
        for place, line in enumerate(lines)
    ]


def table(sides: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table, as narrow as its texts; `sides` aligns each column left or right.

    Only the first column, which names the rows, gives way: a figure is never cut.
    """
    others = zip(*(line[1:] for line in (head, *rows)), strict=True)
    widths = [max(width(text) for text in column) for column in others]
    room = COLUMNS - sum(widths) - len(_GAP) * len(widths)
    lines = [(shorten(line[0], room), *line[1:]) for line in (head, *rows)]
    widths.insert(0, max(width(line[0]) for line in lines))
    return [_GAP.join(map(_pad, line, widths, sides)).rstrip() for line in lines]


def _pad(text: str, columns: int, side: str) -> str:
    spare = " " * (columns - width(text))
    return text + spare if side == "l" else spare + text


def named(name: str, text: str) -> str:
    """One line: what it is about, and the text."""
    return cut(f"{name:<{NAMED}}{text}", COLUMNS)
