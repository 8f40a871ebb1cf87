"""One client's connection: requests read one after another, treated with faults, answered."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import cast

from perf_loadtests.target.app import ADMIN_PREFIX, App, Request, error_response
from perf_loadtests.target.faults import TRICKLE_INTERVAL_S, UNTREATED, FaultSource, Treatment
from perf_loadtests.target.requestlog import UNANSWERED, Entry, RequestLog, clean_request_id
from perf_loadtests.target.waiting import StallQueue
from perf_loadtests.target.wire import (
    CONTINUE,
    MAX_BODY_BYTES,
    Head,
    Reader,
    Response,
    WireError,
    encode_head,
)

READ_DEADLINE_S = 10.0  # for the rest of a request that has begun to arrive
LINGER_S = 1.0  # an answer to a bad request is lost if the rest of it meets a closed socket
_MAX_UNREAD_BYTES = 4 * MAX_BODY_BYTES
_METHODS = frozenset(
    ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What all connections share."""

    app: App
    log: RequestLog
    faults: FaultSource
    waiting: StallQueue
    has_admin: bool
    connections: set["Connection"]
    now_s: Callable[[], float]


UNREADABLE = Head(
    method="unreadable", path="", query="", headers={}, body_bytes=0, keep_alive=False
)


class State(Enum):
    """What a connection does."""

    READING = "reading"
    ANSWERING = "answering"
    HANGING = "hanging"
    DRAINING = "draining"
    CLOSED = "closed"


@dataclass(slots=True, eq=False)
class Exchange:
    """One request on its way; `entry` is None for what the log leaves out."""

    head: Head
    entry: Entry | None
    status: int = UNANSWERED


class Connection(asyncio.Protocol):
    """The protocol of one connection: a state machine driven by the event loop."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._reader = Reader()
        self._state = State.READING
        self._exchange: Exchange | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._received_s = 0.0
        self._at_eof = False
        self._is_full = False  # the client does not read its answers
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._service.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  given by asyncio
        """End, and close the account of a request that was on its way."""
        self._service.connections.discard(self)
        self._end_exchange()
        self._disarm()
        self._state = State.CLOSED

    def data_received(self, data: bytes) -> None:
        """Read on, unless nothing that comes is of use any more."""
        if self._state in (State.HANGING, State.DRAINING):
            return
        self._received_s = self._service.now_s()
        self._reader.feed(data)
        self._advance()
        if len(self._reader) > _MAX_UNREAD_BYTES:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Answer what was asked before the end; whoever hangs or drains is let go."""
        if self._state not in (State.READING, State.ANSWERING):
            return False
        self._at_eof = True
        self._advance()
        return True

    def pause_writing(self) -> None:
        """Take no further request until the client has read its answers."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Go on after the client has read."""
        self._is_full = False
        self._advance()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def _advance(self) -> None:
        try:
            while self._state is State.READING and not self._is_full:
                if not self._take_request():
                    self._await_more()
                    return
        except WireError as error:
            self._refuse(error)

    def _take_request(self) -> bool:
        exchange = self._exchange
        if exchange is None:
            head = self._reader.take_head()
            if head is None:
                return False
            exchange = self._exchange = self._begin_exchange(head)
            if head.body_bytes > MAX_BODY_BYTES:
                status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                raise WireError(status, f"the body is above {MAX_BODY_BYTES} bytes")
            if len(self._reader) < head.body_bytes and head.expects_continue:
                self._transport.write(CONTINUE)
        body = self._reader.take_body(exchange.head.body_bytes)
        if body is None:
            return False
        self._disarm()
        self._transport.resume_reading()
        self._state = State.ANSWERING
        self._treat(exchange, _request(exchange.head, body))
        return True

    def _begin_exchange(self, head: Head) -> Exchange:
        if self._service.has_admin and head.path.startswith(ADMIN_PREFIX):
            return Exchange(head, None)
        method = head.method if head.method in _METHODS else "other"
        request_id = clean_request_id(head.headers.get("x-request-id"))
        route = self._service.app.template_of(head.path)
        entry = Entry(method, route, self._received_s, request_id)
        self._service.log.begin(entry)
        return Exchange(head, entry)

    def _await_more(self) -> None:
        if self._at_eof:
            if self._exchange is not None:
                raise WireError(HTTPStatus.BAD_REQUEST, "the body ended early")
            self._transport.close()
        elif self._deadline is None and (self._exchange is not None or len(self._reader)):
            self._deadline = self._loop.call_later(READ_DEADLINE_S, self._expire)

    def _treat(self, exchange: Exchange, request: Request) -> None:
        service = self._service
        begin_s = self._received_s
        treatment = service.faults.treat(request.path, begin_s)

        def resume() -> None:
            if self._exchange is exchange:
                self._handle(exchange, request, treatment, service.now_s())
                self._advance()

        if treatment is not UNTREATED and (treatment.hold_s > 0 or service.waiting):
            service.waiting.hold(resume, treatment.hold_s)
        else:
            self._handle(exchange, request, treatment, begin_s)

    def _handle(
        self, exchange: Exchange, request: Request, treatment: Treatment, begin_s: float
    ) -> None:
        if treatment.hang:
            self._state = State.HANGING
            self._transport.resume_reading()  # or the client's close would not be seen
            return
        if treatment.error:
            response = error_response(HTTPStatus.INTERNAL_SERVER_ERROR, "a fault on request")
        else:
            response = self._service.app.answer(request)
        delay_s = treatment.delay_s(self._service.now_s() - begin_s)

        def send() -> None:
            if self._exchange is exchange:
                self._send(exchange, response, is_trickled=treatment.trickle)
                self._advance()

        if delay_s > 0:
            self._loop.call_later(delay_s, send)
        else:
            self._send(exchange, response, is_trickled=treatment.trickle)

    def _send(self, exchange: Exchange, response: Response, *, is_trickled: bool) -> None:
        head = exchange.head
        exchange.status = response.status
        body = b"" if head.method == "HEAD" else response.body
        wire_head = encode_head(response, keep_alive=head.keep_alive)
        if is_trickled and body:
            self._transport.write(wire_head)
            self._trickle(exchange, body, 0)
        else:
            self._transport.write(wire_head + body)
            self._finish(keep_alive=head.keep_alive)

    def _trickle(self, exchange: Exchange, body: bytes, sent: int) -> None:
        if self._exchange is not exchange:
            return
        if sent < len(body):
            self._transport.write(body[sent : sent + 1])
            self._loop.call_later(TRICKLE_INTERVAL_S, self._trickle, exchange, body, sent + 1)
        else:
            self._finish(keep_alive=exchange.head.keep_alive)
            self._advance()

    def _finish(self, *, keep_alive: bool) -> None:
        self._end_exchange()
        if keep_alive:
            self._state = State.READING
        else:
            self._state = State.DRAINING
            self._transport.close()

    def _refuse(self, error: WireError) -> None:
        response = error_response(error.status, str(error))
        exchange = self._exchange
        body = response.body
        if exchange is None:  # not even a head: counted all the same
            exchange = self._exchange = self._begin_exchange(UNREADABLE)
        elif exchange.head.method == "HEAD":
            body = b""
        exchange.status = response.status
        self._transport.write(encode_head(response, keep_alive=False) + body)
        self._end_exchange()
        self._state = State.DRAINING
        with contextlib.suppress(OSError):  # the client may have gone
            self._transport.write_eof()
        self._disarm()
        self._deadline = self._loop.call_later(LINGER_S, self._transport.close)

    def _expire(self) -> None:
        self._deadline = None
        self._refuse(WireError(HTTPStatus.REQUEST_TIMEOUT, "the request did not end in time"))

    def _end_exchange(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            # A request sent ahead begins, for this account, when the one before it has ended.
            self._received_s = self._service.now_s()
            if exchange.entry is not None:
                self._service.log.end(exchange.entry, exchange.status, self._received_s)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _request(head: Head, body: bytes) -> Request:
    return Request(
        method=head.method,
        path=head.path,
        query=head.query,
        body=body,
        authorization=head.headers.get("authorization"),
    )
