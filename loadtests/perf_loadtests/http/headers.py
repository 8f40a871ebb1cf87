"""Headers of a response: found without regard to case, repeated ones joined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar, overload

T = TypeVar("T")


class Headers(Mapping[str, str]):
    """Immutable; `of` has repeated headers one by one.

    Examples
    --------
    >>> headers = Headers(["Via", "Date"], ["a", "now"])
    >>> headers["VIA"], headers.get("x"), list(headers)
    ('a', None, ['Via', 'Date'])
    """

    __slots__ = ("_found", "_names", "_values")

    def __init__(self, names: Iterable[str] = (), values: Iterable[str] = ()) -> None:
        self._names = list(names)
        self._values = list(values)
        found = dict(zip(map(str.lower, self._names), self._values, strict=True))
        if len(found) != len(self._names):
            found = {name: ", ".join(self.of(name)) for name in found}
        self._found = found

    def __getitem__(self, name: str) -> str:
        return self._found[name.lower()]

    @overload
    def get(self, key: str, /) -> str | None: ...
    @overload
    def get(self, key: str, /, default: str | T) -> str | T: ...
    def get(self, key: str, /, default: str | T | None = None) -> str | T | None:
        """Value of a header; that of the mapping's own would raise and catch for a missing one."""
        return self._found.get(key.lower(), default)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._found

    def __iter__(self) -> Iterator[str]:
        spelled: dict[str, str] = {}
        for name in self._names:
            spelled.setdefault(name.lower(), name)
        return iter(spelled.values())

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"

    def of(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        key = name.lower()
        pairs = zip(self._names, self._values, strict=True)
        return [value for other, value in pairs if other.lower() == key]
