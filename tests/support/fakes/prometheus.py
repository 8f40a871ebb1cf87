"""A Prometheus of its own on loopback: a few series it knows, and answers it is told to give."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

T0_S = 1_800_000_000.0
# in a canned answer it stands for the time that was asked for
ASKED_S = 1_234_567_890.125
GREEN, BLUE = 'version="green"', 'version="blue"'
# what a user's rules ask, by `requests_of` and so on
TOTAL = "http_requests_total"
SECONDS = "http_request_duration_seconds_bucket"
_NAME = re.compile(r"[a-z_]+")
_SUM = re.compile(r"sum(?: by \(le\) )?\((.*)\)")


@dataclass(slots=True)
class Series:
    """What a selector matches; its sum grows by `per_s` from 1,000."""

    per_s: float
    # share of the requests at or under each bound
    shares: Mapping[str, float] | None = None
    count: int = 4
    age_s: float = 0.5
    resets: int = 0
    # of its series those with a past; all of them if None
    known: int | None = None

    def samples(self, t_s: float) -> list[dict[str, object]]:
        """Series of its sum, or of its buckets."""
        value = 1000.0 + self.per_s * (t_s - T0_S)
        if self.shares is None:
            return [sample(t_s, repr(value))]
        return [
            sample(t_s, repr(value * share), {"le": bound}) for bound, share in self.shares.items()
        ]

    def about(self, query: str, t_s: float) -> list[dict[str, object]]:
        """What is said of the series themselves."""
        if query.startswith("count("):
            return _counted(t_s, self.count)
        if query.startswith("min(timestamp("):
            return [sample(t_s, repr(t_s - self.age_s))]
        return [sample(t_s, str(self.resets))] if query.startswith("sum(resets(") else []


@dataclass(frozen=True, slots=True)
class Canned:
    """One answer as it goes over the wire; `then` is what becomes of the connection.

    `whole` frames it by its length, `cut` announces more than is sent, `chunk` ends inside a
    chunk, `silent` sends nothing, `trickle` never ends, `flood` sends the body without end.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    then: str = "whole"


@dataclass(slots=True)
class FakePrometheus:
    """What it knows, what it is to say instead, and what it was asked."""

    url: str = ""
    series: dict[str, Series] = field(default_factory=dict)
    # text within a query to what is answered; a function is given the query's number
    canned: dict[str, Canned | Callable[[int], Canned | None]] = field(default_factory=dict)
    now_s: float = T0_S
    asked: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def answer(self, form: Mapping[str, str]) -> Canned:
        """Answer to one query."""
        query = form["query"]
        for part, canned in self.canned.items():
            if part in query:
                told = canned if isinstance(canned, Canned) else canned(len(self.asked))
                if told is not None:
                    return told
        t_s = float(form.get("time", self.now_s))
        return Canned(vector(*self._samples(query, t_s)))

    def _samples(self, query: str, t_s: float) -> list[dict[str, object]]:
        if query == "time()":
            return [sample(t_s, repr(t_s))]
        for selector, series in self.series.items():
            if f"({selector} >= last_over_time({selector}[1h] offset " in query:
                return _counted(t_s, series.count if series.known is None else series.known)
            if f"({selector})" not in query and f"({selector}[" not in query:
                continue
            if (found := _SUM.fullmatch(query)) and found[1] == selector:
                return series.samples(t_s)
            return series.about(query, t_s)
        names = {found[0] for selector in self.series if (found := _NAME.match(selector))}
        return _counted(t_s, len([name for name in names if query == f"count({name})"]))


def _counted(t_s: float, count: int) -> list[dict[str, object]]:
    return [sample(t_s, str(count))] if count else []


def sample(t_s: float, value: object, labels: Mapping[str, str] | None = None) -> dict[str, object]:
    """One series of an instant vector."""
    return {"metric": dict(labels or {}), "value": [t_s, value]}


def vector(*samples: object, **more: object) -> bytes:
    """Body of an answer."""
    data = {"resultType": "vector", "result": list(samples)}
    return json.dumps({"status": "success", "data": data, **more}).encode()


def selector_of(arm: str, name: str = TOTAL, more: str = "") -> str:
    """A selector as it is asked for."""
    return f"{name}{{{arm}{more}}}"


def healthy(arm: str, *, errors_per_s: float = 0.05) -> dict[str, Series]:
    """An arm of 50 requests a second, one in a thousand an error, nearly all within 0.1 s."""
    shares = {"0.1": 0.99, "2": 1.0, "+Inf": 1.0}
    return {
        selector_of(arm): Series(50.0),
        selector_of(arm, more=',status=~"5.."'): Series(errors_per_s, count=1),
        selector_of(arm, more=',status!=""'): Series(50.0),
        selector_of(arm, SECONDS): Series(50.0, shares),
    }


class _Handler(BaseHTTPRequestHandler):
    state: ClassVar[FakePrometheus]
    protocol_version = "HTTP/1.1"
    wbufsize = 65_536
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        form = {k: v[0] for k, v in parse_qs(self.rfile.read(length).decode()).items()}
        self.state.asked.append(form)
        self.state.headers.append({k.lower(): v for k, v in self.headers.items()})
        self.state.paths.append(self.path)
        self._send(self.state.answer(form), form.get("time", ""))

    def _send(self, canned: Canned, asked: str) -> None:
        self.close_connection = True
        if canned.then == "silent":
            self.state.ended.wait(5.0)
            return
        body = canned.body.replace(repr(ASKED_S).encode(), asked.encode())
        self.send_response(canned.status)
        for name, value in canned.headers.items():
            self.send_header(name, value)
        framing = {
            "whole": ("Content-Length", str(len(body))),
            "cut": ("Content-Length", str(len(body) + 1)),
            "chunk": ("Transfer-Encoding", "chunked"),
        }
        name, value = framing.get(canned.then, ("Connection", "close"))
        self.send_header(name, value)
        self.end_headers()
        size = f"{len(body) + 1:x}\r\n".encode() if canned.then == "chunk" else b""
        self.wfile.write(size + body)
        self.wfile.flush()
        while canned.then == "flood" and not self.state.ended.is_set():
            self.wfile.write(body)
        while canned.then == "trickle" and not self.state.ended.wait(0.02):
            self.wfile.write(b" ")
            self.wfile.flush()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Nothing: a client that has gone is what some tests are about."""


@contextmanager
def serving(*arms: str) -> Iterator[FakePrometheus]:
    """Serve healthy arms on a free port of loopback until the block ends."""
    state = FakePrometheus()
    for arm in arms:
        state.series |= healthy(arm)
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        state.ended.set()
        server.shutdown()
        server.server_close()
        thread.join(5.0)
