"""Real masters and workers on loopback: what each offered adds up to one run."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from engine_runs import HEALTH, TOKEN, Bench, during, processes, requests_of, task
from perf_analysis.facts import EndState
from perf_analysis.histogram import merge
from perf_analysis.judgement import judge
from perf_analysis.series import ALL_PHASES
from perf_analysis.verdict import Outcome
from perf_documents.cells import decode_series
from perf_loadtests.protocol import SecondRecord, parse_record
from perf_loadtests.recover import opened
from perf_loadtests.schedule import arrivals, choose, count_arrivals, splitmix64

if TYPE_CHECKING:
    from perf_analysis.histogram import Histogram
    from perf_documents.plan import Plan
    from perf_documents.run import Run

# what draws the class of an arrival, beside the seed
CLASS_SALT = 0x5C1E
MIX = """
    import os
    from locust import FastHttpUser, task

    class Rare(FastHttpUser):
        @task
        def health(self):
            self.client.get("/health", name="/rare" + os.environ.get("PERF_WORKER_TOKEN", ""))

    class Often(FastHttpUser):
        weight = 3

        @task(2)
        def health(self):
            self.client.get("/health", name="/often")

        @task
        def metrics(self):
            self.client.get("/metrics", name="/metrics")
"""


def parts_of(bench: Bench) -> dict[int, list[Histogram]]:
    """Service times by worker, out of the one spool of a run."""
    parts: dict[int, list[Histogram]] = {}
    with opened(bench.folder / "spool") as (_, record):
        for line in record.reader.read():
            second = parse_record(line)
            if isinstance(second, SecondRecord) and second.worker:
                for slots in decode_series(second.cells.series).values():
                    parts.setdefault(second.worker, []).extend(c.service for c in slots.values())
    return parts


def by_name(run: Run) -> dict[str, int]:
    """Requests by name."""
    return {key.name: requests_of(run, key.name) for key in run.measured.series}


def planned_names(plan: Plan) -> dict[str, int]:
    """Names that a plan's arrivals ask for in MIX, whoever offers them."""
    counted: dict[str, int] = {}
    for arrival in arrivals(plan):
        is_often = choose([1, 3], splitmix64(plan.seed ^ CLASS_SALT, arrival.number)) == 1
        task = ["/often", "/often", "/metrics"][int(splitmix64(plan.seed, arrival.number) * 3)]
        name = task if is_often else "/rare"
        counted[name] = counted.get(name, 0) + 1
    return counted


def test_the_parts_of_two_processes_are_one_run(bench: Bench) -> None:
    run = bench.run(MIX, rate=100, ramp_s=1, seed=7, spread=processes(2))
    accounts = run.engine.accounts
    assert run.state is EndState.COMPLETED
    assert (run.engine.processes_planned, run.engine.processes_final) == (2, 2)
    assert accounts.planned == count_arrivals(run.plan) == 250
    assert accounts.planned == accounts.started + accounts.dropped + accounts.unsent
    assert accounts.finished == 250
    names = by_name(run)
    assert names == planned_names(run.plan)
    assert bench.served() == {
        "/health": names["/rare"] + names["/often"], "/metrics": names["/metrics"]
    }  # fmt: skip
    checks = {check.rule: check for check in judge(run.facts(), run.measured, ()).checks}
    assert checks["V7"].figure == "2 of 2 final reports"
    assert checks["V7"].outcome is checks["V3"].outcome is checks["V5"].outcome is Outcome.HELD
    parts = parts_of(bench)
    assert sorted(parts) == [1, 2]
    # arrivals are dealt in turn, and what both measured is what the run holds, bucket by bucket
    assert [sum(part.n for part in parts[worker]) for worker in (1, 2)] == [125, 125]
    of_all = merge(part for worker in parts.values() for part in worker)
    assert of_all == merge(cell.service for cell in run.measured.cells(ALL_PHASES).values())
    left = [path for path in bench.folder.rglob("*") if path.is_file()]
    assert [path for path in left if TOKEN.encode() in path.read_bytes()] == []


def test_closed_executors_share_their_vus(bench: Bench) -> None:
    run = bench.run(HEALTH, vus=5, ramp_s=1, spread=processes(2))
    facts = run.facts()
    assert run.state is EndState.COMPLETED
    assert facts.vu_seconds == pytest.approx(facts.vu_seconds_planned)
    assert facts.vu_seconds_planned == pytest.approx(12.0, abs=0.7)
    assert run.measured.scenario_cell("sustained").vus == 5
    assert bench.served() == {"/health": requests_of(run)}


def test_a_signal_stops_every_process_and_the_accounts_close(bench: Bench) -> None:
    stop = during(bench, 1.0, lambda: bench.stop.signals.append(signal.SIGTERM))
    run = bench.run(HEALTH, emit=stop, rate=50, duration_s=60, spread=processes(2))
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
    run = bench.run(scenario, rate=10, pre_allocated_vus=6, spread=processes(2))
    assert run.state is EndState.INCOMPLETE
    assert "0 of 3 VUs became active" in run.engine.end_detail
    assert bench.served() == {}


def test_p15_a_listener_that_raises_at_the_master_alone_is_found(bench: Bench) -> None:
    scenario = """
        from locust import FastHttpUser, events, task
        from locust.runners import MasterRunner

        @events.test_start.add_listener
        def seed(environment, **_):
            if isinstance(environment.runner, MasterRunner):
                raise KeyError("seed")

        @events.test_stop.add_listener
        def clear(environment, **_):
            if isinstance(environment.runner, MasterRunner):
                environment.process_exit_code = 7
                raise ValueError("clear")

        class Health(FastHttpUser):
            @task
            def health(self):
                self.client.get("/health")
    """
    run = bench.run(scenario, rate=20, duration_s=1, spread=processes(2))
    assert run.state is EndState.COMPLETED
    assert {(group.kind, group.count) for group in run.engine.exceptions} == {
        ("KeyError", 1), ("ValueError", 1), ("ExitCode", 1),
    }  # fmt: skip
    checks = {check.rule: check for check in judge(run.facts(), run.measured, ()).checks}
    assert checks["V9"].outcome is Outcome.BROKEN


def test_a_worker_that_its_scenario_stops_ends_the_whole_run(bench: Bench) -> None:
    body = "Health.count == 10 and self.environment.runner.quit()"
    run = bench.run(task(body), rate=40, duration_s=30, spread=processes(2))
    assert run.state is EndState.INCOMPLETE
    assert "stopped at" in run.engine.end_detail
    assert requests_of(run) < 40 * 10


@pytest.mark.slow
def test_d18_names_that_no_process_has_too_many_of_are_too_many_together(bench: Bench) -> None:
    scenario = """
        import os
        from locust import User, task

        class Caller(User):
            count = 0

            @task
            def call(self):
                for _ in range(100):
                    Caller.count += 1
                    self.environment.events.request.fire(
                        request_type="RPC", name=f"{os.getpid()}-{Caller.count}",
                        response_time=1.0, response_length=0, exception=None, context={})
    """
    run = bench.run(scenario, rate=8, duration_s=1, spread=processes(2))
    checks = {check.rule: check for check in judge(run.facts(), run.measured, ()).checks}
    assert requests_of(run) == run.engine.names == 800
    assert checks["V11"].outcome is Outcome.BROKEN
