"""The service's own account: every request once, whatever becomes of it."""

from __future__ import annotations

import json
import socket
import threading
from typing import TYPE_CHECKING

from perf_loadtests.target.requestlog import Entry, RequestLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.loadtests.target.conftest import Client, Serve


def test_counts_are_exact_under_concurrent_clients(serve: Serve) -> None:
    client = serve("--admin")

    def ask() -> None:
        for _ in range(25):
            client.get("/health")
            client.get("/api/v1/traces?limit=0")

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.counts() == {
        ("GET", "/health", 200): 200,
        ("GET", "/api/v1/traces", 400): 200,
    }


def test_admin_requests_are_not_counted(serve: Serve) -> None:
    client = serve("--admin")
    client.post("/admin/faults", {})
    client.get("/admin/unknown")
    assert client.get("/admin/state").document["requests"] == 0


def test_a_request_counts_from_its_head_on(serve: Serve, wait_until: Callable[..., None]) -> None:
    client = serve("--admin")
    with client.connect() as link:
        link.sendall(b"POST /api/v1/traces/search HTTP/1.1\r\nContent-Length: 9\r\n\r\n{")
        wait_until(lambda: client.counts() == {("POST", "/api/v1/traces/search", 0): 1})
    wait_until(lambda: client.counts() == {("POST", "/api/v1/traces/search", 400): 1})


def test_a_hanging_request_counts_once_before_and_after_its_client_left(
    serve: Serve, wait_until: Callable[..., None], tmp_path: Path
) -> None:
    log = tmp_path / "requests.jsonl"
    client = serve("--admin", "--hang", "--request-log", str(log))
    with client.connect() as link:
        link.sendall(
            b"GET /health HTTP/1.1\r\nX-Request-Id: h1\r\n\r\nGET /health HTTP/1.1\r\n\r\n"
        )
        wait_until(lambda: client.counts() == {("GET", "/health", 0): 1})
    # the line is written when the request ends
    wait_until(lambda: client.counts() == {("GET", "/health", 0): 1} and log.read_text() != "")
    [line] = log.read_text().splitlines()
    entry = json.loads(line)
    assert (entry["status"], entry["request_id"]) == (0, "h1")


def test_log_has_a_line_per_request_when_the_service_has_stopped(
    serve: Serve, tmp_path: Path
) -> None:
    log = tmp_path / "requests.jsonl"
    client = serve("--admin", "--request-log", str(log), "--hang", "--only", "/api")
    with client.connect() as link:
        link.sendall(b"GET /api/v1/traces HTTP/1.1\r\n\r\n")
        assert client.get("/health", **{"X-Request-Id": "one"}).status == 200
        assert client.raw(b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 ")
        client.get("/admin/state")
        assert len(log.read_text().splitlines()) == 2
        client.target.stop()
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    found = [(entry["method"], entry["route"], entry["status"]) for entry in entries]
    assert found == [
        ("GET", "/health", 200),
        ("other", "unmatched", 400),
        ("GET", "/api/v1/traces", 0),
    ]
    assert [entry["request_id"] for entry in entries] == ["one", None, None]
    assert all(entry["duration_s"] >= 0 for entry in entries)
    assert all(entry["start_s"] > 0 for entry in entries)


def test_requests_sent_ahead_are_answered_in_order(serve: Serve) -> None:
    client = serve("--admin")
    sent = b"GET /health HTTP/1.1\r\n\r\n" * 3 + b"GET /no HTTP/1.1\r\nConnection: close\r\n\r\n"
    received = client.raw(sent)
    assert received.count(b"HTTP/1.1 200 OK") == 3
    assert received.index(b"HTTP/1.1 404") > received.rindex(b"HTTP/1.1 200 OK")
    assert client.counts() == {("GET", "/health", 200): 3, ("GET", "unmatched", 404): 1}


def test_one_connection_serves_many_requests(service: Client) -> None:
    with service.connect() as link:
        for _ in range(3):
            link.sendall(b"GET /health HTTP/1.1\r\n\r\n")
            assert link.recv(4096).endswith(b'{"status":"ok"}')
        assert link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


def test_an_open_request_is_no_finished_one() -> None:
    log = RequestLog()
    entry = Entry("GET", "/health", 1.0, None)
    log.begin(entry)
    assert log.counts() == {("GET", "/health", 0): 1}
    assert not log.finished
    log.end(entry, 200, 1.5)
    assert log.counts() == log.finished == {("GET", "/health", 200): 1}
    assert log.durations["/health"].sum_s == 0.5
