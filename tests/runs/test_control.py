"""Candidate and control in one run: the same arrivals, the same tasks, accounts of their own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine_runs import Bench, counts_of, post, processes
from perf_analysis.arms import cells_name
from perf_analysis.compared import Demands, RowVerdict
from perf_analysis.control import compare_control
from perf_analysis.gating import gate
from perf_analysis.series import ALL_PHASES, CONTROL
from perf_loadtests.target.launch import DemoTarget

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perf_documents.run import Run

RATE, DURATION_S = 100, 4
ARRIVALS = RATE * DURATION_S
MIX = """
    from locust import FastHttpUser, task

    class Rare(FastHttpUser):
        weight = 1

        @task
        def health(self):
            self.client.get("/health", name="/rare")

    class Often(FastHttpUser):
        weight = 3

        @task(2)
        def health(self):
            self.client.get("/health", name="/often")

        @task
        def metrics(self):
            self.client.get("/metrics", name="/metrics")
"""
DEMANDS = Demands(margins={"p50": 0.5}, tolerance={"p50": 0.25}, mode="proof", alpha=0.01)


@pytest.fixture
def old() -> Iterator[DemoTarget]:
    """Second instance of the service."""
    with DemoTarget(os.environ, ("--traces", "1000", "--admin")) as demo:
        yield demo


def names_of(run: Run, target: str) -> dict[str, int]:
    """Requests by name on one target."""
    counted: dict[str, int] = {}
    for key, cell in run.measured.cells(ALL_PHASES).items():
        if key.target == target:
            counted[key.name] = counted.get(key.name, 0) + cell.n
    return counted


def test_both_arms_get_the_same_arrivals_and_tasks(bench: Bench, old: DemoTarget) -> None:
    run = bench.run(MIX, rate=RATE, duration_s=DURATION_S, control=old)
    candidate, control = names_of(run, "candidate"), names_of(run, CONTROL)
    assert candidate == control
    assert sum(candidate.values()) == ARRIVALS
    assert sum(bench.served().values()) == ARRIVALS
    assert sum(counts_of(old.url).values()) == ARRIVALS
    assert run.engine.accounts.planned == 2 * ARRIVALS
    cells = {
        target: sum(c.started for c in run.measured.scenarios[cells_name("Often", target)].values())
        for target in ("candidate", CONTROL)
    }
    assert cells["candidate"] == cells[CONTROL] > 0
    assert run.control is not None
    assert run.control.url == old.url


def test_the_pairs_of_two_processes_are_one_run(bench: Bench, old: DemoTarget) -> None:
    run = bench.run(MIX, rate=RATE, duration_s=2, control=old, spread=processes(2))
    candidate, control = names_of(run, "candidate"), names_of(run, CONTROL)
    assert candidate == control
    assert sum(candidate.values()) == sum(bench.served().values()) == 2 * RATE
    assert sum(counts_of(old.url).values()) == 2 * RATE
    assert run.engine.processes_final == 2


def test_a_slow_candidate_is_told_from_its_control(bench: Bench, old: DemoTarget) -> None:
    bench.faults(slow_ms=20)
    run = bench.run(MIX, rate=RATE, duration_s=DURATION_S, control=old)
    rows = compare_control([run.measured], DEMANDS, restarted=False)
    assert rows[0].verdict is RowVerdict.FAIL
    assert gate(rows) is RowVerdict.FAIL
    assert (rows[0].effect or 0.0) > 1.0


def test_errors_of_the_control_are_not_the_candidates(bench: Bench, old: DemoTarget) -> None:
    post(f"{old.url}/admin/faults", {"errors": 1.0})
    run = bench.run(MIX, rate=RATE, duration_s=2, control=old)
    failed = {
        target: sum(
            cell.n
            for key, cell in run.measured.cells(ALL_PHASES).items()
            if key.target == target and key.error_class
        )
        for target in ("candidate", CONTROL)
    }
    assert failed["candidate"] == 0
    assert failed[CONTROL] > 0
