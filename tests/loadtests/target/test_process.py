"""The process: its flags, its one line, its end, and what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from perf_loadtests.target import TOKEN_VARIABLE
from perf_loadtests.target.launch import DemoTarget, TargetStartError
from perf_loadtests.target.settings import parse_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.loadtests.target.conftest import Serve

COMMAND = (sys.executable, "-P", "-m", "perf_loadtests.target")
FEW = ("--traces", "1000")


def run(*flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *flags],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def begin(command: tuple[str, ...], **environ: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            env={**os.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "flags",
    [("--port", "70000"), ("--port", "x"), ("--traces", "999"), ("--traces", "1_000"),
     ("--seed", "-1"), ("--slow", "0.5"), ("--slow", "nan"), ("--slow-ms", "-1"), ("--errors", "2"),
     ("--hang", "1.5"), ("--stall", "1s"), ("--stall", "3s/2s"), ("--stall", "1/10"),
     ("--only", "api"), ("--tricklee",), ("--with-parent", "x"), ("extra",)],
)  # fmt: skip
def test_bad_flag_is_one_line_and_code_2(
    flags: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_settings(list(flags), {})
    assert ended.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("perf_loadtests.target: ")
    assert flags[0] in line


@pytest.mark.parametrize("token", ["", " x", "a\nb"])
def test_unusable_token_is_refused(token: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_settings([], {TOKEN_VARIABLE: token})
    assert ended.value.code == 2
    assert TOKEN_VARIABLE in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags",
    [("--errors", "2"), ("--host", "no address"), ("--request-log", "/nonexistent/requests")],
)
def test_service_that_cannot_start_says_so_in_one_line(flags: tuple[str, ...]) -> None:
    ended = run(*FEW, *flags)
    assert (ended.returncode, ended.stdout) == (2, "")
    [line] = ended.stderr.splitlines()
    assert line.startswith("perf_loadtests.target: ")


def test_port_in_use_is_code_2(serve: Serve) -> None:
    ended = run("--port", str(serve().port), *FEW)
    assert ended.returncode == 2
    assert "in use" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_with_code_0_after_one_line(
    start: Callable[..., subprocess.Popen[str]], number: signal.Signals
) -> None:
    process = start((*COMMAND, *FEW, "--hang"))
    assert process.stdout is not None
    announced = json.loads(process.stdout.readline())
    assert announced == {
        "url": f"http://127.0.0.1:{announced['port']}",
        "port": announced["port"],
        "pid": process.pid,
    }
    with socket.create_connection(("127.0.0.1", announced["port"])) as link:
        link.sendall(b"GET /health HTTP/1.1\r\n\r\n")  # hangs, and must not keep the service alive
        process.send_signal(number)
        assert process.communicate(timeout=5) == ("", "")
    assert process.returncode == 0


def test_nothing_stays_in_the_temporary_folder(serve: Serve, tmp_path: Path) -> None:
    client = serve(TMPDIR=str(tmp_path))
    assert client.get("/api/v1/traces").status == 200
    assert list(tmp_path.iterdir()) == []
    client.target.stop()
    assert list(tmp_path.iterdir()) == []


def test_stop_while_it_seeds_leaves_nothing(
    start: Callable[..., subprocess.Popen[str]], wait_until: Callable[..., None], tmp_path: Path
) -> None:
    process = start((*COMMAND, "--traces", "3000000"), TMPDIR=str(tmp_path))
    # its own folder: the standard library tries the place with a file before
    wait_until(lambda: any(tmp_path.glob("perf-target-*")))
    process.terminate()
    assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


PARENT = """
import subprocess, sys, time
child = subprocess.Popen(sys.argv[1:])
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_it_ends_with_its_parent(
    start: Callable[..., subprocess.Popen[str]], wait_until: Callable[..., None]
) -> None:
    parent = start((sys.executable, "-c", PARENT, *COMMAND, *FEW, "--with-parent"))
    assert parent.stdout is not None
    port = json.loads(parent.stdout.readline())["port"]
    socket.create_connection(("127.0.0.1", port)).close()
    parent.kill()

    def is_gone() -> bool:
        with socket.socket() as link:
            return link.connect_ex(("127.0.0.1", port)) != 0

    wait_until(is_gone)


def test_it_does_not_begin_without_its_parent() -> None:
    ended = run(*FEW, "--with-parent", "1234567")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_it_imports_neither_locust_nor_gevent_nor_numpy() -> None:
    code = (
        "import sys, perf_loadtests.target.__main__, perf_loadtests.target.launch\n"
        "print([name for name in ('locust', 'gevent', 'numpy') if name in sys.modules])"
    )
    environ = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    ended = subprocess.run(
        [sys.executable, "-P", "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert ended.stdout == "[]\n"


def test_launched_service_is_stopped_once_and_for_all() -> None:
    with DemoTarget(os.environ, FEW) as target:
        assert target.url.startswith("http://127.0.0.1:")
        assert target.pid != os.getpid()
        assert os.getpgid(target.pid) == target.pid
        assert target.stop() == 0
    assert target.stop() == 0


def test_launch_takes_the_token_of_its_environment() -> None:
    environ = {**os.environ, TOKEN_VARIABLE: "of my own"}
    with DemoTarget(environ, FEW) as target:
        assert target.token_env_value == environ[TOKEN_VARIABLE]


def test_launch_says_why_the_service_did_not_start() -> None:
    with pytest.raises(TargetStartError, match=r"code 2: .*--slow: 0 is not"):
        DemoTarget(os.environ, ("--slow", "0"))


def test_launch_gives_up_at_its_deadline() -> None:
    with pytest.raises(TargetStartError, match="in time"):
        DemoTarget(os.environ, ("--traces", "3000000"), start_deadline_s=0.1)


def test_launch_ends_a_service_that_does_not_listen_to_signals() -> None:
    target = DemoTarget(os.environ, FEW)
    os.kill(target.pid, signal.SIGSTOP)
    assert target.stop() == -signal.SIGKILL
