"""The event loop on a listening socket, and its orderly end."""

import asyncio
import gc
import json
import os
import select
import selectors
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from perf_loadtests.target.admin import Admin
from perf_loadtests.target.app import App
from perf_loadtests.target.connection import Connection, Service
from perf_loadtests.target.faults import Faults, FaultSource
from perf_loadtests.target.requestlog import RequestLog
from perf_loadtests.target.settings import Settings
from perf_loadtests.target.waiting import StallQueue

BACKLOG = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What the service was given to work with; its caller closes them."""

    listener: socket.socket
    store: sqlite3.Connection
    request_log: TextIO | None
    now_s: Callable[[], float]
    announce: Callable[[str], None]  # called once with the line that says where it listens


def open_listener(host: str, port: int) -> socket.socket:
    """Return a listening socket; OSError if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def serve(settings: Settings, resources: Resources) -> None:
    """Serve until SIGTERM or SIGINT."""
    with asyncio.Runner(loop_factory=_make_loop) as runner:
        runner.run(_serve(settings, resources))


async def _serve(settings: Settings, resources: Resources) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_report)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    log = RequestLog(resources.request_log)
    service = make_service(settings, resources, log)
    server = await loop.create_server(
        lambda: Connection(service), sock=resources.listener, backlog=BACKLOG
    )
    gc.collect()
    gc.freeze()  # keeps the modules out of later collections: shorter pauses
    resources.announce(_where(settings.host, resources.listener))
    await stop.wait()
    server.close()
    for connection in list(service.connections):
        connection.abort()
    await asyncio.sleep(0)  # the connections are told in the next turn of the loop
    log.flush()


def make_service(settings: Settings, resources: Resources, log: RequestLog) -> Service:
    """Return the parts, wired; within a running loop."""
    app = App(resources.store, settings.token, log)
    source = FaultSource(settings.seed, settings.faults, resources.now_s())
    waiting = StallQueue()

    def set_faults(faults: Faults) -> None:
        source.set(faults, resources.now_s())
        waiting.release()

    if settings.has_admin:
        for path, route in Admin(log, lambda: source.faults, set_faults).routes().items():
            app.add_route(path, route)
    return Service(
        app=app,
        log=log,
        faults=source,
        waiting=waiting,
        has_admin=settings.has_admin,
        connections=set(),
        now_s=resources.now_s,
    )


def _where(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    name = f"[{host}]" if ":" in host else host
    return json.dumps({"url": f"http://{name}:{port}", "port": port, "pid": os.getpid()})


def _report(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    # One line instead of a traceback: what comes here is a lost socket or a bug of ours.
    sys.stderr.write(f"perf_loadtests.target: {context['message']}: {context.get('exception')!r}\n")


if sys.platform == "linux":

    class _PreciseSelector(selectors.EpollSelector):
        """Waits to the microsecond: epoll rounds up to 1 ms, more than most handling times here."""

        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            """Like the base, after a wait in select() that an event on the epoll set ends."""
            if timeout is not None and timeout > 0:
                select.select([self.fileno()], [], [], timeout)
                timeout = 0
            return super().select(timeout)

    def _make_loop() -> asyncio.AbstractEventLoop:
        return asyncio.SelectorEventLoop(_PreciseSelector())

else:

    def _make_loop() -> asyncio.AbstractEventLoop:
        return asyncio.SelectorEventLoop()
