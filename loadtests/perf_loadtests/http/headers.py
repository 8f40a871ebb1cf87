"""Headers of a response: found without regard to case, repeated ones joined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping


class Headers(Mapping[str, str]):
    """Immutable; `of` has repeated headers one by one.

    Examples
    --------
    >>> headers = Headers([("Via", "a"), ("via", "b")])
    >>> headers["VIA"], headers.of("Via"), list(headers)
    ('a, b', ['a', 'b'], ['Via'])
    """

    __slots__ = ("_found", "_spelling")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._found: dict[str, list[str]] = {}
        self._spelling: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            self._found.setdefault(key, []).append(value)
            self._spelling.setdefault(key, name)

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._found[name.lower()])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._spelling.values())

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"

    def of(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return list(self._found.get(name.lower(), ()))
