"""Tags that a profile declares: of the whole run, or of the requests with certain names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Tags:
    """Declared tags with all values that they can have.

    Attributes
    ----------
    run : mapping of str to str
        Tags that everything in the run carries.
    names : mapping of str to mapping of str to tuple of str
        By tag and value, patterns of the names of the requests that carry it.
    """

    run: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """Declared tags."""
        return (*self.run, *self.names)

    def values_of(self, key: str) -> tuple[str, ...]:
        """Values that a declared tag can have."""
        return (self.run[key],) if key in self.run else tuple(self.names[key])

    def patterns(self, selector: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
        """Patterns of names, one of each group of which a selected request must fit."""
        return tuple(self.names[key][v] for key, v in selector.items() if key in self.names)


NO_TAGS = Tags()


def fits(pattern: str, text: str) -> bool:
    """Whether a text is that of a pattern, in which `*` stands for anything; in linear time.

    Examples
    --------
    >>> fits("GET /api/*", "GET /api/v1/traces"), fits("GET /api/*", "POST /api/v1")
    (True, False)
    """
    head, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    *middle, tail = rest
    at, end = len(head), len(text) - len(tail)
    if at > end or not (text.startswith(head) and text.endswith(tail)):
        return False
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def fits_all(groups: Iterable[Iterable[str]], label: str, name: str) -> bool:
    """Whether a request fits a pattern of each group; a bare path means every method."""
    return all(any(fits(one, label) or fits(one, name) for one in group) for group in groups)
