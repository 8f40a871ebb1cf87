"""A GitHub of its own on loopback: comments with authors, pages, and what goes wrong there."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qs, urlsplit

from perf_documents.redact import Redactor
from perf_reports.delivery import github
from perf_reports.delivery.http import Api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY = "octo/shop"
TOKEN = "token-of-the-tests"  # noqa: S105  # opens nothing
HEAD = "a" * 40
_COMMENTS = re.compile(r"/repos/octo/shop/issues/(\d+)/comments")
_COMMENT = re.compile(r"/repos/octo/shop/issues/comments/(\d+)")


class FakeClock:
    """Seconds that pass only by sleeping."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@dataclass(frozen=True, slots=True)
class Fault:
    """What becomes of one request: a status with headers, or a reset; before or after its work.

    `on` narrows it to a method, `at` to paths that hold it.
    """

    status: int = 0
    is_done: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    message: str = "Server Error"
    on: str = ""
    at: str = ""


@dataclass(slots=True)
class Stored:
    """One comment as the server keeps it; `user` is None where the account is gone."""

    number: int
    user: dict[str, str] | None
    body: str | None


BOT = {"login": github.BOT, "type": "Bot"}


@dataclass(slots=True)
class FakeGitHub:
    """State of the server, and what is to go wrong."""

    url: str = ""
    comments: dict[int, Stored] = field(default_factory=dict)
    pulls: list[dict[str, object]] = field(default_factory=list)
    checks: list[dict[str, object]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    # called once, before the request of that number from now
    interruption: tuple[int, Callable[[], None]] | None = None
    calls: list[tuple[str, str]] = field(default_factory=list)
    # what may stand under Authorization
    accepted: set[str] = field(default_factory=lambda: {f"Bearer {TOKEN}"})
    user: tuple[int, dict[str, object]] = (403, {"message": "Resource not accessible"})
    # whom the token writes as
    writer: dict[str, str] = field(default_factory=lambda: dict(BOT))
    # what the server makes of a body before it keeps it
    keeps: Callable[[str], str] = str
    longest: int = 65_536
    page: int = 100
    _next: int = 1

    def api(self, clock: FakeClock | None = None) -> Api:
        """Calls to this server, without waiting."""
        clock = clock or FakeClock()
        return Api(
            base=self.url, headers=github.headers(TOKEN, "0"), redactor=Redactor([TOKEN]),
            clock=clock, sleep=clock.sleep,
        )  # fmt: skip

    def thread(self, number: int = 7) -> github.PullRequest:
        """Comments of a pull request as our token sees them."""
        author = github.Author(login=github.BOT, kind="Bot")
        return github.PullRequest(
            api=self.api(), repository=REPOSITORY, number=number, author=author
        )

    def add(self, body: str | None, user: dict[str, str] | None = None, number: int = 7) -> int:
        """Put a comment there, as somebody else would."""
        identity, self._next = self._next, self._next + 1
        self.comments[identity] = Stored(number, user, body)
        return identity

    def answer(self, method: str, target: str, body: dict[str, object]) -> tuple[int, object, str]:
        """Status, JSON and Link header of a request."""
        parts = urlsplit(target)
        path, query = parts.path, parse_qs(parts.query)
        if found := _COMMENTS.fullmatch(path):
            number = int(found[1])
            if method == "POST":
                return self._create(number, str(body["body"]))
            mine = [i for i, c in sorted(self.comments.items()) if c.number == number]
            return self._page(path, query, [self._said(i) for i in mine])
        if found := _COMMENT.fullmatch(path):
            return self._change(method, int(found[1]), body)
        if path == "/user":
            return (*self.user, "")
        if path.startswith("/repos/octo/shop/pulls/"):
            wanted = int(path.rpartition("/")[2])
            pull = next((p for p in self.pulls if p["number"] == wanted), None)
            return (200, pull, "") if pull else (404, {"message": "Not Found"}, "")
        if path == "/repos/octo/shop/pulls":
            return self._page(path, query, [p for p in self.pulls if p["state"] == "open"])
        if path == "/repos/octo/shop/check-runs" and method == "POST":
            self.checks.append(body)
            return 201, {"id": len(self.checks)}, ""
        return 404, {"message": "Not Found"}, ""

    def _said(self, identity: int) -> dict[str, object]:
        stored = self.comments[identity]
        return {"id": identity, "body": stored.body, "user": stored.user}

    def _create(self, number: int, text: str) -> tuple[int, object, str]:
        if len(text) > self.longest:
            return 422, {"message": "Validation Failed: body is too long"}, ""
        identity = self.add(self.keeps(text), self.writer, number)
        return 201, self._said(identity), ""

    def _change(
        self, method: str, identity: int, body: dict[str, object]
    ) -> tuple[int, object, str]:
        stored = self.comments.get(identity)
        if stored is None:
            return 404, {"message": "Not Found"}, ""
        if stored.user != self.writer:
            return 403, {"message": "Resource not accessible by integration"}, ""
        if method == "DELETE":
            del self.comments[identity]
            return 204, None, ""
        text = str(body["body"])
        if len(text) > self.longest:
            return 422, {"message": "Validation Failed: body is too long"}, ""
        stored.body = self.keeps(text)
        return 200, self._said(identity), ""

    def _page(
        self, path: str, query: dict[str, list[str]], items: list[object]
    ) -> tuple[int, object, str]:
        at = int(query.get("page", ["1"])[0])
        shown = items[(at - 1) * self.page : at * self.page]
        more = len(items) > at * self.page
        link = f'<{self.url}{path}?per_page=100&page={at + 1}>; rel="next"' if more else ""
        return 200, shown, link


class _Handler(BaseHTTPRequestHandler):
    state: ClassVar[FakeGitHub]
    protocol_version = "HTTP/1.1"
    # one packet for head and body: else each answer waits for an acknowledgement
    wbufsize = 65_536
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _serve(self) -> None:
        state = self.state
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        state.calls.append((self.command, self.path))
        if state.interruption is not None:
            left, action = state.interruption
            state.interruption = (left - 1, action) if left else None
            if not left:
                action()
        fault = state.faults[0] if state.faults else None
        if fault is not None and fault.on in {"", self.command} and fault.at in self.path:
            state.faults.pop(0)
        else:
            fault = None
        if self.headers.get("Authorization") not in state.accepted:
            self._send(401, {"message": "Bad credentials"}, "")
            return
        if fault is not None and not fault.is_done:
            self._fail(fault)
            return
        status, answer, link = state.answer(self.command, self.path, body)
        if fault is not None:
            self._fail(fault)
            return
        self._send(status, answer, link)

    do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815  # names of the library

    def _fail(self, fault: Fault) -> None:
        if not fault.status:
            self.close_connection = True
            self.connection.shutdown(2)
            return
        self._send(fault.status, {"message": fault.message}, "", fault.headers)

    def _send(
        self, status: int, body: object, link: str, more: tuple[tuple[str, str], ...] = ()
    ) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (*more, *((("Link", link),) if link else ())):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Nothing: a client that has gone is what some tests are about."""


@contextmanager
def serving(state: FakeGitHub) -> Iterator[FakeGitHub]:
    """Serve on a free port of loopback until the block ends."""
    handler = type("Handler", (_Handler,), {"state": state})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5.0)
