"""Bytes that are no request: a clean refusal or a close, and nothing on stderr.

The fixture that stops a service fails if it has written anything there.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

import pytest

from perf_loadtests.target.wire import MAX_HEAD_BYTES

if TYPE_CHECKING:
    from tests.loadtests.target.conftest import Client, Serve

LINE = b"GET /health HTTP/1.1\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"\x00\x01\x02\r\n\r\n", 400, id="binary"),
        pytest.param(b"GET\r\n\r\n", 400, id="method only"),
        pytest.param(b"GET /health\r\n\r\n", 400, id="HTTP/0.9"),
        pytest.param(b"GET  /health HTTP/1.1\r\n\r\n", 400, id="two spaces"),
        pytest.param(b"GET health HTTP/1.1\r\n\r\n", 400, id="no slash"),
        pytest.param(b"GET /h\xc3\xa9 HTTP/1.1\r\n\r\n", 400, id="raw UTF-8"),
        pytest.param(b"GET /health HTTP/1.1\n\n", 400, id="bare line feeds"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\n", 505, id="HTTP/2 preface"),
        pytest.param(b"G" * 40 + b" / HTTP/1.1\r\n\r\n", 400, id="long method"),
        pytest.param(LINE + b"no colon\r\n\r\n", 400, id="header without colon"),
        pytest.param(LINE + b"A : 1\r\n\r\n", 400, id="space before colon"),
        pytest.param(LINE + b"A: 1\r\n folded\r\n\r\n", 400, id="folded header"),
        pytest.param(LINE + b"A: 1\nB: 2\r\n\r\n", 400, id="bare line feed in header"),
        pytest.param(LINE + b"A: \x00\r\n\r\n", 400, id="NUL in header"),
        pytest.param(LINE + b"Content-Length: -5\r\n\r\n", 400, id="negative length"),
        pytest.param(LINE + b"Content-Length: +5\r\n\r\n", 400, id="signed length"),
        pytest.param(LINE + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n", 400, id="absurd length"),
        pytest.param(LINE + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, id="lengths"),
        pytest.param(LINE + b"Content-Length: 999999999\r\n\r\n", 413, id="large length"),
        pytest.param(LINE + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411, id="chunked"),
        pytest.param(
            LINE + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400, id="smuggling"
        ),
        pytest.param(LINE + b"A: " + b"x" * MAX_HEAD_BYTES + b"\r\n\r\n", 431, id="large head"),
        pytest.param(b"y" * 300_000, 431, id="no head at all"),
    ],
)
def test_bad_bytes_are_refused_and_the_connection_closed(
    service: Client, sent: bytes, status: int
) -> None:
    received = service.raw(sent)
    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert b"Connection: close" in received
    assert b'{"error": "' in received
    assert b"Traceback" not in received
    assert service.get("/health").status == 200


def test_body_that_ends_early_is_400(service: Client) -> None:
    sent = b"POST /api/v1/traces/search HTTP/1.1\r\nContent-Length: 10\r\n\r\n{"
    assert service.raw(sent, then_end=True).startswith(b"HTTP/1.1 400 ")


def test_half_closed_client_gets_its_answers(service: Client) -> None:
    assert service.raw(LINE + b"\r\n" + LINE + b"\r\n", then_end=True).count(b"200 OK") == 2


def test_head_that_ends_early_is_closed_without_a_word(service: Client) -> None:
    assert service.raw(b"GET /heal", then_end=True) == b""
    assert service.raw(b"", then_end=True) == b""


def test_absolute_target_and_leading_empty_line_are_taken(service: Client) -> None:
    sent = b"\r\nGET http://demo/health HTTP/1.1\r\nConnection: close\r\n\r\n"
    assert service.raw(sent).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("header", "kept"), [(b"", b"close"), (b"Connection: Keep-Alive\r\n", b"keep-alive")]
)
def test_http_1_0_closes_unless_asked(service: Client, header: bytes, kept: bytes) -> None:
    with service.connect() as link:
        link.sendall(b"GET /health HTTP/1.0\r\n" + header + b"\r\n")
        assert b"Connection: " + kept + b"\r\n" in link.recv(4096)


def test_expectation_is_met_before_the_body(service: Client) -> None:
    head = b"POST /api/v1/traces/search HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
    with service.connect() as link:
        link.sendall(head + f"Authorization: Bearer {service.token}\r\n\r\n".encode())
        assert link.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        link.sendall(b"{}")
        assert link.recv(65536).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("flags", [(), ("--slow-ms", "50"), ("--hang",), ("--trickle",)])
def test_reset_by_the_client_disturbs_nobody(serve: Serve, flags: tuple[str, ...]) -> None:
    client = serve("--admin", *flags)
    for _ in range(20):
        link = client.connect()
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        link.sendall(LINE + b"\r\n")
        link.close()  # a reset
    assert client.get("/metrics").status == 200
