"""Health requests of our own: what counts as failed, and that nothing is waited for."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from fakes.answers import Answer, Asked, answering, trickling
from perf_canary.reading import Probes
from perf_canary.sources.probe import HealthProbe
from perf_documents.canary_rules import Probe
from perf_documents.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

QUICK_S = 0.01
PATIENCE_S = 20.0


def counted(url: str, asked: int, every_s: float = QUICK_S) -> Probes:
    """Counts after so many requests."""
    with HealthProbe(Probe(url=url, every_s=every_s), time.monotonic) as probe:
        wait_for(lambda: probe.counts().asked >= asked)
        return probe.counts()


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    ended = threading.Event()
    for _ in range(round(PATIENCE_S / 0.01)):
        if holds():
            return
        ended.wait(0.01)
    pytest.fail(f"not within {PATIENCE_S:g} s")


def test_good_answers_are_counted() -> None:
    def answer(asked: Asked) -> Answer:
        return 204 if asked.path == "/health" else 404, "", {}

    with answering(answer) as server:
        assert counted(f"{server.url}/health", 3, 1.0 / 4.0).failed == 0
        assert {(asked.method, asked.path) for asked in server.asked} == {("GET", "/health")}


@pytest.mark.parametrize("status", [199, 301, 304, 404, 500, 503])
def test_any_other_status_is_a_failure(status: int) -> None:
    with answering(lambda _: (status, "", {"Location": "/good"})) as server:
        counts = counted(server.url, 2, 1.0 / 4.0)
        assert counts.failed == counts.asked
        assert {asked.path for asked in server.asked} == {"/"}


def test_no_answer_is_a_failure() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        # connects, and nobody ever answers
        counts = counted(f"http://127.0.0.1:{listener.getsockname()[1]}", 2)
        assert counts.failed == counts.asked
        port = listener.getsockname()[1]
    assert counted(f"http://127.0.0.1:{port}", 2).failed >= 2


def test_an_answer_that_never_ends_is_a_failure() -> None:
    for beginning in (b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "):
        with trickling(beginning) as url:
            counts = counted(url, 2)
            assert counts.failed == counts.asked


def test_an_answer_beyond_all_size_is_a_failure() -> None:
    with answering(lambda _: (200, "x" * (1024 * 1024 + 1), {})) as server:
        counts = counted(server.url, 2, 1.0 / 4.0)
        assert counts.failed == counts.asked


def test_failures_and_good_answers_add_up() -> None:
    turns = iter(range(1_000_000))
    with answering(lambda _: (500 if next(turns) % 2 else 200, "", {})) as server:
        counts = counted(server.url, 6, 1.0 / 4.0)
    assert abs(2 * counts.failed - counts.asked) <= 1


def test_nothing_is_counted_after_the_end() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        probe = HealthProbe(Probe(url=url, every_s=2.0), time.monotonic)
        assert probe.counts() == Probes(asked=0, failed=0)
        probe.start()
        listener.accept()[0].close()
        probe.stop()
        counts = probe.counts()
        probe.stop()
        assert probe.counts() == counts
        assert probe._thread.daemon


def test_an_address_that_is_none_is_refused() -> None:
    for url, reason in (("ftp://x", "not an http"), ("http://a:b-secret@x", "credentials")):
        with pytest.raises(UsageError, match=f"source.probe.canary: .*{reason}") as told:
            HealthProbe(Probe(url=url, every_s=1.0), time.monotonic)
        assert "b-secret" not in str(told.value)
