"""Targets that perf starts and stops: real processes on loopback."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING

import pytest

from perf_documents.errors import UnreachableError, UsageError
from perf_documents.targets import Target
from perf_loadtests.started import started

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

SERVER = """
import http.server, sys, time
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
open("port", "w").write(str(server.server_port))
server.serve_forever()
"""


def target(*start: str, url: str = "http://127.0.0.1:9", ready: str | None = "/health") -> Target:
    return Target(name="head", environment="head", url=url, start=start, ready=ready)


def run(
    one: Target, folder: Path, clock: Callable[[], float] = time.monotonic
) -> AbstractContextManager[None]:
    return started(one, folder, dict(os.environ), clock, time.sleep)


def test_it_runs_for_as_long_as_the_block(tmp_path: Path) -> None:
    script = tmp_path / "serve.py"
    # the port is known before the server is: it is chosen here and handed over
    port = free_port()
    script.write_text(SERVER.replace('("127.0.0.1", 0)', f'("127.0.0.1", {port})'))
    one = target(sys.executable, str(script), url=f"http://127.0.0.1:{port}")
    with run(one, tmp_path):
        assert (tmp_path / "port").read_text() == str(port)
        assert listening(port)
    assert not listening(port)


def test_what_answers_there_already_is_never_measured_in_its_place(tmp_path: Path) -> None:
    port = free_port()
    script = tmp_path / "serve.py"
    script.write_text(SERVER.replace('("127.0.0.1", 0)', f'("127.0.0.1", {port})'))
    url = f"http://127.0.0.1:{port}"
    ticks = iter(range(0, 10_000, 1))
    marker = f"open({str(tmp_path / 'began')!r}, 'w')"
    late = target(sys.executable, "-c", marker, url=url)
    with (
        run(target(sys.executable, str(script), url=url), tmp_path),
        pytest.raises(UnreachableError, match=f"something answers at {url} already"),
    ):
        run(late, tmp_path, lambda: next(ticks)).__enter__()
    assert not (tmp_path / "began").exists()


def test_a_command_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be started: No such file"):
        run(target("./nothing"), tmp_path).__enter__()


def test_a_command_that_ends_says_its_last_words_without_secrets(tmp_path: Path) -> None:
    code = "print('token=abcdefgh1234'); raise SystemExit(3)"
    with pytest.raises(UnreachableError, match="ended with status 3") as caught:
        run(target(sys.executable, "-c", code), tmp_path).__enter__()
    assert "it said last: token=***" in str(caught.value)


def test_what_never_answers_is_ended(tmp_path: Path) -> None:
    ticks = iter(range(0, 10_000, 20))
    code = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
    slow = target(sys.executable, "-c", code)
    with pytest.raises(UnreachableError, match="did not answer within 60 s"):
        run(slow, tmp_path, lambda: float(next(ticks))).__enter__()
    pid = int((tmp_path / "pid").read_text()) if (tmp_path / "pid").exists() else 0
    if pid:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
