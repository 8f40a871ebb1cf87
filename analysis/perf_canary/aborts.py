"""Reasons from outside to end a rollout: a signal, a file that appears, a local request."""

from __future__ import annotations

import hmac
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar, Self

from perf_documents.errors import UnreachableError
from perf_documents.strict_json import dump_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

LOOPBACK = "127.0.0.1"
TOKEN_VARIABLE = "PERF_ABORT_TOKEN"  # noqa: S105  # the name of a variable, not a token
_LOCAL = frozenset({LOOPBACK, "localhost"})
_MOST_BODY_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort:
    """Why to end; `code` is the exit code of a signal, None where a person asked otherwise."""

    reason: str
    code: int | None = None


@dataclass(slots=True)
class Aborts:
    """All ways to abort at once; what was asked for once stays asked for."""

    signal_code: Callable[[], int | None]
    files: tuple[Path, ...] = ()
    desk: AbortDesk | None = None
    _found: Abort | None = field(init=False, default=None)

    def __call__(self) -> Abort | None:
        """Return the first abort that was asked for."""
        if self._found is None:
            self._found = self._look()
        return self._found

    def _look(self) -> Abort | None:
        code = self.signal_code()
        if code is not None:
            return Abort(reason=f"interrupted by signal {code - 128}", code=code)
        for path in self.files:
            # a dangling link is there too: somebody put it
            if path.exists() or path.is_symlink():
                return Abort(reason=f"aborted: the file {path} is there; remove it to start again")
        if self.desk is not None and self.desk.asked.is_set():
            return Abort(reason=f"aborted: POST {self.desk.url}/abort")
        return None


class AbortDesk:
    """Takes `POST /abort` on a loopback port and shows the state at `GET /`.

    Parameters
    ----------
    port : int
        0 is any free one.
    token : str
        Asked for as `Authorization: Bearer TOKEN`; nobody is asked where it is empty.
    """

    def __init__(self, port: int, token: str) -> None:
        self.asked = threading.Event()
        self.token = token
        self._state = dump_json({})
        handler = type("Handler", (_Handler,), {"desk": self})
        try:
            self._server = _Server((LOOPBACK, port), handler)
        except OSError as error:
            raise UnreachableError(
                f"abort.port {port}: cannot be listened to on {LOOPBACK}: {error.strerror}; "
                "nothing was run; next: free the port or choose another"
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True
        )

    @property
    def url(self) -> str:
        """Address."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    @property
    def state(self) -> bytes:
        """JSON that `GET /` answers."""
        return self._state

    def show(self, state: Mapping[str, object]) -> None:
        """Show another state from now on."""
        self._state = dump_json(dict(state))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    """A server whose troubled clients are nobody's concern."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that went away is no news, and a traceback would look like one."""
        del request, client_address


class _Handler(BaseHTTPRequestHandler):
    """One request; the connection ends with the answer."""

    desk: ClassVar[AbortDesk]
    timeout = 5.0
    server_version = "perfproof"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer with the state."""
        if not self._is_local():
            self._answer(HTTPStatus.FORBIDDEN, {"error": "ask by 127.0.0.1, not from a page"})
        elif self.path != "/":
            self._answer(HTTPStatus.NOT_FOUND, {"error": "GET / or POST /abort"})
        else:
            self._send(HTTPStatus.OK, self.desk.state)

    def do_POST(self) -> None:
        """Take an abort."""
        self._skip_body()
        if not self._is_local():
            self._answer(HTTPStatus.FORBIDDEN, {"error": "ask by 127.0.0.1, not from a page"})
        elif self.path != "/abort":
            self._answer(HTTPStatus.NOT_FOUND, {"error": "GET / or POST /abort"})
        elif not self._is_allowed():
            self._answer(HTTPStatus.UNAUTHORIZED, {"error": f"Bearer token of {TOKEN_VARIABLE}"})
        else:
            self.desk.asked.set()
            self._answer(HTTPStatus.ACCEPTED, {"aborting": True})

    def _skip_body(self) -> None:
        """Read what was sent along: closing with it unread would reset the answer's connection."""
        length = self.headers.get("Content-Length") or ""
        if length.isascii() and length.isdecimal():
            self.rfile.read(min(int(length[:9]), _MOST_BODY_BYTES))

    def _is_local(self) -> bool:
        """Whether no web page asks: one sends its origin, or another host's name (rebinding)."""
        host = (self.headers.get("Host") or LOOPBACK).rpartition(":")
        name = host[0] if host[1] else host[2]
        return self.headers.get("Origin") is None and name in _LOCAL

    def _is_allowed(self) -> bool:
        given = self.headers.get("Authorization") or ""
        expected = f"Bearer {self.desk.token}"
        # in constant time: how long a refusal takes says nothing about the token
        return not self.desk.token or hmac.compare_digest(given.encode(), expected.encode())

    def _answer(self, status: HTTPStatus, body: Mapping[str, object]) -> None:
        self._send(status, dump_json(dict(body)))

    def _send(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    # the name of the argument is http.server's
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the audit log tells of an abort."""
