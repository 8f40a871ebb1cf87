"""What a table of the page is made of: text, and how it is to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perf_reports.html.small import Small


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Where a value lies against its limit, in units of a drawing."""

    value: str
    limit: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """An interval with its estimate, against zero and the margin, in units of a drawing."""

    low: str
    high: str
    at: str
    zero: str
    margin: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell: its text, what is said under it, and its look."""

    text: str
    under: str = ""
    tone: str = ""
    code: bool = False
    long: bool = False
    meter: Meter | None = None
    band: Band | None = None
    spark: Small | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Heading of a column; numbers stand to the right."""

    title: str
    numeric: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table; the first cell of a row names it."""

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure of the head."""

    label: str
    value: str
    under: str = ""
    tone: str = ""
