"""One request and its response: what was sent, what came, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_loadtests.http.clock import clock
from perf_loadtests.http.connection import Connection, connect
from perf_loadtests.http.content import decode
from perf_loadtests.http.errors import RequestFailedError, by_status
from perf_loadtests.http.parser import PartlyReceivedError, receive
from perf_loadtests.http.wheel import DeadlineHit, Wheel
from perf_loadtests.timing import ALL, UNKNOWN, Timed

if TYPE_CHECKING:
    from perf_loadtests.http.connection import Opened, Origin
    from perf_loadtests.http.message import Prepared
    from perf_loadtests.http.parser import Head


class Exchange:
    """A request on its way; all stamps are of one monotonic clock, 0 where they were not reached.

    Attributes
    ----------
    begun_s, sent_s, written_s, first_s, end_s : float
        Asked for; before the first byte was written, with the connection ready; all written; first
        byte read; the read that completed the response had returned, or the failure was noticed.
    status : int
        0 where no whole head came.
    error : RequestFailedError or None
        Why there is no whole response, or why it does not count as one.
    raced : bool
        A connection that had been used before ended without a byte of a response.
    """

    __slots__ = (
        "begun_s", "body", "end_s", "error", "first_s", "head", "opened", "prepared", "raced",
        "received_bytes", "sent_bytes", "sent_s", "status", "written_s",
    )  # fmt: skip

    def __init__(self, prepared: Prepared, begun_s: float) -> None:
        self.prepared = prepared
        self.begun_s = begun_s
        self.sent_s = self.written_s = self.first_s = self.end_s = 0.0
        self.opened: Opened | None = None
        self.status = self.received_bytes = self.sent_bytes = 0
        self.head: Head | None = None
        self.body: bytes | bytearray = b""
        self.error: RequestFailedError | None = None
        self.raced = False

    @property
    def service_s(self) -> float:
        """From the send to the end: without look-up, connect and TLS; those only if all failed."""
        return self.end_s - (self.sent_s or self.begun_s)

    def timed(self) -> Timed:
        """Phases that ended, and how long the one lasted in which the request did."""
        opened, sent_s, written_s = self.opened, self.sent_s, self.written_s
        first_s = self.first_s
        if first_s and opened is None:  # nearly every request
            waiting_s = first_s - written_s
            seconds = (
                0.0, 0.0, 0.0,
                written_s - sent_s, max(0.0, waiting_s), self.end_s - first_s,
            )  # fmt: skip
            return Timed(seconds, ALL, self.sent_bytes)
        before = _NOTHING
        if opened is not None:
            left_s = sent_s - self.begun_s - opened.connecting_s - opened.tls_s
            before = (max(0.0, left_s), opened.connecting_s, opened.tls_s)
        if first_s:
            after = (written_s - sent_s, max(0.0, first_s - written_s), self.end_s - first_s)
            return Timed(before + after, ALL, self.sent_bytes)
        if written_s:
            after = (written_s - sent_s, self.end_s - written_s, 0.0)
            return Timed(before + after, ALL - 2, self.sent_bytes)
        if sent_s:
            return Timed((*before, self.end_s - sent_s, 0.0, 0.0), ALL - 3, self.sent_bytes)
        return UNKNOWN

    def failure(self) -> RequestFailedError | None:
        """Why the request failed: what broke, or the status of a whole response."""
        if self.error is not None:
            return self.error
        error_class = by_status(self.status)
        return RequestFailedError(error_class, f"status {self.status}") if error_class else None


class Connections:
    """Connections of one VU: one for each origin, more only while requests overlap."""

    def __init__(self, wheel: Wheel) -> None:
        self._wheel = wheel
        self._idle: dict[Origin, Connection] = {}
        self.insecure = False
        self.discarded = 0

    def take(self, origin: Origin, exchange: Exchange, until_s: float) -> Connection:
        """Connection that is idle and sound, or a new one."""
        held = self._idle.pop(origin, None)
        if held is not None:
            if held.is_fresh(exchange.begun_s):
                return held
            why = held.condemned(exchange.begun_s)
            if not why:
                return held
            held.close()
            self.discarded += why == "unsolicited"
        left_s = until_s - clock()
        made = connect(origin, self._wheel, left_s, insecure=self.insecure)
        exchange.opened = made.opened
        return made

    def give_back(self, connection: Connection, now_s: float) -> None:
        """Keep a connection for the next request to its origin."""
        connection.used += 1
        connection.idle_since_s = now_s
        idle = self._idle
        if idle:
            self._make_room(connection.origin)
        idle[connection.origin] = connection

    def _make_room(self, origin: Origin) -> None:
        before = self._idle.pop(origin, None)
        if before is not None:
            before.close()
        elif len(self._idle) >= MAX_ORIGINS:
            self._idle.pop(next(iter(self._idle))).close()

    def close(self) -> None:
        """Close all that are idle."""
        while self._idle:
            self._idle.popitem()[1].close()


MAX_ORIGINS = 16
# Before the send, on a connection that was there.
_NOTHING = (0.0, 0.0, 0.0)


def perform(exchange: Exchange, message: bytes, connections: Connections, until_s: float) -> None:
    """Send a request and read its response; what fails is kept in the exchange.

    Raises
    ------
    BaseException
        Only what comes from outside: the VU is killed, or a time limit of the scenario's own ends.
    """
    connection: Connection | None = None
    prepared = exchange.prepared
    try:
        connection = connections.take(prepared.address.origin, exchange, until_s)
        exchange.sent_s = clock()
        exchange.sent_bytes = len(message)
        whole = connection.send(message)
        exchange.written_s = clock()
        got = receive(connection, to_head=prepared.method == "HEAD")
        exchange.first_s, exchange.end_s = got.first_s, got.end_s
        exchange.head, exchange.body = got.head, got.body
        exchange.status, exchange.received_bytes = got.head.status, got.wire_bytes
        if got.keep and whole:
            connections.give_back(connection, got.end_s)
            connection = None
    except DeadlineHit:
        waited_s = clock() - exchange.begun_s
        exchange.error = RequestFailedError("timeout", f"no whole response in {waited_s:.2f} s")
    except PartlyReceivedError as error:
        exchange.status, exchange.received_bytes = error.status, error.wire_bytes
        exchange.error = _raced(connection, exchange, error)
    except RequestFailedError as error:
        exchange.error = error
    finally:
        if connection is not None:
            connection.close()
        if not exchange.end_s:
            exchange.end_s = clock()
    head = exchange.head
    if exchange.error is not None or (head is not None and head.encoding):
        _settle(exchange)


def _raced(
    connection: Connection | None, exchange: Exchange, error: PartlyReceivedError
) -> RequestFailedError:
    """Tell the keep-alive race apart: a reused connection that ended without a byte."""
    ended = error.error_class in {"closed_before_response", "reset"} and not error.wire_bytes
    if connection is None or not connection.used or not ended:
        return error
    exchange.raced = True
    idle_s = exchange.begun_s - connection.idle_since_s
    return RequestFailedError(
        "closed_before_response",
        f"on a reused connection, idle for {idle_s:.3f} s: probably the server's idle timeout "
        "raced with the request",
    )


def _settle(exchange: Exchange) -> None:
    """Decode the body; let go of the frames that an error holds."""
    head = exchange.head
    if exchange.error is None and head is not None and head.encoding and exchange.body:
        try:
            exchange.body = decode(bytes(exchange.body), head.encoding)
        except RequestFailedError as error:
            exchange.error = error
    if exchange.error is not None:
        # frames hold the exchange: without them neither waits for the garbage collector
        exchange.error.__traceback__ = exchange.error.__cause__ = exchange.error.__context__ = None
