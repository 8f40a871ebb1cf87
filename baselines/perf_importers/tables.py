"""Comma-separated files: the header checked, each line with its number, all problems at once."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perf_documents.errors import DocumentError
from perf_documents.strict_json import MAX_PROBLEMS
from perf_importers.rows import RowError
from perf_importers.source import MAX_LINE_BYTES, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perf_importers.source import Source

MAX_DECIMALS = 12


@dataclass(slots=True)
class Problems:
    """What is wrong with a file, line by line, until it is enough."""

    source: Source
    found: list[str] = field(default_factory=list)

    def add(self, line: int, problem: str) -> None:
        """Note a problem."""
        self.found.append(f"{self.source.path}:{line}: {problem}")

    @property
    def are_enough(self) -> bool:
        """Whether a reader would learn nothing more."""
        return len(self.found) >= MAX_PROBLEMS

    def refuse(self) -> None:
        """Raise what was found, if anything was."""
        if self.found:
            more = [f"{self.source.path}: and more"] if self.are_enough else []
            raise DocumentError("\n".join([*self.found, *more]))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table, by the names of its columns."""

    line: int
    places: dict[str, int]
    cells: Sequence[str]

    def text(self, column: str) -> str:
        """Cell of a column, without blanks around it; empty where the file lacks the column."""
        place = self.places.get(column)
        return "" if place is None else self.cells[place].strip()

    def number(self, column: str, *, least: float = 0.0) -> float:
        """Finite number of a column.

        Raises
        ------
        RowError
            If it is none, or less than `least`.
        """
        value = number_of(self.text(column))
        if value is None or value < least:
            expected = f"a number from {least:g}" if least > -math.inf else "a finite number"
            raise RowError(f"{column}: found {shown(self.text(column))}; expected {expected}")
        return value


def header_of(source: Source) -> list[str]:
    """Columns of a table, by its first line; empty where that is none."""
    line = source.head().split(b"\n", 1)[0].decode("utf-8", "replace")
    try:
        return [cell.strip() for cell in next(csv.reader([line.rstrip("\r")]), [])]
    except csv.Error:
        return []


def read_rows(
    source: Source,
    take: Callable[[Row], None],
    *,
    needed: Sequence[str],
    columns: Sequence[str] | None = None,
) -> None:
    """Hand each line of a table on.

    Parameters
    ----------
    source : Source
    take : callable
        May raise `RowError`.
    needed : sequence of str
        Columns that the header must have; others may stand beside them, in any order.
    columns : sequence of str or None
        All columns, of a file without a header.

    Raises
    ------
    DocumentError
        With file:line for each line that cannot be used, up to twenty.
    """
    problems = Problems(source)
    csv.field_size_limit(MAX_LINE_BYTES)
    lines = csv.reader(source.lines(), strict=True)
    try:
        header = next(lines, []) if columns is None else list(columns)
        wrong = _check_header([cell.strip() for cell in header], needed)
        if wrong:
            problems.add(1, wrong)
            problems.refuse()
        places = {cell.strip(): place for place, cell in enumerate(header)}
        for cells in lines:
            if problems.are_enough:
                break
            if cells:
                _take(Row(lines.line_num, places, cells), take, problems)
    except csv.Error as error:
        problems.add(lines.line_num, str(error))
    problems.refuse()


def _take(row: Row, take: Callable[[Row], None], problems: Problems) -> None:
    if len(row.cells) != len(row.places):
        found = f"{len(row.cells)} values for {len(row.places)} columns"
        problems.add(row.line, found)
        return
    try:
        take(row)
    except ValueError as error:
        problems.add(row.line, str(error))


def _check_header(header: Sequence[str], needed: Sequence[str]) -> str:
    missing = [name for name in needed if name not in header]
    if missing:
        return f"columns missing: {', '.join(missing)}; expected a header with {','.join(needed)}"
    if len(set(header)) != len(header):
        return "a column stands twice"
    return ""


def number_of(text: str) -> float | None:
    """Finite number of a text; None where it is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None


@dataclass(slots=True)
class Decimals:
    """The finest step in which a column is written."""

    most: int = 0

    def see(self, text: str) -> None:
        """Look at one number; an exponent counts as all places."""
        places = MAX_DECIMALS if "e" in text.lower() else len(text.partition(".")[2])
        self.most = max(self.most, min(MAX_DECIMALS, places))

    @property
    def step(self) -> float:
        """Smallest difference between two numbers; 0 where it is beyond measure."""
        return 0.0 if self.most >= MAX_DECIMALS else 10.0**-self.most
