"""Real engines against the demo service: what was planned, begun, ended and served agrees."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from engine_runs import HEALTH, requests_of
from perf_analysis.facts import EndState
from perf_analysis.grid import bucket_index
from perf_documents.events import Progress
from perf_loadtests.schedule import count_arrivals

if TYPE_CHECKING:
    from engine_runs import Bench

NESTED = """
from locust import HttpUser, TaskSet, between, task

class Shop(TaskSet):
    wait_time = between(10, 20)

    @task
    def look(self):
        self.client.get("/health?page=1")

class Old(HttpUser):
    tasks = [Shop]
    wait_time = between(10, 20)

    def on_start(self):
        self.client.get("/health", name="login")
"""

MIX = """
from locust import FastHttpUser, constant, task

class Mix(FastHttpUser):
    wait_time = constant(0.1)

    def on_start(self):
        self.headers = {"Authorization": "Bearer demo-token"}

    @task(3)
    def listed(self):
        self.client.get("/api/v1/traces?limit=2", name="/api/v1/traces", headers=self.headers)

    @task
    def searched(self):
        with self.client.post("/api/v1/traces/search", json={"limit": 1}, headers=self.headers,
                              catch_response=True) as response:
            if "traces" not in response.json():
                response.failure("no traces")
        self.client.get("/health", name="after")
"""


def test_an_open_run_offers_every_arrival_and_the_service_counts_the_same(bench: Bench) -> None:
    run = bench.run(HEALTH, rate=80, ramp_s=1)
    assert run.state is EndState.COMPLETED
    assert run.reached_s == run.plan.duration_s
    assert run.engine.accounts.planned == count_arrivals(run.plan) == 200
    assert run.engine.accounts.finished == 200
    assert bench.served() == {"/health": 200}
    assert run.measured.scenario_cell("sustained").planned == 160
    assert requests_of(run) == 200


def test_poisson_arrivals_are_offered_too(bench: Bench) -> None:
    run = bench.run(HEALTH, rate=60, arrivals="poisson", seed=3)
    assert run.engine.accounts.finished == count_arrivals(run.plan)
    assert bench.served() == {"/health": count_arrivals(run.plan)}


def test_a_closed_run_keeps_its_vus_on_the_line(bench: Bench) -> None:
    run = bench.run(HEALTH, vus=8, ramp_s=1)
    facts = run.facts()
    assert run.state is EndState.COMPLETED
    assert facts.vu_seconds == pytest.approx(facts.vu_seconds_planned)
    # 8 VUs for 2 s and half of them for 1 s, in steps of 100 ms
    assert facts.vu_seconds_planned == pytest.approx(20, abs=2.5)
    assert bench.served() == {"/health": run.engine.accounts.requests_ended}
    assert run.engine.accounts.planned == 0


def test_an_existing_locustfile_with_nested_tasks_runs_unchanged(bench: Bench) -> None:
    run = bench.run(NESTED, rate=50)
    assert run.scenario.client_kind == "http"
    assert run.engine.accounts.finished == 100
    assert requests_of(run, "/health") == 100
    assert requests_of(run, "login") >= run.plan.pre_allocated_vus
    assert bench.served() == {"/health": requests_of(run)}


def test_the_task_mix_is_the_same_in_every_run(bench: Bench) -> None:
    first, second = (bench_run(bench) for _ in range(2))
    assert first == second
    assert first["/api/v1/traces"] == pytest.approx(75, abs=12)


def bench_run(bench: Bench) -> dict[str, int]:
    run = bench.run(MIX, rate=50)
    (bench.folder / "spool" / "spool.jsonl").unlink()
    names = ("/api/v1/traces", "/api/v1/traces/search", "after")
    counts = {name: requests_of(run, name) for name in names}
    # one iteration of "searched" makes two requests, and only the first has a latency
    assert counts["after"] == counts["/api/v1/traces/search"]
    cells = run.measured.cells("all")
    after = [cell for key, cell in cells.items() if key.name == "after"]
    assert sum(cell.latency.n for cell in after) == 0
    assert sum(cell.latency.n for cell in cells.values()) == run.engine.accounts.finished
    return counts


def test_progress_is_told_each_second(bench: Bench) -> None:
    bench.run(HEALTH, rate=50, duration_s=3)
    told = [event for event in bench.events if isinstance(event, Progress)]
    assert len(told) >= 3
    assert told[-1].requests == 150
    assert all(event.duration_s == 3.0 for event in told)
    assert [event.at_s for event in told] == sorted(event.at_s for event in told)


def test_dropped_arrivals_are_counted_when_every_vu_is_busy(bench: Bench) -> None:
    bench.faults(hang=0.0, slow_ms=1000.0)
    run = bench.run(HEALTH, rate=20, duration_s=3, pre_allocated_vus=4, max_vus=4)
    accounts = run.engine.accounts
    # 4 VUs of 1 s each hold about 4 iterations per second of the 20
    assert 30 <= accounts.dropped <= 55
    assert accounts.planned == 60
    assert accounts.late_drops == 0
    assert run.measured.scenario_cell("all").dropped_latency.n == accounts.dropped


def test_the_pool_grows_to_what_the_target_needs(bench: Bench) -> None:
    bench.faults(slow_ms=500.0)
    run = bench.run(HEALTH, rate=40, duration_s=3, pre_allocated_vus=2, max_vus=60)
    assert run.engine.accounts.dropped == 0
    assert run.engine.accounts.finished == 120
    busiest = max(
        cell.vus_busy_max for slots in run.measured.scenarios.values() for cell in slots.values()
    )
    assert 18 <= busiest <= 60


def test_the_latency_of_a_stalling_target_is_what_users_would_have_felt(bench: Bench) -> None:
    frozen: list[bool] = []

    def freeze(event: object) -> None:
        if isinstance(event, Progress) and event.at_s >= 1.0 and not frozen:
            frozen.append(True)
            bench.faults(stall="1s/3s")

    run = bench.run(HEALTH, emit=freeze, rate=100, duration_s=6, pre_allocated_vus=120, max_vus=200)
    ((_, cell),) = run.measured.cells("all").items()
    latency = cell.latency
    assert latency.n == 600
    # frozen for a second: the k-th arrival in it waits a second less k/100 s
    assert latency.max_s == pytest.approx(1.0, abs=0.1)
    slow = sum(n for bucket, n in latency.counts.items() if bucket >= bucket_index(0.1))
    assert slow == pytest.approx(90, abs=15)
    assert run.engine.accounts.dropped == 0


@pytest.mark.slow
def test_t22_the_latency_of_a_target_that_pauses_for_12_s(bench: Bench) -> None:
    """With a pause P in a span T, quantile q is at least P - (1 - q) T: nobody is left out."""
    paused: list[threading.Timer] = []

    def pause(event: object) -> None:
        if isinstance(event, Progress) and event.at_s >= 5.0 and not paused:
            os.kill(bench.demo.pid, signal.SIGSTOP)
            paused.append(threading.Timer(12.0, os.kill, (bench.demo.pid, signal.SIGCONT)))
            paused[0].start()

    run = bench.run(HEALTH, emit=pause, rate=20, duration_s=60, max_vus=300, timeout_s=30.0)
    paused[0].join()
    ((key, cell),) = run.measured.cells("all").items()
    p95_s, p99_s = (cell.latency.quantile_s(q) for q in (0.95, 0.99))
    assert (key.error_class, cell.latency.n, run.engine.accounts.dropped) == ("", 1200, 0)
    assert p99_s is not None
    assert p95_s is not None
    # a little off: timers of the test stop and go on, and the grid is 0.4 % wide
    assert p99_s >= 11.4 - 0.3
    assert p95_s >= 9.0 - 0.3
