"""A real service per test or per module, stopped by its pid and asked over loopback."""

import http.client
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any

import pytest

from perf_loadtests.target.launch import DemoTarget

ANSWER_DEADLINE_S = 15.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


@dataclass(slots=True)
class Client:
    """Asks one service; a new connection per request."""

    target: DemoTarget
    token: str = field(init=False)
    port: int = field(init=False)

    def __post_init__(self) -> None:
        self.token = self.target.token_env_value
        self.port = int(self.target.url.rpartition(":")[2])

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, body: bytes | dict[str, object]) -> Answer:
        return self.ask(
            "POST", path, body if isinstance(body, bytes) else json.dumps(body).encode()
        )

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_DEADLINE_S)
        with closing(link):
            link.request(method, path, body, sent)
            response = link.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())

    def counts(self) -> dict[tuple[str, str, int], int]:
        rows = self.get("/admin/state").document["counts"]
        return {(row["method"], row["route"], row["status"]): row["count"] for row in rows}

    def connect(self, timeout_s: float = ANSWER_DEADLINE_S) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s)

    def raw(self, sent: bytes, *, then_end: bool = False) -> bytes:
        """What comes back until the service closes."""
        with self.connect() as link:
            link.sendall(sent)
            if then_end:
                link.shutdown(socket.SHUT_WR)
            received = b""
            while part := link.recv(65536):
                received += part
            return received


Serve = Callable[..., Client]


def start(stack: ExitStack, flags: tuple[str, ...], environ: dict[str, str]) -> Client:
    target = DemoTarget({**os.environ, **environ}, ("--traces", "1000", *flags))

    def end() -> None:
        code = target.stop()
        assert (code, target.messages) == (0, "")

    stack.callback(end)
    return Client(target)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a service of the test's own; each must end with code 0 and without a message."""
    with ExitStack() as stack:
        yield lambda *flags, **environ: start(stack, flags, environ)


@pytest.fixture(scope="module")
def service() -> Iterator[Client]:
    """A service that the tests of a module share."""
    with ExitStack() as stack:
        yield start(stack, ("--admin",), {})


def wait_until(is_so: Callable[[], bool], deadline_s: float = 5.0) -> None:
    """Poll; fails after the deadline."""
    end_s = time.monotonic() + deadline_s
    while not is_so():
        assert time.monotonic() < end_s, "did not come about in time"
        time.sleep(0.01)


@pytest.fixture(name="wait_until")
def _wait_until() -> Callable[[Callable[[], bool]], None]:
    return wait_until
