"""A process that is lost ends the whole run, by name, and the load is gone."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from engine_runs import HEALTH, Bench, during, processes, requests_of
from perf_analysis.facts import EndState
from perf_analysis.judgement import judge
from perf_analysis.verdict import Verdict

RATE = 60
WITHIN_S = 6.0
# between two reports, and until the second of them is kept
REPORT_S = 1.2
LOSSES = [
    pytest.param(b"worker", signal.SIGKILL, "ended by signal 9", id="worker killed"),
    pytest.param(b"worker", signal.SIGSTOP, "said nothing for 3 s", id="worker frozen"),
    pytest.param(b"master", signal.SIGKILL, "ended by signal 9", id="master killed"),
]
ALL_WORKERS = pytest.param(b"worker@", signal.SIGKILL, "ended by signal 9", id="all workers killed")


def pids_of(bench: Bench, role: bytes) -> list[int]:
    """Processes of a role in the run of a bench."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            ours = str(bench.folder / "spool").encode() in words
            if ours and any(word.startswith(role) for word in words):
                found.append(int(entry.name))
    return sorted(found)


def lose(bench: Bench, role: bytes, number: int, said: str, at_s: float = 1.5) -> None:
    """Lose one process in the midst of a run of 30 s, and see what comes of it."""
    lost: list[int] = []
    when_s: list[float] = []

    def strike() -> None:
        when_s.append(bench.clock())
        lost.extend(pids_of(bench, role)[: 2 if role == b"worker@" else 1])
        for pid in lost:
            os.kill(pid, number)

    listen = during(bench, at_s, strike)
    run = bench.run(HEALTH, emit=listen, rate=RATE, duration_s=30, spread=processes(2))
    assert bench.clock() - when_s[0] < WITHIN_S
    assert run.state is EndState.INCOMPLETE
    assert said in run.engine.end_detail
    assert role == b"master" or any(str(pid) in run.engine.end_detail for pid in lost)
    assert run.engine.processes_final < run.engine.processes_planned == 2
    judgement = judge(run.facts(), run.measured, run.plan.thresholds)
    assert not judgement.valid
    assert judgement.verdict is not Verdict.PASS
    assert pids_of(bench, b"") == []
    # kept is what was reported, once a second; and the service saw no more than was planned by then
    assert requests_of(run) >= RATE * (at_s - REPORT_S) * 0.9
    assert sum(bench.served().values()) <= RATE * (at_s + 1.0 + WITHIN_S) * 1.05


@pytest.mark.parametrize(("role", "number", "said"), LOSSES)
def test_who_is_lost_ends_the_run_and_its_load(
    bench: Bench, role: bytes, number: int, said: str
) -> None:
    lose(bench, role, number, said)


@pytest.mark.slow
@pytest.mark.fault
@pytest.mark.parametrize("repetition", range(20))
@pytest.mark.parametrize(("role", "number", "said"), [*LOSSES, ALL_WORKERS])
def test_whoever_is_lost_whenever(
    bench: Bench, role: bytes, number: int, said: str, repetition: int
) -> None:
    lose(bench, role, number, said, at_s=0.2 + 0.14 * repetition)
