"""Workers that join a run from elsewhere, and a line to their master that can be cut."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine_runs import HEALTH, Bench, plan_of
from perf_documents.errors import PerfError
from perf_loadtests.joining import Joining

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Place = tuple[str, int]
RATE, DURATION_S = 40, 3


@dataclass
class Guest:
    """A worker under a supervisor of its own, in a thread of this process."""

    bench: Bench
    name: str = "guest"
    token: str = "t" * 32
    version: str = "0"
    rate: int = RATE
    duration_s: float = DURATION_S
    scenario: str = HEALTH
    find: Callable[[], Place] | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    ended: list[str | PerfError] = field(default_factory=list)

    def start(self) -> threading.Thread:
        """Join as soon as there is a master."""
        thread = threading.Thread(target=self.join)
        thread.start()
        return thread

    def join(self) -> None:
        """Join, and note how it ended."""
        place = (self.find or self.bench.listening)()
        plan = plan_of(rate=self.rate, duration_s=self.duration_s)
        order = self.bench.order_of(self.scenario, plan)
        order = order.model_copy(update={"version": self.version})
        around = self.bench.around(self.bench.folder / "guests" / self.name, token=self.token)
        around.environ = {**around.environ, **self.environ}
        try:
            self.ended.append(Joining(order, plan, around, place).run())
        except PerfError as error:
            self.ended.append(error)


class Line:
    """A TCP line: what is sent over it once it is cut never arrives, and nobody is told."""

    def __init__(self) -> None:
        self.up, self.down = threading.Event(), threading.Event()
        self.cut_after = b""
        self._sockets: list[socket.socket] = []

    def lay(self, to: Place) -> Place:
        """Begin to listen for one that calls; return where."""
        server = self._kept(socket.create_server(("127.0.0.1", 0)))
        threading.Thread(target=self._serve, args=(server, to), daemon=True).start()
        host, port = server.getsockname()
        return host, port

    def cut(self) -> None:
        """Let nothing more arrive on either side."""
        self.up.set()
        self.down.set()

    def close(self) -> None:
        """End every connection, and so every thread."""
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _kept(self, one: socket.socket) -> socket.socket:
        self._sockets.append(one)
        return one

    def _serve(self, server: socket.socket, to: Place) -> None:
        with contextlib.suppress(OSError):
            while True:
                near = self._kept(server.accept()[0])
                far = self._kept(socket.create_connection(to))
                for ends in ((near, far, self.up), (far, near, self.down)):
                    threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, is_cut: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65_536):
                if not is_cut.is_set():
                    sink.sendall(chunk)
                if self.cut_after and is_cut is self.down and self.cut_after in chunk:
                    is_cut.set()


@contextlib.contextmanager
def line() -> Iterator[Line]:
    """Line that ends with the block."""
    made = Line()
    try:
        yield made
    finally:
        made.close()
