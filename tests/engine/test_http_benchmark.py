"""The comparison of clients counts no failure as a request."""

from __future__ import annotations

import json
import runpy
from contextlib import contextmanager
from typing import TYPE_CHECKING

import gevent.pool
import gevent.pywsgi
import pytest

from repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

pytestmark = pytest.mark.engine
BENCHMARK = runpy.run_path(str(ROOT / "benchmarks/http_clients.py"))


@contextmanager
def answering(status: str) -> Iterator[int]:
    """A server whose every answer has that status; its port."""

    def answer(_: object, start: Callable[..., object]) -> Iterable[bytes]:
        start(status, [("Content-Type", "text/plain")])
        return [b"body"]

    server = gevent.pywsgi.WSGIServer(("127.0.0.1", 0), answer, log=None)
    server.start()
    try:
        yield server.server_port
    finally:
        server.stop(timeout=1)


@pytest.mark.parametrize("client", BENCHMARK["CLIENTS"])
def test_every_client_is_held_to_whole_answers(
    client: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering("200 OK") as port:
        BENCHMARK["measure"](client, port, 1, 0.05)
    assert json.loads(capsys.readouterr().out)["rate"] > 0
    with answering("503 Busy") as port, pytest.raises(AssertionError, match="a request failed"):
        BENCHMARK["measure"](client, port, 1, 0.05)
