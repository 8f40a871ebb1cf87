"""The routes of the service and who may use them."""

import hmac
import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from perf_loadtests.target.analytics import summarise_costs, summarise_usage
from perf_loadtests.target.metrics import CONTENT_TYPE, render_metrics, totals_by_path
from perf_loadtests.target.parameters import (
    ParameterError,
    group_of,
    limit_of,
    parse_query,
    parse_search,
    span_of,
)
from perf_loadtests.target.requestlog import RequestLog
from perf_loadtests.target.traces import find_trace, recent_traces, search_traces
from perf_loadtests.target.wire import Response

UNMATCHED = "unmatched"
ADMIN_PREFIX = "/admin/"
_TRACES = "/api/v1/traces"
_ONE_TRACE = "/api/v1/traces/{id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A whole request; `authorization` is the header of that name."""

    method: str
    path: str
    query: str
    body: bytes
    authorization: str | None


Endpoint = Callable[[Request], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """One route: its only method besides HEAD, and what answers it."""

    method: str
    endpoint: Endpoint


class App:
    """Answers requests from the store; knows nothing of connections and faults."""

    def __init__(self, connection: sqlite3.Connection, token: str, log: RequestLog) -> None:
        self._connection = connection
        self._token = token.encode()
        self._log = log
        self._routes: dict[str, Route] = {
            "/health": Route("GET", self._health),
            "/metrics": Route("GET", self._metrics),
            _TRACES: Route("GET", self._list_traces),
            "/api/v1/traces/search": Route("POST", self._search_traces),
            _ONE_TRACE: Route("GET", self._one_trace),
            "/api/v1/metrics/analytics": Route("GET", self._usage),
            "/api/v1/costs/analytics": Route("GET", self._costs),
        }

    def add_route(self, path: str, route: Route) -> None:
        """Serve one more path."""
        self._routes[path] = route

    def template_of(self, path: str) -> str:
        """Return the route template of a path: one of few, so that it may be a label."""
        if path in self._routes and path != _ONE_TRACE:
            return path
        trace_id = path.removeprefix(f"{_TRACES}/")
        return _ONE_TRACE if trace_id not in ("", path) and "/" not in trace_id else UNMATCHED

    def answer(self, request: Request) -> Response:
        """Return the answer, errors included."""
        path = request.path
        if path.startswith("/api/") and not self._is_authorised(request.authorization):
            return error_response(
                HTTPStatus.UNAUTHORIZED,
                "a valid bearer token is needed",
                ("WWW-Authenticate", 'Bearer realm="analytics"'),
            )
        route = self._routes.get(self.template_of(path))
        if route is None:
            return error_response(HTTPStatus.NOT_FOUND, "no such path")
        if route.method != ("GET" if request.method == "HEAD" else request.method):
            allowed = "GET, HEAD" if route.method == "GET" else route.method
            return error_response(
                HTTPStatus.METHOD_NOT_ALLOWED, f"use {allowed}", ("Allow", allowed)
            )
        try:
            return route.endpoint(request)
        except ParameterError as error:
            return error_response(HTTPStatus.BAD_REQUEST, str(error))

    def _is_authorised(self, authorization: str | None) -> bool:
        scheme, _, token = (authorization or "").partition(" ")
        # compared as the bytes that came in, in a time that does not tell how many were right
        given = token.strip(" ").encode("latin-1")
        return scheme.lower() == "bearer" and hmac.compare_digest(given, self._token)

    def _health(self, _: Request) -> Response:
        return json_response({"status": "ok"})

    def _metrics(self, _: Request) -> Response:
        body = render_metrics(totals_by_path(self._log.finished), self._log.durations)
        return Response(status=HTTPStatus.OK, body=body, content_type=CONTENT_TYPE)

    def _list_traces(self, request: Request) -> Response:
        limit = limit_of(parse_query(request.query))
        return json_response({"traces": recent_traces(self._connection, limit)})

    def _search_traces(self, request: Request) -> Response:
        search = parse_search(request.body)
        return json_response({"traces": search_traces(self._connection, search)})

    def _one_trace(self, request: Request) -> Response:
        trace = find_trace(self._connection, request.path.rpartition("/")[2])
        if trace is None:
            return error_response(HTTPStatus.NOT_FOUND, "no such trace")
        return json_response(trace)

    def _usage(self, request: Request) -> Response:
        span = span_of(parse_query(request.query))
        return json_response(summarise_usage(self._connection, span))

    def _costs(self, request: Request) -> Response:
        query = parse_query(request.query)
        group_by = group_of(query)
        return json_response(summarise_costs(self._connection, span_of(query), group_by))


def json_response(document: Mapping[str, object], status: int = HTTPStatus.OK) -> Response:
    """Return an answer with a JSON body."""
    body = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
    return Response(status=int(status), body=body)


def error_response(status: int, text: str, *headers: tuple[str, str]) -> Response:
    """Return an answer that says what was wrong."""
    body = json.dumps({"error": text}).encode()
    return Response(status=int(status), body=body, headers=headers)
