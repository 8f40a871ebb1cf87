"""A gate server on a free port of loopback, and a client that sends bytes as they are given."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fakes.gates import TOKEN
from perf_canary.routes import Service
from perf_canary.server import GateServer
from perf_documents.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.gates import Bench
    from perf_canary.gates import Gates

HOST = "Host: 127.0.0.1\r\n"
AUTH = f"Authorization: Bearer {TOKEN}\r\n"


@dataclass(slots=True)
class Answer:
    """One answer, taken apart."""

    status: int
    head: str
    body: str


@dataclass(slots=True)
class Open:
    """A server and what stands behind it."""

    server: GateServer
    gates: Gates
    said: list[str]

    def send(self, data: bytes, *, end: bool = False) -> Answer:
        """Send bytes over a connection of their own and read until it is closed."""
        parts = urlsplit(self.server.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
            connection.sendall(data)
            if end:
                connection.shutdown(socket.SHUT_WR)
            received = b"".join(iter(lambda: connection.recv(65_536), b""))
        head, _, body = received.decode().partition("\r\n\r\n")
        status = int(head.split()[1]) if head.startswith("HTTP/1.1 ") else 0
        return Answer(status, head, body)

    def get(self, path: str, headers: str = HOST + AUTH, method: str = "GET") -> Answer:
        return self.send(f"{method} {path} HTTP/1.1\r\n{headers}\r\n".encode())

    def post(self, path: str, body: bytes, headers: str = HOST) -> Answer:
        head = f"POST {path} HTTP/1.1\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        return self.send(head.encode() + body)


@contextmanager
def opened(
    bench: Bench, *, token: str = TOKEN, arrival_s: float = 20.0, healthy: bool = True
) -> Iterator[Open]:
    said: list[str] = []

    def check() -> None:
        if not healthy:
            raise StoreError("/secret/place is full")

    gates = bench.gates()
    service = Service(gates=gates, token=token, check_health=check, log=said.append)
    server = GateServer(("127.0.0.1", 0), service, arrival_s=arrival_s, max_threads=8)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Open(server, gates, said)
    finally:
        server.shutdown()
        gates.close()
        server.server_close()
        thread.join()
