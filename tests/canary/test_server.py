"""The HTTP shell over real sockets: recorded requests, repeated ones, and hostile ones."""

from __future__ import annotations

import json
import select
import socket
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from fakes.gate_port import HOST, opened
from fakes.gates import FAILED, PASSED, TOKEN, UNDECIDED, Bench
from perf_canary.server import MAX_BODY_BYTES
from repository import ROOT

if TYPE_CHECKING:
    from fakes.gate_port import Answer
    from perf_canary.gates import Ending

DATA = ROOT / "tests/data"
HOOK = {"name": "a", "namespace": "n", "checksum": "c", "metadata": {"gate": "staging"}}


def recorded(name: str) -> bytes:
    return (DATA / name).read_bytes()


def test_argos_calls_replayed() -> None:
    bench = Bench()
    with opened(bench) as port:
        look = port.send(recorded("argo/look.http"))
        assert json.loads(look.body)["verdict"] == "inconclusive"
        polls = [port.send(recorded("argo/start.http")) for _ in range(3)]
        assert [json.loads(poll.body)["verdict"] for poll in polls] == ["running"] * 3
        assert "Content-Type: application/json" in polls[0].head
        other = port.send(recorded("argo/second-step.http"))
        assert json.loads(other.body)["verdict"] == "running"
        assert len(bench.starts.begun) == 1
        bench.starts.end(FAILED)
        for name in ("argo/start.http", "argo/look.http"):
            ended = port.send(recorded(name))
            assert (ended.status, json.loads(ended.body)["verdict"]) == (200, "fail")
        port.send(recorded("argo/second-step.http"))
        assert len(bench.starts.begun) == 2


@pytest.mark.parametrize(
    ("ending", "gate", "rollback"),
    [
        pytest.param(PASSED, (200, "pass: all held\n"), (409, "pass: all held\n"), id="pass"),
        pytest.param(FAILED, (412, "fail: p95 rose\n"), (200, "fail: p95 rose\n"), id="fail"),
        pytest.param(
            UNDECIDED,
            (424, "inconclusive: too little data\n"),
            (409, "inconclusive: too little data\n"),
            id="inconclusive",
        ),
    ],
)
def test_flaggers_calls_replayed(
    ending: Ending, gate: tuple[int, str], rollback: tuple[int, str]
) -> None:
    bench = Bench()
    with opened(bench) as port:
        for name in ("rollback", "confirm-promotion", "rollback", "pre-rollout", "event"):
            answer = port.send(recorded(f"flagger/{name}.http"))
            assert (answer.status, answer.body) == (409, "running: 300 s left\n")
        assert [name for name, _ in bench.starts.begun] == ["canary", "staging"]
        for number in (0, 1):
            bench.starts.end(ending, number=number)
        for name in ("confirm-promotion", "pre-rollout", "event"):
            answer = port.send(recorded(f"flagger/{name}.http"))
            assert (answer.status, answer.body) == gate
        answer = port.send(recorded("flagger/rollback.http"))
        assert (answer.status, answer.body) == rollback
        assert len(bench.starts.begun) == 2


def test_20_identical_requests_start_one_run() -> None:
    bench = Bench()
    statuses: list[int] = []
    with opened(bench) as port:
        threads = [
            threading.Thread(
                target=lambda: statuses.append(port.send(recorded("argo/start.http")).status)
            )
            for _ in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(bench.starts.begun) == 1
    assert statuses == [200] * 20


def test_a_restart_of_the_server_keeps_verdicts_and_starts_nothing_twice() -> None:
    bench = Bench()
    with opened(bench) as port:
        port.send(recorded("argo/start.http"))
        bench.starts.end()
        port.send(recorded("flagger/rollback.http"))
    with opened(bench) as port:
        kept = json.loads(port.send(recorded("argo/start.http")).body)
        assert (kept["verdict"], kept["run_id"]) == ("pass", "r1")
        cut_off = port.send(recorded("flagger/confirm-promotion.http"))
        assert cut_off.status == 424
        assert "restarted" in cut_off.body
    assert len(bench.starts.begun) == 2


def test_a_hook_that_waits_is_answered_by_the_verdict() -> None:
    bench = Bench()
    body = json.dumps(HOOK | {"metadata": {"gate": "staging", "token": TOKEN, "wait": "60s"}})
    answers: list[Answer] = []
    with opened(bench) as port:
        thread = threading.Thread(
            target=lambda: answers.append(port.post("/flagger/gate", body.encode()))
        )
        thread.start()
        while not bench.starts.begun:
            thread.join(0.01)
        bench.starts.end()
        thread.join()
    assert (answers[0].status, answers[0].body) == (200, "pass: all held\n")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404), ("GET", "/runs/1", 404), ("GET", "/verdict", 404),
        ("GET", "/verdict/", 404), ("GET", "/verdict/../metrics", 404),
        ("GET", "/verdict/%2e%2e", 404), ("GET", "/verdict/staging/", 404),
        ("GET", "/verdict/STAGING?key=a", 404), ("GET", "/verdict/staging%00?key=a", 404),
        ("GET", "http://127.0.0.1/metrics", 404), ("GET", "/metrics/", 404),
        ("GET", "/flagger/other", 404), ("GET", "/" + "a" * 2_000, 404),
        ("GET", "/verdict/nowhere?key=a", 404), ("GET", "/.perf/gates/staging.json", 404),
        ("POST", "/verdict/staging?key=a&start=1", 405), ("GET", "/flagger/gate", 405),
        ("GET", "/flagger/rollback", 405), ("POST", "/metrics", 405), ("PUT", "/healthz", 405),
        ("DELETE", "/verdict/staging?key=a&start=1", 405), ("BREW", "/metrics", 405),
        ("HEAD", "/verdict/staging?key=a&start=1", 405), ("OPTIONS", "/flagger/gate", 405),
        ("GET", "/metrics", 200), ("GET", "//metrics", 200), ("GET", "/healthz", 200),
    ],
)  # fmt: skip
def test_paths_and_methods(method: str, path: str, status: int) -> None:
    bench = Bench()
    with opened(bench) as port:
        answer = port.get(path, method=method)
        assert answer.status == status
        assert "Traceback" not in answer.body
        assert "Location" not in answer.head
    assert bench.starts.begun == []


BAD = [
    pytest.param(b"\r\n\r\n", {0, 400}, id="nothing"),
    pytest.param(b"GET\r\n\r\n", {0, 400}, id="one-word"),
    pytest.param(b"GET /metrics HTTP/9.9\r\n\r\n", {0, 505}, id="version"),
    pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", {0, 400}, id="tls"),
    pytest.param(b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", {0, 414}, id="long-line"),
    pytest.param(
        b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 1_000 + b"\r\n", {0, 431}, id="many-headers"
    ),
    pytest.param(
        b"POST /flagger/gate HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        {411},
        id="chunked",
    ),
    pytest.param(b"POST /flagger/gate HTTP/1.1\r\nContent-Length: -1\r\n\r\n", {400}, id="less"),
    pytest.param(
        b"POST /flagger/gate HTTP/1.1\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        {413},
        id="long-number",
    ),
    pytest.param(
        b"POST /flagger/gate HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        {400},
        id="two-lengths",
    ),
]


@pytest.mark.parametrize(("data", "statuses"), BAD)
def test_what_is_no_request_is_refused_and_the_server_goes_on(
    data: bytes, statuses: set[int], capfd: pytest.CaptureFixture[str]
) -> None:
    with opened(Bench()) as port:
        answer = port.send(data, end=True)
        assert "Traceback" not in answer.body
        assert answer.status in statuses
        assert port.get("/healthz").status == 200
    assert "Traceback" not in capfd.readouterr().err


def test_a_body_has_a_limit_and_must_be_there() -> None:
    with opened(Bench()) as port:
        fits = json.dumps(HOOK | {"more": "x" * (MAX_BODY_BYTES - 200)}).encode()
        assert len(fits) <= MAX_BODY_BYTES
        assert port.post("/flagger/gate", fits).status == 403
        huge = port.post("/flagger/gate", b" " * (MAX_BODY_BYTES + 1))
        assert (huge.status, bool(huge.body.strip())) == (413, True)
        deep = port.post("/flagger/gate", b"[" * 60_000)
        assert (deep.status, bool(deep.body.strip())) == (400, True)
        early = port.send(b"POST /flagger/gate HTTP/1.1\r\nContent-Length: 10\r\n\r\n{}", end=True)
        assert early.status == 400


def test_a_byte_now_and_then_buys_no_time() -> None:
    with opened(Bench(), arrival_s=0.3) as port:
        parts = urlsplit(port.server.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
            connection.sendall(b"POST /flagger/gate HTTP/1.1\r\nContent-Length: 60000\r\n\r\n")
            # for ever, if each byte renewed the time
            while not select.select([connection], [], [], 0.05)[0]:
                connection.sendall(b" ")
            assert connection.recv(100).startswith(b"HTTP/1.1 408 ")


def test_a_request_that_never_ends_is_cut_off() -> None:
    with opened(Bench(), arrival_s=0.3) as port:
        # both would wait for ever
        slow = port.send(b"POST /flagger/gate HTTP/1.1\r\nContent-Length: 10\r\n\r\n{")
        assert slow.status == 408
        assert port.send(b"GET /healthz HTTP/1.1\r\nA: ").status == 0


def test_without_a_token_pages_in_a_browser_are_not_answered() -> None:
    bench = Bench()
    path = "/verdict/staging?key=a&start=1"
    with opened(bench, token="") as port:
        for headers in (
            "Host: attacker.example\r\n", "", HOST + "Origin: https://attacker.example\r\n",
            HOST + "Sec-Fetch-Site: cross-site\r\n",
        ):  # fmt: skip
            assert port.get(path, headers).status == 403
        assert bench.starts.begun == []
        assert port.get(path, "Host: localhost:8765\r\n").status == 200
        assert port.post("/flagger/gate", json.dumps(HOOK).encode()).status == 409


def test_health_says_whether_verdicts_can_be_kept_and_not_where() -> None:
    with opened(Bench()) as port:
        answer = port.get("/healthz", HOST)
        assert (answer.status, answer.body) == (200, "ok\n")
    with opened(Bench(), healthy=False) as port:
        answer = port.get("/healthz", HOST)
        assert answer.status == 503
        assert "secret" not in answer.body
        assert any("/secret/place" in line for line in port.said)


def test_a_bug_is_no_success_and_shows_no_trace(capfd: pytest.CaptureFixture[str]) -> None:
    bench = Bench()
    with opened(bench) as port:
        bench.wall.now_s = "no number"  # type: ignore[assignment]  # makes arithmetic fail inside
        argo = port.send(recorded("argo/start.http"))
        flagger = port.send(recorded("flagger/rollback.http"))
        assert (argo.status, flagger.status) == (500, 424)
        for answer in (argo, flagger):
            assert answer.body == "inconclusive: internal error of perf serve\n"
    assert "Traceback" not in capfd.readouterr().err
