"""The HTTP shell: so many threads, so many bytes, so much time, and never a traceback."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import TYPE_CHECKING, cast

from perf_canary.contracts.messages import Reply, Request, text_reply
from perf_canary.routes import answer, failed
from perf_documents.redact import visible

if TYPE_CHECKING:
    from perf_canary.routes import Service

MAX_BODY_BYTES = 64 << 10
MAX_THREADS = 64
ARRIVAL_S = 5.0
_MAX_HEAD_BYTES = 64 << 10
_MAX_LATER_BYTES = 1 << 20
_SEND_S = 5.0
_POLL_S = 0.2
_MAX_PATH = 1_000


class GateServer(ThreadingHTTPServer):
    """Answers at one address until `shutdown`.

    Parameters
    ----------
    address : tuple of str and int
    service : Service
    arrival_s : float
        How long a request may take to arrive.
    max_threads : int
        Requests answered at the same time; further ones wait to be accepted.
    """

    # server_close() waits for the answers that are on their way; each is bounded in time
    daemon_threads = False
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        service: Service,
        *,
        arrival_s: float = ARRIVAL_S,
        max_threads: int = MAX_THREADS,
    ) -> None:
        self.service = service
        self.arrival_s = arrival_s
        self._slots = threading.BoundedSemaphore(max_threads)
        self._ending = False
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self.socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def server_bind(self) -> None:
        """Bind; unlike the base class, ask no name server what this machine is called."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.socket.getsockname()[:2]

    def shutdown(self) -> None:
        """Accept nothing more."""
        self._ending = True
        super().shutdown()

    def process_request(self, request: object, client_address: object) -> None:
        """Answer in a thread of its own, once there is one."""
        connection = cast("socket.socket", request)
        while not self._slots.acquire(timeout=_POLL_S):
            if self._ending:
                self.shutdown_request(connection)
                return
        try:
            super().process_request(connection, client_address)
        except BaseException:
            self._slots.release()
            raise

    def process_request_thread(self, request: object, client_address: object) -> None:
        """Give the slot back, whatever became of the request."""
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]  # as above
        finally:
            self._slots.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that has gone is no event, and no trace is shown to anybody."""
        del request, client_address


class _Arriving(io.RawIOBase):
    """Bytes of a connection until a deadline for all of them together, and so many at most."""

    def __init__(self, connection: socket.socket, allowed_s: float, max_bytes: int) -> None:
        self._connection = connection
        self._deadline_s = monotonic() + allowed_s
        self._left = max_bytes

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: object) -> int:
        """Next bytes; `TimeoutError` where they come too late."""
        view = memoryview(buffer)[: self._left]  # type: ignore[arg-type]  # a writable buffer
        left_s = self._deadline_s - monotonic()
        if left_s <= 0:
            # a byte now and then renews no timeout of a socket here
            raise TimeoutError
        self._connection.settimeout(left_s)
        count = self._connection.recv_into(view) if view else 0
        self._left -= count
        return count


class _Handler(BaseHTTPRequestHandler):
    """One connection, one request."""

    protocol_version = "HTTP/1.1"
    error_message_format = "%(code)d %(message)s\n"
    error_content_type = "text/plain; charset=utf-8"
    server: GateServer

    def setup(self) -> None:
        """Read by a deadline, write by another."""
        super().setup()
        self.rfile.close()
        self._arriving = _Arriving(
            self.connection, self.server.arrival_s, _MAX_HEAD_BYTES + MAX_BODY_BYTES
        )
        self.rfile = io.BufferedReader(self._arriving)

    def handle_one_request(self) -> None:
        """Answer one request and no further one of the same connection."""
        with contextlib.suppress(OSError):
            super().handle_one_request()
        self.close_connection = True

    def _respond(self) -> None:
        path, _, query = self.path.partition("?")
        length = self._length()
        try:
            reply = length if isinstance(length, Reply) else self._reply(path, query, length)
        except TimeoutError:
            reply = text_reply(
                408, f"the request did not arrive within {self.server.arrival_s:g} s"
            )
        except Exception as error:  # noqa: BLE001  # the border of one request: told, not shown
            self.server.service.log(f"internal error at {path[:80]!r}: {type(error).__name__}")
            reply = failed(path)
        self._send(reply)

    # what http.server calls; every other method is refused by send_error
    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _respond  # noqa: N815

    def _length(self) -> int | Reply:
        """Bytes of the body, or why it is not read."""
        if self.headers.get("transfer-encoding") is not None:
            return text_reply(411, "a body needs a Content-Length")
        given = self.headers.get_all("content-length") or ["0"]
        text = given[0].strip()
        if len(given) > 1 or not text.isascii() or not text.isdigit():
            return text_reply(400, "one Content-Length, a number")
        # the number of digits first: a long number is slow to convert
        if len(text) > 9 or int(text) > MAX_BODY_BYTES:  # noqa: PLR2004  # enough for any limit
            return text_reply(413, f"a body has at most {MAX_BODY_BYTES} bytes")
        return int(text)

    def _reply(self, path: str, query: str, length: int) -> Reply:
        body = self.rfile.read(length) if length else b""
        if len(body) < length:
            return text_reply(400, "the body ends early")
        if len(self.path) > _MAX_PATH:
            return text_reply(404, "no such path")
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(method=self.command, path=path, query=query, headers=headers, body=body)
        return answer(request, self.server.service)

    def _send(self, reply: Reply) -> None:
        self.server.service.log(f"{self.command} {visible(self.path, 200)} {reply.status}")
        self.connection.settimeout(_SEND_S)
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Connection", "close")
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
        self._linger()

    def _linger(self) -> None:
        """Take what is still on its way: closing at once would reset it, and lose the answer."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            rest = _Arriving(self.connection, 1.0, _MAX_LATER_BYTES)
            while rest.read(1 << 16):
                pass

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what http.server itself does not take; an unknown method is 405, not 501."""
        if code == HTTPStatus.NOT_IMPLEMENTED:
            code, message = HTTPStatus.METHOD_NOT_ALLOWED, "Method Not Allowed"
        self.connection.settimeout(_SEND_S)
        super().send_error(code, message, explain)

    def version_string(self) -> str:
        """Name in the header `Server`; versions are nobody's business."""
        return "perfproof"

    def log_message(self, *_: object) -> None:
        """Nothing: what is worth a line is said by `_send`."""
