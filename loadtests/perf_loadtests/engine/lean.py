"""Requests of perfproof's own client in the books, stamped by the client itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.failure_classes import ON_REUSED
from perf_loadtests.engine import locust_compat
from perf_loadtests.engine.virtual_user import PENDING_KEY, Pending
from perf_loadtests.timing import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_loadtests.engine.virtual_user import VirtualUser
    from perf_loadtests.http.client import LeanClient
    from perf_loadtests.http.exchange import Exchange


def keep_books(vu: VirtualUser, client: LeanClient, heard: Callable[[], bool]) -> None:
    """Let every request of a VU's client enter the books, under the plan's deadline."""
    client.books = LeanBooks(vu, heard)
    client.timeout_s = vu.limits.timeout_s
    client.connections.insecure = vu.limits.insecure


class LeanBooks:
    """Books of one VU, as its client sees them.

    Parameters
    ----------
    vu : VirtualUser
    heard : callable
        Whether anybody but perfproof listens to Locust's `request` event.
    """

    def __init__(self, vu: VirtualUser, heard: Callable[[], bool]) -> None:
        self._vu = vu
        self.heard = heard

    def begin(self, method: str, name: str, *, asserted: bool) -> Pending:
        """Book a begin; after the drain began there is none."""
        vu = self._vu
        if vu.limits.closed:
            vu.cut = True
            raise locust_compat.end_of_user()
        entry = vu.begin_request(method, name, asserted=asserted)
        entry.timed = UNKNOWN
        return entry

    def follow(self, entry: Pending, exchange: Exchange, method: str) -> Pending:
        """Book a hop; the iteration's intended start goes on with the last one."""
        following = self._vu.begin_request(method, entry.name, asserted=entry.asserted)
        following.timed = UNKNOWN
        following.intended_s, following.slot = entry.intended_s, entry.slot
        entry.intended_s, entry.asserted = None, False
        self.end(entry, exchange, None)
        return following

    def returned(self, entry: Pending, exchange: Exchange) -> None:
        """Note a response that the scenario has yet to judge."""
        _stamp(entry, exchange)
        entry.returned_s = exchange.end_s
        entry.error = exchange.error

    def end(self, entry: Pending, exchange: Exchange, error: Exception | None) -> None:
        """Book an end."""
        _stamp(entry, exchange)
        if error is None and exchange.status:
            self._vu.succeeded(entry, exchange.end_s - entry.begun_s, exchange.received_bytes)
            return
        self._vu.report(entry, error, exchange.service_s * 1000.0, exchange.received_bytes)

    def cut(self, entry: Pending, exchange: Exchange, error: BaseException) -> None:
        """Book a request that was cut off from outside."""
        entry.timed = exchange.timed()
        self._vu.cut_short(entry, error)

    def discarded(self, name: str) -> None:
        """Note bytes that came on an idle connection; the request itself goes over a new one."""
        text = "bytes that nobody had asked for, on an idle connection, which was closed"
        self._vu.ledger.note("unsolicited", name, text)

    def mark(self, entry: Pending, context: dict[str, object]) -> dict[str, object]:
        """Let our own listener know that the request is booked."""
        return {**context, PENDING_KEY: entry}


def _stamp(entry: Pending, exchange: Exchange) -> None:
    """What counts as the begin is the send: set-up of a connection is no service time."""
    entry.begun_s = exchange.sent_s or exchange.begun_s
    entry.status = exchange.status
    entry.timed = exchange.timed()
    if exchange.raced:
        entry.aside = ON_REUSED
