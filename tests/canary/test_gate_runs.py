"""Gates as child processes: their arguments, what their ends mean, and that none is left behind."""

from __future__ import annotations

import os
import queue
import sys
from typing import TYPE_CHECKING

import pytest

from fakes.gates import CANARY, STAGING
from perf_canary import gate_runs
from perf_canary.gate_runs import GateRuns, Surroundings, arguments_of, ending_of

if TYPE_CHECKING:
    from pathlib import Path

    from perf_canary.gates import Ending

DOCUMENT = b'{"verdict":"pass","run_id":"r1","headline":"all held"}\n'


def runs(folder: Path, script: str, planned_s: float = 60.0) -> GateRuns:
    """Runs of a script in place of the command; the gate's arguments follow it."""
    around = Surroundings(
        command=(sys.executable, "-c", script), folder=folder, environ=dict(os.environ)
    )
    return GateRuns(around, lambda gate: planned_s)  # noqa: ARG005  # every gate takes as long


def ended(started: GateRuns) -> Ending:
    """How a run of the gate `staging` ended."""
    endings: queue.Queue[Ending] = queue.Queue()
    started(STAGING, endings.put)
    return endings.get(timeout=60)


def test_the_arguments_are_those_of_perf_yaml() -> None:
    run = ("run", "--profile", "sustained", "--target", "staging", "--json")
    assert arguments_of(STAGING) == run
    assert arguments_of(CANARY) == (
        "check", "canary.yaml", "--prometheus", "https://prometheus.example",
        "--for", "10m", "--every", "10s", "--json",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "output", "code", "reason"),
    [
        pytest.param(0, DOCUMENT, 0, "all held", id="pass"),
        pytest.param(0, b'{"answer":"PROMOTE","reason":"ok"}\n', 0, "ok", id="pass-by-answer"),
        pytest.param(0, b"", None, "without a verdict", id="0-and-silent"),
        pytest.param(0, b"{}\n", None, "without a verdict", id="0-and-empty"),
        pytest.param(0, b"pass\n", None, "without a verdict", id="0-and-text"),
        pytest.param(0, DOCUMENT * 2, None, "without a verdict", id="0-and-two-documents"),
        pytest.param(0, b'{"verdict":"fail"}\n', None, "without a verdict", id="0-and-fail"),
        pytest.param(0, b'{"x":1}\n', None, "without a verdict", id="0-and-neither"),
        pytest.param(0, b'{"verdict":["pass"]}\n', None, "without a verdict", id="0-and-a-list"),
        pytest.param(0, b'{"answer":"HOLD"}\n', None, "without a verdict", id="0-and-hold"),
        pytest.param(0, b'{"answer":"PROMOTE","reason":"kept"}\n', 0, "kept", id="0-and-promote"),
        pytest.param(0, b'{"verdict":null}\n', None, "without a verdict", id="0-and-null"),
        pytest.param(1, DOCUMENT, 1, "all held", id="fail"),
        pytest.param(1, b"", 1, "fail", id="fail-and-silent"),
        pytest.param(3, b"", 3, "inconclusive", id="inconclusive"),
        pytest.param(2, b"", 2, "cannot be used", id="usage"),
        pytest.param(4, b"", 4, "refused", id="refused"),
        pytest.param(5, b"", 5, "could not be reached", id="infra"),
        pytest.param(70, b"", 70, "internal error", id="internal"),
        pytest.param(130, b"", 130, "interrupted", id="interrupt"),
        pytest.param(-15, b"", 143, "interrupted", id="signal"),
        pytest.param(-9, b"", None, "status -9", id="killed"),
        pytest.param(6, b"", None, "status 6", id="unknown"),
    ],
)
def test_what_an_end_means(status: int, output: bytes, code: int | None, reason: str) -> None:
    ending = ending_of(status, output)
    assert ending.exit_code == code
    assert reason in ending.reason


def test_too_much_output_is_no_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_runs, "MAX_OUTPUT_BYTES", 10)
    assert ending_of(0, DOCUMENT).exit_code is None


def test_a_child_gets_the_arguments_and_its_end_is_told(tmp_path: Path) -> None:
    script = (
        "import json, sys\n"
        "print(json.dumps({'verdict': 'pass', 'run_id': 'r7', 'headline': ' '.join(sys.argv[1:])}))"
    )
    ending = ended(runs(tmp_path, script))
    assert (ending.exit_code, ending.run_id) == (0, "r7")
    assert ending.reason == "run --profile sustained --target staging --json"


def test_a_command_that_cannot_be_started_is_infra(tmp_path: Path) -> None:
    around = Surroundings(command=(str(tmp_path / "none"),), folder=tmp_path, environ={})
    ending = ended(GateRuns(around, lambda gate: 1.0))  # noqa: ARG005  # every gate takes as long
    assert ending.exit_code == 5


def test_a_run_that_passes_its_deadline_is_ended_and_undecided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_runs, "ALLOWANCE_S", 0.0)
    monkeypatch.setattr(gate_runs, "STOP_LIMIT_S", 0.2)
    stubborn = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(99)"
    ending = ended(runs(tmp_path, stubborn, planned_s=0.1))
    assert ending.exit_code is None
    assert "took longer" in ending.reason


def test_closing_ends_what_runs_and_starts_nothing_more(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(99)"
    started = runs(tmp_path, script)
    endings: queue.Queue[Ending] = queue.Queue()
    started(STAGING, endings.put)
    while not (pid.exists() and pid.read_text()):
        os.sched_yield()
    started.close()
    assert endings.get_nowait().exit_code == 143
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert ended(started).reason == "the server ended before the run began"
