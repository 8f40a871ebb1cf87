"""HTTP as a scenario asks for it: the call shape of Locust's clients, one connection per VU."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any, Unpack

from perf_loadtests.http import message
from perf_loadtests.http.clock import clock
from perf_loadtests.http.cookies import Jar
from perf_loadtests.http.errors import RequestFailedError
from perf_loadtests.http.exchange import Connections, Exchange, perform
from perf_loadtests.http.options import Options, check
from perf_loadtests.http.response import LeanResponse
from perf_loadtests.http.wheel import Deadline, Wheel

if TYPE_CHECKING:
    from locust.event import EventHook
    from locust.user.users import User

    from perf_loadtests.http.books import Books
    from perf_loadtests.http.message import Prepared

MAX_REDIRECTS = 5
DEFAULT_TIMEOUT_S = 30.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SEE_OTHER, _MOVED = 303, frozenset({301, 302})
_NO_HEADERS: tuple[tuple[str, str], ...] = ()


@functools.cache
def shared_wheel() -> Wheel:
    """The deadlines of this process."""
    return Wheel()


class LeanClient:
    """Client of one VU.

    Attributes
    ----------
    base_url : str
    headers : dict
        Sent with every request; those of a call replace them.
    cookies : Jar
    timeout_s : float
        Total deadline of one call, from its begin to the last byte, redirects included. A call may
        shorten it.
    books : Books or None
        Keeps account of requests; without them only Locust's `request` event is fired.
    """

    def __init__(self, base_url: str, event: EventHook, user: User | None = None) -> None:
        self.base_url = base_url
        self.headers: dict[str, str] = {}
        self.cookies = Jar()
        self.timeout_s = DEFAULT_TIMEOUT_S
        self.books: Books[Any] | None = None
        self._event = event
        self._user = user
        self._wheel = shared_wheel()
        self._deadline = Deadline()
        self.connections = Connections(self._wheel)

    def get(
        self, url: str, data: object = None, json: object = None, **options: Unpack[Options]
    ) -> LeanResponse:
        """GET."""
        return self._ask("GET", url, data, json, options)

    def post(
        self, url: str, data: object = None, json: object = None, **options: Unpack[Options]
    ) -> LeanResponse:
        """POST."""
        return self._ask("POST", url, data, json, options)

    def put(
        self, url: str, data: object = None, json: object = None, **options: Unpack[Options]
    ) -> LeanResponse:
        """PUT."""
        return self._ask("PUT", url, data, json, options)

    def patch(
        self, url: str, data: object = None, json: object = None, **options: Unpack[Options]
    ) -> LeanResponse:
        """PATCH."""
        return self._ask("PATCH", url, data, json, options)

    def delete(
        self, url: str, data: object = None, json: object = None, **options: Unpack[Options]
    ) -> LeanResponse:
        """DELETE."""
        return self._ask("DELETE", url, data, json, options)

    def options(
        self, url: str, data: object = None, json: object = None, **options: Unpack[Options]
    ) -> LeanResponse:
        """OPTIONS."""
        return self._ask("OPTIONS", url, data, json, options)

    def head(self, url: str, **options: Unpack[Options]) -> LeanResponse:
        """HEAD; redirects are followed only where that is asked for, as in Locust's clients."""
        options.setdefault("allow_redirects", False)
        return self._ask("HEAD", url, None, None, options)

    def request(
        self, method: str, url: str, data: object = None, json: object = None,
        **options: Unpack[Options],
    ) -> LeanResponse:  # fmt: skip
        """Send a request, follow its redirects, and report it.

        Parameters
        ----------
        method, url : str
            The URL may be a path below the host.
        data : bytes, str, mapping or list of pairs, optional
            Body as it is, as UTF-8, or as a form.
        json : object, optional
            Body as JSON; instead of `data`.
        **options : Options
            See there.

        Returns
        -------
        LeanResponse
            Also of a request that failed, whose `error` then says why.

        Raises
        ------
        ValueError, TypeError
            If the call itself is wrong; nothing was sent then.
        """
        return self._ask(method, url, data, json, options)

    def _ask(
        self, method: str, url: str, data: object, json: object, options: Options
    ) -> LeanResponse:
        if options:
            check(options)
        body, content_type = b"", ""
        if data is not None or json is not None:
            body, content_type = message.body_of(data, json)
        params = options.get("params")
        if params:
            url = message.with_params(url, params)
        headers = self._headers(options)
        prepared = message.prepare(method, url, self.base_url, headers, content_type)
        call = _Call(options, prepared)
        deadline = self._within(options.get("timeout"))
        try:
            exchange = self._follow(call, prepared, body, deadline.at_s)
        finally:
            deadline.greenlet = None
            if deadline is not self._deadline:
                self._wheel.remove(deadline)
        if call.asserted:
            if self.books is not None:
                self.books.returned(call.entry, exchange)
            return LeanResponse(exchange, functools.partial(self._report, call))
        response = LeanResponse(exchange, None)
        self._report(call, response, response.error)
        return response

    def close(self) -> None:
        """Close the connections that are idle."""
        self.connections.close()

    def _within(self, limit_s: float | None) -> Deadline:
        """Deadline of a call, set from now on."""
        if limit_s is None or limit_s > self.timeout_s:
            limit_s = self.timeout_s
        deadline = self._deadline
        if deadline.greenlet is not None:
            deadline = Deadline()  # the VU's requests overlap
        self._wheel.set(deadline, clock() + limit_s)
        return deadline

    def _headers(self, options: Options) -> tuple[tuple[str, str], ...]:
        own, auth = options.get("headers"), options.get("auth")
        if auth is None and not self.headers:
            return tuple(own.items()) if own else _NO_HEADERS
        merged = {**self.headers, **(own or {})}
        if auth is not None:
            merged["Authorization"] = message.basic(*auth)
        return tuple(merged.items())

    def _follow(self, call: _Call, prepared: Prepared, body: bytes, until_s: float) -> Exchange:
        """Exchange of the last hop; earlier ones are booked on the way."""
        books, hops = self.books, 0
        if books is not None:
            call.entry = books.begin(prepared.method, call.name, asserted=call.asserted)
        while True:
            exchange = Exchange(prepared, clock())
            try:
                self._perform(call, exchange, body, until_s)
                redirects = call.follows and exchange.status in _REDIRECTS
                following = _next(exchange, hops) if redirects else None
            except BaseException as error:
                if books is not None:
                    books.cut(call.entry, exchange, error)
                raise
            if following is None:
                return exchange
            if following.method != prepared.method:
                body = b""
            prepared, hops = following, hops + 1
            if books is not None:
                call.entry = books.follow(call.entry, exchange, following.method)

    def _perform(self, call: _Call, exchange: Exchange, body: bytes, until_s: float) -> None:
        connections = self.connections
        prepared, cookies = exchange.prepared, self.cookies
        # nothing changes from one such request to the next
        plain = prepared.bare if not body and not cookies.held else b""
        data = plain or message.finish(prepared, body, cookies)
        perform(exchange, data, connections, until_s)
        if connections.discarded:
            connections.discarded = 0
            if self.books is not None:
                self.books.discarded(call.name)
        head = exchange.head
        if head is not None and head.sets_cookies:
            address = exchange.prepared.address
            lines = head.headers.of("set-cookie")
            self.cookies.store(lines, host=address.origin.host, path=address.path)

    def _report(self, call: _Call, response: LeanResponse, error: Exception | None) -> None:
        books = self.books
        if books is None:
            self._fire(call, response, error, call.context)
            return
        books.end(call.entry, response.exchange, error)
        if books.heard():
            self._fire(call, response, error, books.mark(call.entry, call.context))

    def _fire(
        self, call: _Call, response: LeanResponse, error: Exception | None,
        context: dict[str, object],
    ) -> None:  # fmt: skip
        """Fire Locust's own event, for whoever listens to it."""
        exchange = response.exchange
        own = self._user.context() if self._user is not None else {}
        self._event.fire(
            request_type=exchange.prepared.method,
            name=call.name,
            response_time=exchange.service_s * 1000.0,
            response_length=len(exchange.body),
            response=response,
            context={**own, **context},
            exception=error,
            start_time=time.time() - exchange.service_s,  # noqa: TID251  # what Locust expects
            url=response.url,
        )


class _Call:
    """What a scenario said of one call, and its entry in the books."""

    __slots__ = ("asserted", "context", "entry", "follows", "name")

    def __init__(self, options: Options, prepared: Prepared) -> None:
        self.name = options.get("name") or prepared.asked
        self.asserted = bool(options.get("catch_response"))
        self.follows = options.get("allow_redirects", True)
        self.context = options.get("context") or {}
        self.entry: Any = None  # whatever the books made


def _next(exchange: Exchange, hops: int) -> Prepared | None:
    """Request that a redirect asks for; None, perhaps with an error noted, where there is none."""
    head, prepared = exchange.head, exchange.prepared
    if exchange.error is not None:
        return None
    if head is None or "location" not in head.headers:
        return None
    if hops >= MAX_REDIRECTS:
        text = f"more than {MAX_REDIRECTS} redirects"
        exchange.error = RequestFailedError("too_many_redirects", text)
        return None
    to_get = exchange.status == _SEE_OTHER or (
        exchange.status in _MOVED and prepared.method == "POST"
    )
    try:
        return message.redirected(prepared, head.headers["location"], to_get=to_get)
    except ValueError as error:
        exchange.error = RequestFailedError("bad_redirect", f"the Location is of no use: {error}")
        return None
