"""One bounded exchange over HTTP: a deadline for all of it, no proxy, no redirect, no unpacking."""

from __future__ import annotations

import socket
import ssl
import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import TYPE_CHECKING

from perf_documents.redact import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_documents.urls import Origin

_CHUNK = 64 * 1024


class NoReplyError(Exception):
    """No whole answer came in time; it may be asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is sent where; of the answer at most `most_bytes`, and one more, are read."""

    origin: Origin
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    most_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer; names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def exchange(call: Call, limit_s: float) -> Reply:
    """Return the answer to a call.

    A thread of its own is waited for: timeouts of sockets are those of single reads, and neither a
    slow name server nor a trickle of bytes ever meets one.

    Raises
    ------
    NoReplyError
        If it is refused, broken, cut short, or not whole in time.
    """
    answer: Future[Reply] = Future()
    line = _Line(call, limit_s)

    def talk() -> None:
        try:
            answer.set_result(line.talk())
        except Exception as error:  # noqa: BLE001  # raised again where it is waited for
            answer.set_exception(error)

    threading.Thread(target=talk, daemon=True).start()
    try:
        return answer.result(max(limit_s, 0.0))
    except TimeoutError as error:
        raise NoReplyError(f"no whole answer within {limit_s:.3g} s") from error
    except (OSError, HTTPException, ValueError) as error:
        raise NoReplyError(_cause(error)) from error
    finally:
        line.cut()


@cache
def _trusted() -> ssl.SSLContext:
    """Return the system's authorities, which take longer to read than a query."""
    return ssl.create_default_context()


class _Line:
    """One connection, which may be cut from another thread."""

    def __init__(self, call: Call, limit_s: float) -> None:
        self._call = call
        scheme, host, port = call.origin
        timeout_s = max(limit_s, 0.001)
        self._connection = (
            HTTPSConnection(host, port, timeout=timeout_s, context=_trusted())
            if scheme == "https"
            else HTTPConnection(host, port, timeout=timeout_s)
        )
        self._socket: socket.socket | None = None

    def talk(self) -> Reply:
        call, connection = self._call, self._connection
        try:
            connection.connect()
            # an answer that ends with its connection takes the socket out of `connection`
            self._socket = connection.sock
            connection.request(call.method, call.path, call.body, dict(call.headers))
            with connection.getresponse() as response:
                headers = {name.lower(): value for name, value in response.getheaders()}
                body = _read(response, call.most_bytes)
                return Reply(status=response.status, headers=headers, body=body)
        finally:
            connection.close()

    def cut(self) -> None:
        """End a read that still waits; without effect on what has ended."""
        if self._socket is not None:
            with suppress(OSError, ValueError):
                self._socket.shutdown(socket.SHUT_RDWR)


def _read(response: HTTPResponse, most_bytes: int) -> bytes:
    data = bytearray()
    while chunk := response.read(_CHUNK):
        data += chunk
        if len(data) > most_bytes:
            return bytes(data[: most_bytes + 1])
    # read in parts, http.client takes an early end for the end
    if response.length:
        raise IncompleteRead(b"", response.length)
    return bytes(data)


def _cause(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, IncompleteRead):
        return "the answer is cut short"
    said = error.strerror if isinstance(error, OSError) and error.strerror else ""
    return f"{type(error).__name__}{f': {visible(said, 120)}' if said else ''}"
