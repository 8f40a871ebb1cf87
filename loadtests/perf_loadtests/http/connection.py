"""One connection of one VU: made, watched while idle, written to and read from."""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, NamedTuple

import gevent
import gevent.socket

from perf_loadtests.http.errors import RequestFailedError, failure_of
from perf_loadtests.http.tls import shared_context
from perf_loadtests.http.wheel import Deadline, DeadlineHit, Wheel

if TYPE_CHECKING:
    from gevent.greenlet import Greenlet

CONNECT_LIMIT_S = 5.0
PEEK_AFTER_S = 0.5
READ_BYTES = 65_536
_READ, _WRITE = 1, 2  # what libev calls them
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_clock = time.perf_counter


class Origin(NamedTuple):
    """Where a request goes: scheme, host and port."""

    secure: bool
    host: str
    port: int


class Opened(NamedTuple):
    """Seconds that opening a connection took: look-up, TCP connect, TLS handshake."""

    looking_up_s: float
    connecting_s: float
    tls_s: float


class _Signal:
    """What the loop says of a socket; apart from the connection, which may go while it is idle."""

    __slots__ = ("ready", "waiter", "watcher")

    def __init__(self, fd: int) -> None:
        self.ready = False
        self.waiter: Greenlet | None = None
        self.watcher = gevent.get_hub().loop.io(fd, _READ)
        self.watcher.start(self.readable)

    def readable(self) -> None:
        self.ready = True
        waiter = self.waiter
        if waiter is None:
            self.watcher.stop()  # else it would fire in every turn of the loop
        else:
            waiter.switch()

    def wake(self) -> None:
        if self.waiter is not None:
            self.waiter.switch()

    def watch(self) -> None:
        if not self.watcher.active:
            self.watcher.start(self.readable)

    def wait(self) -> None:
        self.waiter = gevent.getcurrent()
        try:
            gevent.get_hub().switch()
        finally:
            self.waiter = None


class Connection:
    """A connection whose one io watcher runs from its making to its end.

    While a greenlet waits the watcher wakes it; while nobody does, whatever happens on the socket
    (its end, bytes that nobody asked for) condemns the connection before it is used again. That
    costs no system call, neither for waiting nor for looking.
    """

    __slots__ = ("_signal", "idle_since_s", "opened", "origin", "recv", "socket", "used")

    def __init__(self, origin: Origin, sock: gevent.socket.socket, opened: Opened) -> None:
        self.origin = origin
        self.socket = sock
        self.opened = opened
        self.used = 0
        self.idle_since_s = 0.0
        self.recv = sock.recv
        self._signal = _Signal(sock.fileno())

    def close(self) -> None:
        """Close at once; nothing that was not sent is waited for."""
        watcher = self._signal.watcher
        watcher.stop()
        watcher.close()
        self.socket.close()

    def __del__(self) -> None:
        if hasattr(self, "_signal"):
            self.close()

    def send(self, data: bytes) -> bool:
        """Write `data`; False where an answer came before all was written.

        A connection that breaks is no error here: the answer, or the reason, lies there to be read.
        """
        sent = self._send_some(data)
        if sent == len(data):
            return True
        signal = self._signal
        rest = memoryview(data)[sent:]
        while rest:
            if signal.ready:
                if not self.origin.secure:
                    return False
                signal.watcher.stop()  # under TLS that may be a ticket
            sent = self._send_some(rest)
            if not sent and (self.origin.secure or not signal.ready):
                self._wait_writable()
            rest = rest[sent:]
        return True

    def _send_some(self, data: bytes | memoryview) -> int:
        try:
            return int(self.socket.send(data))
        except _WOULD_BLOCK:
            return 0
        except OSError:
            self._signal.ready = True
            return len(data)

    def read(self) -> bytes:
        """Next bytes; none at the end of the stream. Waits first, as an answer takes a while."""
        if self.origin.secure:
            return self._read_tls()
        signal = self._signal
        while True:
            if not signal.ready:
                signal.wait()
            signal.ready = False
            try:
                return self.recv(READ_BYTES)  # type: ignore[no-any-return]  # gevent has no types
            except BlockingIOError:
                signal.watch()

    def _read_tls(self) -> bytes:
        # what TLS has already decrypted never makes the socket readable: so try first
        signal = self._signal
        while True:
            signal.ready = False
            try:
                return self.recv(READ_BYTES)  # type: ignore[no-any-return]  # gevent has no types
            except _WOULD_BLOCK:
                signal.watch()
                signal.wait()

    def condemned(self, now_s: float) -> str:
        """Why an idle connection must not be used again: `closed`, `unsolicited`, or empty."""
        signal = self._signal
        if not signal.ready and now_s - self.idle_since_s < PEEK_AFTER_S:
            return ""
        try:
            found = self.recv(1)
        except _WOULD_BLOCK:
            signal.ready = False
            signal.watch()
            return ""
        except OSError:
            return "closed"
        return "unsolicited" if found else "closed"

    def _wait_writable(self) -> None:
        """Wait until more can be written, or something can be read."""
        watcher = gevent.get_hub().loop.io(self.socket.fileno(), _WRITE)
        watcher.start(self._signal.wake)
        try:
            self._signal.wait()
        finally:
            watcher.stop()
            watcher.close()


def connect(origin: Origin, wheel: Wheel, limit_s: float, *, insecure: bool) -> Connection:
    """Open a connection within a limit.

    Raises
    ------
    RequestFailedError
        With the class of what went wrong: `dns`, `refused`, `connect_timeout`, `tls_verify`, ...
    """
    began_s = _clock()
    deadline = Deadline(began_s + min(CONNECT_LIMIT_S, limit_s))
    wheel.add(deadline)
    stage = "connect_timeout"
    sock = None
    try:
        addresses = gevent.socket.getaddrinfo(
            origin.host, origin.port, 0, gevent.socket.SOCK_STREAM
        )
        found_s = _clock()
        sock = _reach(addresses)
        reached_s = _clock()
        if origin.secure:
            stage = "tls_handshake"
            sock = _wrapped(sock, origin.host, insecure=insecure)
            sock.do_handshake()
        ready_s = _clock()
        sock.settimeout(0.0)
        opened = Opened(found_s - began_s, reached_s - found_s, ready_s - reached_s)
        made = Connection(origin, sock, opened)
    except DeadlineHit:
        _drop(sock)
        took_s = _clock() - began_s
        raise RequestFailedError(stage, f"no connection within {took_s:.2f} s") from None
    except OSError as error:
        _drop(sock)
        raise _of_stage(stage, error) from error
    except BaseException:
        _drop(sock)
        raise
    finally:
        wheel.remove(deadline)
    return made


def _reach(addresses: list[tuple[int, int, int, str, tuple[object, ...]]]) -> gevent.socket.socket:
    """Connect to the first address that answers; the last one's error if none does."""
    last: OSError | None = None
    for family, kind, protocol, _, place in addresses:
        sock = gevent.socket.socket(family, kind, protocol)
        try:
            sock.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
            sock.connect(place)  # the guard of the engine stands before this call
        except OSError as error:
            sock.close()
            last = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise last or OSError("the name has no address")


def _wrapped(sock: gevent.socket.socket, host: str, *, insecure: bool) -> gevent.socket.socket:
    """Socket with TLS around it, its handshake yet to come: an interrupted one can be closed."""
    return shared_context(insecure=insecure).wrap_socket(
        sock, server_hostname=host, suppress_ragged_eofs=True, do_handshake_on_connect=False
    )


def _of_stage(stage: str, error: OSError) -> RequestFailedError:
    """Class of an error while connecting; what ends a handshake is one of the handshake."""
    failure = failure_of(error)
    if stage == "tls_handshake" and failure.error_class in {"reset", "refused", "timeout"}:
        return RequestFailedError("tls_handshake", str(error))
    return failure


def _drop(sock: gevent.socket.socket | None) -> None:
    if sock is not None:
        sock.close()
