"""Who keeps account of the requests of a client: the engine, or nobody under plain Locust."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from perf_loadtests.http.exchange import Exchange

E = TypeVar("E")


class Books(Protocol[E]):
    """Who keeps account of requests; an entry is whatever the books made at its begin."""

    def begin(self, method: str, name: str, *, asserted: bool) -> E:
        """A request begins now; may raise what ends the VU."""
        ...

    def follow(self, entry: E, exchange: Exchange, method: str) -> E:
        """A hop ended with a redirect that is followed; return the entry of the next one."""
        ...

    def returned(self, entry: E, exchange: Exchange) -> None:
        """The scenario has the response and has yet to judge it."""
        ...

    def end(self, entry: E, exchange: Exchange, error: Exception | None) -> None:
        """The request is judged."""
        ...

    def cut(self, entry: E, exchange: Exchange, error: BaseException) -> None:
        """The request was cut off from outside."""
        ...

    def discarded(self, name: str) -> None:
        """An idle connection held bytes that nobody had asked for, and was closed."""
        ...

    def mark(self, entry: E, context: dict[str, object]) -> dict[str, object]:
        """Context of the event for other listeners."""
        ...

    def heard(self) -> bool:
        """Whether anybody else listens to the event."""
        ...
