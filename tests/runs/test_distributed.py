"""Real masters and workers on loopback: what each offered adds up, and a loss is never green."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine_runs import HEALTH, Bench, during, requests_of
from perf_analysis.facts import EndState
from perf_analysis.histogram import merge
from perf_analysis.judgement import judge
from perf_analysis.series import ALL_PHASES
from perf_analysis.verdict import Outcome
from perf_documents.cells import decode_series
from perf_loadtests.protocol import parse_record
from perf_loadtests.recover import opened
from perf_loadtests.schedule import count_arrivals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perf_analysis.histogram import Histogram
    from perf_documents.run import Run
    from perf_loadtests.protocol import Record

WITHIN_S = 6.0
MIX = """
    from locust import FastHttpUser, task

    class Rare(FastHttpUser):
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


def records_of(bench: Bench) -> list[Record]:
    """Everything that a run's one spool holds."""
    with opened(bench.folder / "spool") as (_, record):
        return [parse_record(line) for line in record.reader.read()]


def by_name(run: Run) -> dict[str, int]:
    """Requests by name."""
    return {key.name: requests_of(run, key.name) for key in run.measured.series}


def pids_of(bench: Bench, role: bytes) -> list[int]:
    """Processes of a role in the run of a bench."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            ours = b"perf_loadtests.engine" in words and str(bench.folder / "spool").encode()
            if ours in words and any(word.startswith(role) for word in words):
                found.append(int(entry.name))
    return sorted(found)


def test_the_parts_of_two_processes_are_one_run(bench: Bench) -> None:
    run = bench.run(MIX, rate=100, ramp_s=1, processes=2)
    accounts = run.engine.accounts
    assert run.state is EndState.COMPLETED
    assert (run.engine.processes_planned, run.engine.processes_final) == (2, 2)
    assert accounts.planned == count_arrivals(run.plan) == 250
    assert accounts.planned == accounts.started + accounts.dropped + accounts.unsent
    assert accounts.finished == 250
    names = by_name(run)
    assert bench.served() == {
        "/health": names["/rare"] + names["/often"], "/metrics": names["/metrics"]
    }  # fmt: skip
    checks = {check.rule: check for check in judge(run.facts(), run.measured, ()).checks}
    assert checks["V7"].figure == "2 of 2 final reports"
    assert checks["V7"].outcome is checks["V3"].outcome is checks["V5"].outcome is Outcome.HELD


def test_the_mix_is_that_of_one_process(bench: Bench) -> None:
    one = by_name(bench.run(MIX, rate=60, arrivals="poisson", seed=5))
    (bench.folder / "spool").rename(bench.folder / "first")
    assert by_name(bench.run(MIX, rate=60, arrivals="poisson", seed=5, processes=3)) == one


def test_histograms_merge_exactly(bench: Bench) -> None:
    run = bench.run(HEALTH, rate=80, processes=2)
    parts: dict[int, list[Histogram]] = {}
    for record in records_of(bench):
        if record.type == "second" and record.worker:
            for slots in decode_series(record.cells.series).values():
                parts.setdefault(record.worker, []).extend(c.service for c in slots.values())
    assert sorted(parts) == [1, 2]
    of_all = merge(part for worker in parts.values() for part in worker)
    assert of_all == merge(cell.service for cell in run.measured.cells(ALL_PHASES).values())
    assert of_all.n == 160


def test_closed_executors_share_their_vus(bench: Bench) -> None:
    run = bench.run(HEALTH, vus=5, ramp_s=1, processes=2)
    facts = run.facts()
    assert run.state is EndState.COMPLETED
    assert facts.vu_seconds == pytest.approx(facts.vu_seconds_planned)
    assert facts.vu_seconds_planned == pytest.approx(12.0, abs=0.7)
    assert run.measured.scenario_cell("sustained").vus == 5
    assert bench.served() == {"/health": requests_of(run)}


@pytest.mark.parametrize(
    ("role", "number", "said"),
    [
        pytest.param(b"worker", signal.SIGKILL, "ended by signal 9", id="worker killed"),
        pytest.param(b"worker", signal.SIGSTOP, "said nothing for 3 s", id="worker frozen"),
        pytest.param(b"master", signal.SIGKILL, "ended by signal 9", id="master killed"),
    ],
)
def test_who_is_lost_ends_the_run_and_its_load(
    bench: Bench, role: bytes, number: int, said: str
) -> None:
    lost: list[int] = []
    at_s: list[float] = []

    def lose() -> None:
        at_s.append(bench.clock())
        lost.append(pids_of(bench, role)[0])
        os.kill(lost[0], number)

    run = bench.run(HEALTH, emit=during(bench, 1.0, lose), rate=60, duration_s=30, processes=2)
    assert bench.clock() - at_s[0] < WITHIN_S
    assert run.state is EndState.INCOMPLETE
    assert said in run.engine.end_detail
    assert role == b"master" or str(lost[0]) in run.engine.end_detail
    assert run.engine.processes_final < run.engine.processes_planned == 2
    assert not judge(run.facts(), run.measured, run.plan.thresholds).valid
    assert pids_of(bench, b"") == []
    # what was measured before is kept, and nothing is offered any more
    assert requests_of(run) > 0
    assert sum(bench.served().values()) < 60 * (1.5 + WITHIN_S)


def test_a_signal_stops_every_process_and_the_accounts_close(bench: Bench) -> None:
    stop = during(bench, 1.0, lambda: bench.stop.signals.append(signal.SIGTERM))
    run = bench.run(HEALTH, emit=stop, rate=50, duration_s=60, processes=2)
    assert run.state is EndState.INTERRUPTED
    assert run.engine.processes_final == 2
    assert bench.served() == {"/health": requests_of(run)}


def test_vus_that_cannot_start_at_a_worker_are_named(bench: Bench) -> None:
    scenario = """
        from locust import FastHttpUser, task

        class Broken(FastHttpUser):
            def on_start(self):
                raise ValueError("no account")

            @task
            def health(self):
                self.client.get("/health")
    """
    run = bench.run(scenario, rate=10, pre_allocated_vus=6, processes=2)
    assert run.state is EndState.INCOMPLETE
    assert "0 of 3 VUs became active" in run.engine.end_detail
    assert bench.served() == {}


@pytest.fixture
def no_secret(bench: Bench) -> Iterator[None]:
    """The shared secret stands in nothing that a run leaves behind."""
    yield
    for path in bench.folder.rglob("*"):
        if path.is_file():
            assert b"t" * 32 not in path.read_bytes(), path


def test_a_scenario_cannot_read_the_token(bench: Bench, no_secret: None) -> None:
    del no_secret
    scenario = """
        import os
        from locust import FastHttpUser, task

        class Curious(FastHttpUser):
            @task
            def health(self):
                self.client.get("/health", name=os.environ.get("PERF_WORKER_TOKEN", "/hidden"))
    """
    run = bench.run(scenario, rate=20, duration_s=1, processes=2)
    assert by_name(run) == {"/hidden": 20}
    order = json.loads((bench.folder / "spool/plan.json").read_bytes())
    assert order["spread"] == {"workers": 2, "local": 2, "host": "127.0.0.1", "port": 0}
