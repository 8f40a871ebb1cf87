"""A run that is interrupted: its code, what is kept of it, and that nothing goes on."""

from __future__ import annotations

import json
import signal
import socket
import time
from typing import TYPE_CHECKING

import pytest

from commands import wait_for

if TYPE_CHECKING:
    import subprocess

    from commands import Desk

IGNORING = ["bash", "-c", "trap '' {}; exec \"$@\"", "bash"]


def ignoring(name: str) -> list[str]:
    """Command that runs another with a signal ignored."""
    return [part.replace("{}", name) for part in IGNORING]


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    """Exit code and streams of a command that ends soon."""
    # far more than what is promised, on any machine, and far less than the run would take
    out, err = process.communicate(timeout=30)
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize(
    ("command", "signals", "code"),
    [
        pytest.param([], [signal.SIGTERM], 143, id="P03"),
        pytest.param([], [signal.SIGINT], 130, id="P01"),
        pytest.param([], [signal.SIGINT, signal.SIGINT], 130, id="P02"),
        pytest.param([], [signal.SIGHUP], 129, id="P04"),
        pytest.param(ignoring("INT"), [signal.SIGINT], 130, id="P05"),
    ],
)
def test_a_signal_ends_the_run_and_keeps_what_was_measured(
    desk: Desk, command: list[str], signals: list[signal.Signals], code: int
) -> None:
    desk.write(duration="30s")
    process = desk.start(*command)
    for number in signals:
        process.send_signal(number)
        time.sleep(0.05)
    returncode, out, err = ended(process)
    assert returncode == code, out + err
    assert "Traceback" not in out + err
    wait_for(lambda: desk.processes() == [], 1)
    assert len(desk.stored()) == 1
    shown = desk.perf("history", "show", "latest", "--json")
    assert shown.code == 0, shown.said
    document = json.loads(shown.out)
    assert document["state"] == "interrupted"
    assert document["verdict"] == "inconclusive"
    assert desk.spools() == []


def test_a_hang_up_under_nohup_is_ignored(desk: Desk) -> None:
    process = desk.start(*ignoring("HUP"))
    process.send_signal(signal.SIGHUP)
    returncode, out, err = ended(process)
    assert returncode == 0, out + err


def test_a_signal_ends_the_wait_for_a_target(desk: Desk) -> None:
    desk.write()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        process = desk.launch(more=["--target", url, "--wait", "60s"])
        time.sleep(1.5)
        process.send_signal(signal.SIGTERM)
        returncode, out, err = ended(process)
    assert returncode == 143, out + err
    assert "interrupted" in err
    assert desk.stored() == []
