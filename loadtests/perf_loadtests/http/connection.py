"""One connection of one VU: made, watched while idle, written to and read from."""

from __future__ import annotations

import ssl
from typing import NamedTuple

import gevent
import gevent.socket

from perf_loadtests.http.clock import clock
from perf_loadtests.http.errors import RequestFailedError, failure_of
from perf_loadtests.http.parser import is_interim
from perf_loadtests.http.signal import WRITE, Signal
from perf_loadtests.http.tls import shared_context
from perf_loadtests.http.wheel import Deadline, DeadlineHit, Wheel

CONNECT_LIMIT_S = 5.0
PEEK_AFTER_S = 0.5
READ_BYTES = 65_536
READS_AT_ONCE = 4
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


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


class Connection:
    """A connection whose one io watcher runs from its making to its end.

    While a greenlet waits the watcher wakes it; while nobody does, whatever happens on the socket
    (its end, bytes that nobody asked for) condemns the connection before it is used again. That
    costs no system call, neither for waiting nor for looking.
    """

    __slots__ = (
        "_at_once", "_broke", "_early", "_sends", "_signal", "idle_since_s", "opened", "origin",
        "recv", "socket", "used",
    )  # fmt: skip

    def __init__(self, origin: Origin, sock: gevent.socket.socket, opened: Opened) -> None:
        self.origin = origin
        self.socket = sock
        self.opened = opened
        self.used = 0
        self.idle_since_s = 0.0
        # gevent's own wait where they would block; ours waits by one watcher for both
        self.recv = sock.recv if origin.secure else sock._sock.recv  # noqa: SLF001  # see `_sends`
        self._sends = sock.send if origin.secure else sock._sock.send  # noqa: SLF001  # a third cheaper
        self._at_once = 0
        self._early = b""
        self._broke: OSError | None = None
        self._signal = Signal(sock.fileno())

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
        """Write `data`; False where a final answer came before all was written.

        A connection that breaks is no error here: the answer, or the reason, lies there to be read.
        """
        try:
            sent = self._sends(data)
        except OSError:
            sent = self._send_some(data)
        if sent == len(data):
            return True
        signal = self._signal
        rest = memoryview(data)[sent:]
        while rest:
            if signal.ready and not self._is_wanted():
                return False
            sent = self._send_some(rest)
            if not sent and (self.origin.secure or not signal.ready):
                self._wait_writable()
            rest = rest[sent:]
        return True

    def _is_wanted(self) -> bool:
        """Whether the rest of a body is wanted, though something came: a ticket of TLS, a 1xx."""
        signal = self._signal
        if self.origin.secure:
            signal.watcher.stop()
            return True
        signal.ready = False
        signal.watch()
        try:
            data = self.recv(READ_BYTES)
        except BlockingIOError:
            return True
        except OSError as error:
            self._broke = error
            return False
        self._early += data
        signal.ready = not data  # the end of the stream can be read once more
        return bool(data) and is_interim(self._early)

    def _send_some(self, data: bytes | memoryview) -> int:
        try:
            return int(self._sends(data))
        except _WOULD_BLOCK:
            return 0
        except OSError:
            self._signal.ready = True
            return len(data)

    def read(self) -> bytes:
        """Next bytes; none at the end of the stream. Waits first, as an answer takes a while."""
        if self._early or self._broke:
            return self._read_early()
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

    def _read_early(self) -> bytes:
        """What was read, or went wrong, while a body was being sent."""
        early, self._early = self._early, b""
        if not early and self._broke:
            raise self._broke
        return early

    def _read_tls(self) -> bytes:
        # what TLS has already decrypted never makes the socket readable: so try first
        signal = self._signal
        self._at_once += 1
        if self._at_once >= READS_AT_ONCE and not self.socket.pending():
            # else a fast sender would keep deadlines and other VUs waiting; sleep(0) would not do,
            # as the loop runs such callbacks again before it looks at its timers
            self._at_once = 0
            signal.watch()
            signal.wait()
        while True:
            signal.ready = False
            try:
                return self.recv(READ_BYTES)  # type: ignore[no-any-return]  # gevent has no types
            except _WOULD_BLOCK:
                self._at_once = 0
                signal.watch()
                signal.wait()

    def is_fresh(self, now_s: float) -> bool:
        """Whether nothing was heard of it, and it was used so lately that no look is needed."""
        return not self._signal.ready and now_s - self.idle_since_s < PEEK_AFTER_S

    def condemned(self, now_s: float) -> str:
        """Why an idle connection must not be used again: `closed`, `unsolicited`, or empty."""
        if self.is_fresh(now_s):
            return ""
        signal = self._signal
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
        watcher = gevent.get_hub().loop.io(self.socket.fileno(), WRITE)
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
    began_s = clock()
    deadline = Deadline()
    wheel.set(deadline, began_s + min(CONNECT_LIMIT_S, limit_s))
    stage = "connect_timeout"
    sock = None
    try:
        addresses = gevent.socket.getaddrinfo(
            origin.host, origin.port, 0, gevent.socket.SOCK_STREAM
        )
        found_s = clock()
        sock = _reach(addresses)
        reached_s = clock()
        ready_s = reached_s
        if origin.secure:
            stage = "tls_handshake"
            sock = _wrapped(sock, origin.host, insecure=insecure)
            sock.do_handshake()
            ready_s = clock()
        sock.settimeout(0.0)
        opened = Opened(found_s - began_s, reached_s - found_s, ready_s - reached_s)
        made = Connection(origin, sock, opened)
    except DeadlineHit:
        _drop(sock)
        took_s = clock() - began_s
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
