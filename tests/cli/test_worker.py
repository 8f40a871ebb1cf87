"""`perf worker`: a run and the worker that it waits for, each with its own exit code."""

from __future__ import annotations

import signal
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from commands import PERF, Done, environment, wait_for

if TYPE_CHECKING:
    from commands import Desk


def free_port() -> int:
    """Port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def joining(desk: Desk, master: str, *changed: str) -> list[str]:
    """Arguments of a worker for a run of the profile `short`."""
    return ["worker", "--master", master, *desk.order(*changed)[1:]]


def test_a_run_and_its_worker_are_both_told_that_it_is_whole(desk: Desk) -> None:
    workers: list[Done] = []

    def both() -> Done:
        place = f"127.0.0.1:{free_port()}"
        run = desk.launch(more=("--workers", "1", "--bind", place))
        workers.append(desk.perf(*joining(desk, place)))
        out, err = run.communicate(timeout=60)
        return Done(run.returncode, out.decode(), err.decode())

    done = desk.steady(both)
    assert done.code == 0, done.said
    assert "waiting for 1 workers at 127.0.0.1:" in done.err
    assert workers[-1].code == 0, workers[-1].said
    assert "the master has everything that was measured here" in workers[-1].err


@pytest.mark.parametrize(
    ("master", "changed", "code", "says"),
    [
        # what is to be edited is said first, whether or not there is a master
        pytest.param("nowhere.invalid:1", ["--time-scale", "0"], 2, "--time-scale", id="usage"),
        pytest.param("nowhere.invalid:1", ["--profile", "none"], 2, "none", id="profile"),
        pytest.param("nowhere.invalid:1", [], 5, "nowhere.invalid", id="no such name"),
        pytest.param("127.0.0.1", [], 2, "expected HOST:PORT", id="no port"),
        pytest.param("10.1.2.3:1", [], 2, "PERF_WORKER_TOKEN must be set", id="no token"),
        pytest.param("127.0.0.1:1", ["--target", "demo"], 2, "--target demo", id="demo"),
    ],
)
def test_a_worker_that_cannot_join_says_why(
    desk: Desk, master: str, changed: list[str], code: int, says: str
) -> None:
    done = desk.perf(*joining(desk, master, *changed))
    assert done.code == code, done.said
    assert says in done.err
    assert desk.served() == 0


def test_a_worker_that_waits_can_be_interrupted(desk: Desk) -> None:
    process = subprocess.Popen(
        [*PERF, *joining(desk, f"127.0.0.1:{free_port()}")],
        cwd=desk.folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    wait_for(lambda: desk.engine_pid() != 0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, (out + err).decode()
    wait_for(lambda: desk.processes() == [], 1)
