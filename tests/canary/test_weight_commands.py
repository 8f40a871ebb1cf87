"""One command: its end, its timeout, its output, and that nothing of it is left."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from perf_canary.weights.command import MOST_BYTES, Runner
from perf_documents.redact import Redactor
from rollout_stage import is_gone

if TYPE_CHECKING:
    from pathlib import Path

    from perf_canary.weights.command import Ran

PYTHON = [sys.executable, "-I", "-S", "-c"]
CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
"""


def run(
    folder: Path, code: str, *arguments: str, timeout_s: float = 20.0, stopped: bool = False
) -> Ran:
    runner = Runner(
        folder=folder,
        environ=dict(os.environ) | {"TOLD": "yes"},
        redactor=Redactor({"hush-hush-token"}),
        clock=time.monotonic,
    )
    return runner.run([*PYTHON, code, *arguments], timeout_s, lambda: stopped)


def test_a_command_runs_in_its_folder_with_its_environment_and_no_input(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd(), os.environ['TOLD'], repr(sys.stdin.read()))"
    ran = run(tmp_path, code)
    assert (ran.status, ran.why, ran.out) == (0, "", f"{tmp_path} yes ''\n")


def test_no_shell_reads_the_arguments(tmp_path: Path) -> None:
    argument = "$HOME; touch made `id` *"
    ran = run(tmp_path, "import sys; print(sys.argv[1])", argument)
    assert ran.out == argument + "\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "status", "why"),
    [
        pytest.param("import sys; sys.exit(7)", 7, "exit status 7", id="status"),
        pytest.param("import os; os.kill(os.getpid(), 11)", -11, "ended by signal 11", id="signal"),
    ],
)
def test_how_it_ended_is_told(tmp_path: Path, code: str, status: int, why: str) -> None:
    ran = run(tmp_path, code)
    assert (ran.status, ran.why) == (status, why)


def test_a_program_that_is_not_there_is_a_failure_not_an_error(tmp_path: Path) -> None:
    runner = Runner(folder=tmp_path, environ={}, redactor=Redactor(), clock=time.monotonic)
    ran = runner.run(["./none"], 5.0, lambda: False)
    assert ran.status is None
    assert "could not be started" in ran.why


@pytest.mark.parametrize("stopped", [False, True], ids=["time is up", "stopped"])
def test_one_that_hangs_is_killed_with_its_children(tmp_path: Path, *, stopped: bool) -> None:
    if stopped:
        # long enough for the child to be there
        asked: list[float] = []
        began_s = time.monotonic()

        def stop() -> bool:
            asked.append(time.monotonic())
            return asked[-1] - began_s > 3.0

    else:

        def stop() -> bool:
            return False

    runner = Runner(
        folder=tmp_path, environ=dict(os.environ), redactor=Redactor(), clock=time.monotonic
    )
    code = CHILD + "time.sleep(600)"
    ran = runner.run([*PYTHON, code], 20.0 if stopped else 3.0, stop)
    assert ran.status is None
    assert ran.why == (
        "killed: the rollout was stopped" if stopped else "killed: it had not ended after 3 s"
    )
    assert is_gone(int(ran.out))


def test_one_that_ends_and_leaves_a_child_leaves_none(tmp_path: Path) -> None:
    ran = run(tmp_path, CHILD)
    assert ran.status == 0
    assert is_gone(int(ran.out))


def test_a_request_to_end_that_is_ignored_changes_nothing(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
    assert run(tmp_path, code, timeout_s=0.5).status is None


def test_much_output_stops_nothing_and_is_cut(tmp_path: Path) -> None:
    code = "import sys; [print('x' * 99) or print('y' * 99, file=sys.stderr) for _ in range(50000)]"
    ran = run(tmp_path, code)
    assert ran.status == 0
    assert MOST_BYTES - 100 <= len(ran.out) <= MOST_BYTES
    assert MOST_BYTES - 100 <= len(ran.err) <= MOST_BYTES


def test_a_secret_is_not_in_the_output_nor_half_of_it_at_the_cut(tmp_path: Path) -> None:
    code = "import sys; print('hush-hush-token', 'x' * (65536 - 26) + ' hush-hush-token')"
    ran = run(tmp_path, code)
    assert "hush" not in ran.out
    assert ran.out.startswith("*** x")


def test_output_that_is_no_text_is_read_all_the_same(tmp_path: Path) -> None:
    ran = run(tmp_path, "import os; os.write(1, b'\\xff\\x00ok'); os.write(2, b'\\x1b[31mred')")
    assert ran.out.endswith("ok")
    assert ran.said == "\\x1b[31mred"


def test_the_last_line_of_what_it_complained_of_is_what_it_said(tmp_path: Path) -> None:
    code = "import sys; print('out'); print('one\\ntwo', file=sys.stderr)"
    assert run(tmp_path, code).said == "two"
    assert run(tmp_path, "print('only')").said == "only"
