"""A connection inside this process, where its limits can be made small."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import closing

import pytest

from perf_loadtests.target import connection
from perf_loadtests.target.requestlog import RequestLog
from perf_loadtests.target.server import Resources, make_service
from perf_loadtests.target.settings import parse_settings
from perf_loadtests.target.traces import open_seeded

Scenario = Callable[
    [connection.Service, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]
]
LIST = b"GET /api/v1/traces HTTP/1.1\r\nAuthorization: Bearer demo-token\r\n"


def play(scenario: Scenario, *flags: str) -> RequestLog:
    """Run the client's part against one service; what the service has counted."""
    log = RequestLog()

    async def both() -> None:
        settings = parse_settings(["--traces", "1000", *flags], {})
        with (
            closing(open_seeded(count=1000, seed=1)) as store,
            socket.create_server(("127.0.0.1", 0)) as listener,
        ):
            resources = Resources(
                listener=listener,
                store=store,
                request_log=None,
                now_s=time.monotonic,
                announce=print,
            )
            service = make_service(settings, resources, log)
            loop = asyncio.get_running_loop()
            server = await loop.create_server(
                lambda: connection.Connection(service), sock=listener.dup()
            )
            async with server:
                reader, writer = await asyncio.open_connection(*listener.getsockname())
                await asyncio.wait_for(scenario(service, reader, writer), 10)
                writer.close()
                await writer.wait_closed()
                while service.connections:
                    await asyncio.sleep(0)

    asyncio.run(both())
    return log


@pytest.mark.parametrize(
    ("sent", "counted"),
    [
        (b"GET /hea", ("other", "unmatched", 408)),
        (b"HEAD /health HTTP/1.1\r\nContent-Length: 5\r\n\r\n", ("HEAD", "/health", 408)),
    ],
)
def test_request_that_does_not_end_is_408(
    sent: bytes, counted: tuple[str, str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "READ_DEADLINE_S", 0.05)

    async def scenario(
        __: connection.Service, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(sent)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert (body == b"") == sent.startswith(b"HEAD")

    assert play(scenario).finished == {counted: 1}


def test_idle_connection_has_no_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "READ_DEADLINE_S", 0.01)

    async def scenario(
        __: connection.Service, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        for _ in range(2):
            await asyncio.sleep(0.05)
            writer.write(b"GET /health HTTP/1.1\r\n\r\n")
            assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")

    assert play(scenario).finished == {("GET", "/health", 200): 2}


def test_client_that_does_not_read_is_not_served_on() -> None:
    count = 4_000  # 60 MB of answers to 2 MB of requests
    ask = LIST + b"X: " + b"x" * 400 + b"\r\n\r\n"

    async def scenario(
        service: connection.Service, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(ask * count)
        [served] = service.connections
        answered = -1
        while answered < service.log.finished.total():  # until it answers no more
            answered = service.log.finished.total()
            await asyncio.sleep(0.1)
        assert 0 < answered < count
        assert len(served._reader) < 2 * connection._MAX_UNREAD_BYTES
        writer.write_eof()
        answers, tail = 0, b""
        while part := await reader.read(1 << 20):
            answers += (tail + part).count(b"HTTP/1.1 200 OK")
            tail = part[-14:]  # one byte less than what is counted
        assert answers == count

    assert play(scenario).finished == {("GET", "/api/v1/traces", 200): count}


def test_trickle_ends_with_its_client() -> None:
    async def scenario(
        service: connection.Service, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(LIST + b"\r\n")
        await reader.readuntil(b"\r\n\r\n{")
        assert service.log.finished.total() == 0
        writer.transport.abort()
        while service.connections:
            await asyncio.sleep(0.01)

    assert play(scenario, "--trickle").finished == {("GET", "/api/v1/traces", 200): 1}
