"""Ways to abort from outside: a signal, a file, and a request to a loopback port."""

from __future__ import annotations

import http.client
import json
import socket
import struct
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from perf_canary.aborts import AbortDesk, Aborts
from perf_documents.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def ask(
    desk: AbortDesk,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> tuple[int, object]:
    connection = http.client.HTTPConnection(urlsplit(desk.url).netloc, timeout=10)
    connection.request(method, path, body=body, headers=dict(headers or {}))
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, json.loads(body) if body.startswith(b"{") else None


def test_a_post_aborts_and_the_state_is_shown() -> None:
    with AbortDesk(0, "") as desk:
        aborts = Aborts(signal_code=lambda: None, desk=desk)
        desk.show({"step": 2})
        assert ask(desk, "GET", "/") == (200, {"step": 2})
        assert aborts() is None
        assert ask(desk, "POST", "/abort")[0] == 202
        abort = aborts()
        assert abort is not None
        assert (abort.code, abort.reason) == (None, f"aborted: POST {desk.url}/abort")


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        pytest.param("POST", "/abort", {}, 401, id="no token"),
        pytest.param("POST", "/abort", {"Authorization": "Bearer other"}, 401, id="another"),
        pytest.param("POST", "/abort", {"Authorization": "t0ken-t0ken"}, 401, id="no scheme"),
        pytest.param("POST", "/abort", {"Authorization": "Bearer \xe4"}, 401, id="not ASCII"),
        pytest.param("POST", "/", {"Authorization": "Bearer t0ken-t0ken"}, 404, id="path"),
        pytest.param("GET", "/abort", {"Authorization": "Bearer t0ken-t0ken"}, 404, id="GET"),
        pytest.param("PUT", "/abort", {"Authorization": "Bearer t0ken-t0ken"}, 501, id="method"),
        pytest.param(
            "POST",
            "/abort",
            {"Authorization": "Bearer t0ken-t0ken", "Origin": "https://evil.example"},
            403,
            id="from a page",
        ),
        pytest.param("GET", "/", {"Host": "evil.example"}, 403, id="rebinding"),
    ],
)
def test_who_may_not_abort_does_not(
    method: str, path: str, headers: dict[str, str], status: int
) -> None:
    with AbortDesk(0, "t0ken-t0ken") as desk:
        assert ask(desk, method, path, headers)[0] == status
        assert not desk.asked.is_set()


def test_who_has_the_token_aborts() -> None:
    with AbortDesk(0, "t0ken-t0ken") as desk:
        assert ask(desk, "POST", "/abort", {"Authorization": "Bearer t0ken-t0ken"})[0] == 202
        assert desk.asked.is_set()


def test_a_body_is_no_obstacle() -> None:
    with AbortDesk(0, "") as desk:
        assert ask(desk, "POST", "/abort", body=b"{}" * 10_000)[0] == 202
        assert ask(desk, "POST", "/abort", {"Content-Length": "many"})[0] == 202


def test_a_client_that_goes_away_is_no_news(capfd: pytest.CaptureFixture[str]) -> None:
    with AbortDesk(0, "") as desk:
        address = urlsplit(desk.url)
        for _ in range(5):
            with socket.create_connection((address.hostname or "", address.port or 0)) as client:
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                # closed with a reset: the answer finds nobody
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert ask(desk, "GET", "/")[0] == 200
    assert capfd.readouterr().err == ""


def test_a_port_that_is_taken_is_told_before_anything_is_run() -> None:
    with AbortDesk(0, "") as desk, pytest.raises(UnreachableError, match=r"abort\.port"):
        AbortDesk(urlsplit(desk.url).port or 0, "")


def test_a_dangling_link_is_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "ABORT").symlink_to(tmp_path / "nowhere")
    assert Aborts(signal_code=lambda: None, files=(tmp_path / "ABORT",))() is not None


def test_an_abort_stays_asked_for_and_the_first_counts(tmp_path: Path) -> None:
    file = tmp_path / "ABORT"
    codes: list[int | None] = [None]
    aborts = Aborts(signal_code=lambda: codes[0], files=(file,))
    file.touch()
    first = aborts()
    file.unlink()
    codes[0] = 143
    assert first is not None
    assert aborts() is first
