"""A JSON document looked at key by key: whatever is missing or odd is named by its place."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from perf_documents.redact import visible
from perf_importers.source import shown

if TYPE_CHECKING:
    from perf_documents.errors import DocumentError
    from perf_importers.source import Source

_MAX_COUNT = 2**53


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a document and where it stands."""

    value: object
    place: str
    source: Source

    def error(self, problem: str) -> DocumentError:
        """Error at this place."""
        return self.source.error(f"{self.place or 'document'}: {problem}")

    def has(self, *keys: str) -> bool:
        """Whether it is an object with all of these keys."""
        return isinstance(self.value, dict) and all(key in self.value for key in keys)

    def get(self, key: str) -> Node:
        """Value of a key that must be there."""
        found = self.find(key)
        if found is None:
            raise self.at(key).error("is missing")
        return found

    def find(self, key: str) -> Node | None:
        """Value of a key; None where it is missing or null."""
        value = self.members().get(key)
        return None if value is None or value.value is None else value

    def at(self, key: str) -> Node:
        """Place of a key, whether or not something stands there."""
        shown_key = visible(key, 60)
        return Node(None, f"{self.place}.{shown_key}" if self.place else shown_key, self.source)

    def members(self) -> dict[str, Node]:
        """All keys of an object."""
        if not isinstance(self.value, dict):
            raise self._odd("an object")
        return {
            key: Node(value, self.at(key).place, self.source) for key, value in self.value.items()
        }

    def items(self) -> list[Node]:
        """All elements of a list."""
        if not isinstance(self.value, list):
            raise self._odd("a list")
        return [
            Node(value, f"{self.place}[{number}]", self.source)
            for number, value in enumerate(self.value)
        ]

    def number(self, least: float = 0.0) -> float:
        """Finite number of at least `least`."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._odd("a number")
        # an int may be too large for a float
        if abs(value) > _LARGEST or not math.isfinite(value) or value < least:
            raise self._odd(f"a number from {least:g}" if least > -math.inf else "a finite number")
        return float(value)

    def count(self) -> int:
        """Whole number from 0; some tools write 12.0."""
        value = self.number()
        if value != int(value) or value >= _MAX_COUNT:
            raise self._odd("a whole number")
        return int(value)

    def text(self) -> str:
        """Text of one line."""
        if not isinstance(self.value, str):
            raise self._odd("a text")
        return self.value

    def time_s(self) -> float:
        """Moment in seconds since 1970."""
        try:
            return moment_s(self.text())
        except ValueError as error:
            raise self.error(str(error)) from error

    def _odd(self, expected: str) -> DocumentError:
        return self.error(f"found {shown(json.dumps(self.value)[:60])}; expected {expected}")


_LARGEST = 1e300


def root(source: Source) -> Node:
    """Document of a JSON file."""
    return Node(source.document(), "", source)


def moment_s(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 moment, UTC where it names no zone.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> moment_s("2026-03-01T12:00:00.5+01:00")
    1772362800.5
    """
    try:
        moment = datetime.fromisoformat(text)
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return zoned.timestamp()
    except (ValueError, OverflowError):
        raise ValueError(
            f"found {shown(text)}; expected a moment like 2026-03-01T12:00:00Z"
        ) from None


_UNITS = {16: 1e-9, 13: 1e-6, 10.5: 1e-3}


def stamp_s(text: str) -> float:
    """Seconds since 1970 of a stamp in s, ms, us or ns, told by its size, or an ISO moment."""
    try:
        value = float(text)
    except ValueError:
        return moment_s(text)
    if not math.isfinite(value):
        raise ValueError(f"found {shown(text)}; expected a moment")
    for digits, unit in _UNITS.items():
        if value >= 10.0**digits:
            return value * unit
    return value
