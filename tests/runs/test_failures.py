"""What goes wrong in a run is told apart: target, scenario, generator, supervisor."""

from __future__ import annotations

import os
import re
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine_runs import HEALTH, during, requests_of, task
from perf_analysis.facts import EndState
from perf_analysis.grammar import parse_threshold
from perf_analysis.judgement import judge
from perf_analysis.verdict import Outcome, Verdict
from perf_loadtests.target.launch import DemoTarget

if TYPE_CHECKING:
    from engine_runs import Bench


def pid_of(folder: Path) -> int:
    """Process id of the engine whose spool lies in a folder."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"perf_loadtests.engine" in command and str(folder).encode() in command:
                return int(entry.name)
    return 0


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        pytest.param("Health.count == 50 and os._exit(0)", "the scenario ended", id="os-exit"),
        pytest.param("Health.count == 50 and os._exit(7)", "status 7", id="os-exit-7"),
        pytest.param(
            "Health.count == 50 and __import__('ctypes').string_at(0)",
            "signal 11",
            id="P10-segfault",
        ),
        pytest.param(
            "Health.count == 50 and os.kill(os.getpid(), signal.SIGKILL)", "signal 9", id="kill"
        ),
    ],
)
def test_an_engine_that_ends_early_leaves_an_incomplete_run(
    bench: Bench, body: str, detail: str
) -> None:
    run = bench.run(task(body), rate=40, duration_s=20)
    assert run.state is EndState.INCOMPLETE
    assert detail in run.engine.end_detail
    assert run.engine.processes_final == 0
    assert pid_of(bench.folder) == 0


def test_sys_exit_in_a_task_leaves_no_whole_record(bench: Bench) -> None:
    run = bench.run(task("Health.count == 50 and sys.exit(0)"), rate=40, duration_s=3)
    assert run.state is not EndState.COMPLETED or run.engine.exceptions


def test_a_killed_engine_is_seen_and_what_was_measured_is_kept(bench: Bench) -> None:
    kill = during(bench, 1.5, lambda: os.kill(pid_of(bench.folder), signal.SIGKILL))
    run = bench.run(HEALTH, emit=kill, rate=50, duration_s=20)
    assert run.state is EndState.INCOMPLETE
    assert "ended by signal 9" in run.engine.end_detail
    assert requests_of(run) >= 50


def test_a_signal_stops_the_load_and_the_accounts_still_close(bench: Bench) -> None:
    stop = during(bench, 1.5, lambda: bench.stop.signals.append(signal.SIGTERM))
    run = bench.run(HEALTH, emit=stop, rate=50, duration_s=60)
    assert run.reached_s < 30
    assert run.state is EndState.INTERRUPTED
    assert "SIGTERM" in run.engine.end_detail
    assert run.engine.processes_final == 1
    assert 1.0 < run.reached_s < 10.0
    assert bench.served() == {"/health": requests_of(run)}


def test_two_signals_end_the_engine_at_once(bench: Bench) -> None:
    def twice() -> None:
        bench.stop.signals += [signal.SIGINT, signal.SIGINT]

    bench.faults(hang=1.0)
    run = bench.run(HEALTH, emit=during(bench, 1.0, twice), rate=20, duration_s=60)
    assert run.state is EndState.INTERRUPTED
    assert pid_of(bench.folder) == 0


def test_requests_in_flight_at_the_end_are_timeouts_or_abandoned_never_lost(bench: Bench) -> None:
    bench.faults(hang=1.0)
    run = bench.run(HEALTH, rate=20, duration_s=1, timeout_s=1.0, graceful_stop_s=0.2, max_vus=40)
    classes = {key.error_class for key in run.measured.series}
    assert classes <= {"timeout", "abandoned"}
    assert requests_of(run) == run.engine.accounts.started == 20
    cells = run.measured.cells("all").values()
    assert sum(cell.service_censored.n for cell in cells) == 20
    assert sum(cell.service.n for cell in cells) == 0


def test_the_deadline_of_a_request_is_total(bench: Bench) -> None:
    bench.faults(trickle=True)
    run = bench.run(HEALTH, rate=10, duration_s=1, timeout_s=0.5)
    ((key, cell),) = run.measured.cells("all").items()
    assert key.error_class == "timeout"
    assert cell.n == 10
    assert cell.service_censored.max_s < 1.0


@pytest.mark.parametrize("base", ["FastHttpUser", "HttpUser"])
def test_an_exception_after_a_failed_request_is_the_targets_fault(bench: Bench, base: str) -> None:
    bench.faults(errors=0.5)
    scenario = f"""
        from locust import FastHttpUser, HttpUser, task

        class Login({base}):
            @task
            def login(self):
                self.client.post("/health", name="/login").json()["token"]
    """
    run = bench.run(scenario, rate=40)
    accounts = run.engine.accounts
    (group,) = run.engine.exceptions
    assert group.kind in {"KeyError", "JSONDecodeError", "TypeError"}
    assert group.count == group.excused == accounts.failed == 80
    assert accounts.faulted == 0
    assert run.facts().exceptions == {}


def test_an_exception_of_the_scenario_itself_is_its_own_fault(bench: Bench) -> None:
    run = bench.run(task("Health.count % 10 == 0 and {}['token']"), rate=40)
    assert run.engine.accounts.faulted == run.engine.accounts.failed == 8
    ((what, count),) = run.facts().exceptions.items()
    assert what.startswith("KeyError in scenario_under_test.py:")
    assert count == 8


def test_t02_a_target_that_goes_away_ends_the_run_early(bench: Bench) -> None:
    with DemoTarget(os.environ) as other:
        # at once: one that is asked to stop ends its requests first, which may take seconds
        gone = during(bench, 1.0, lambda: os.kill(other.pid, signal.SIGKILL))
        run = bench.run(HEALTH, emit=gone, url=other.url, rate=20, duration_s=60)
    assert run.state is EndState.STOPPED
    assert re.search(r"stopped answering at [123]\.\d s \(refused", run.engine.end_detail)
    assert 11.0 <= run.reached_s < 30.0
    judged = judge(run.facts(), run.measured, [parse_threshold("http_req_failed", "rate<0.01")])
    assert [result.verdict for result in judged.thresholds] == [Verdict.FAIL]
    # busy neighbours of the generator aside, it is a valid run that failed: exit 1
    assert {row.rule for row in judged.checks if row.outcome is not Outcome.HELD} <= {"V6"}


def test_vus_that_cannot_start_are_named(bench: Bench) -> None:
    scenario = """
        from locust import FastHttpUser, task

        class Broken(FastHttpUser):
            def on_start(self):
                raise ValueError("no account")

            @task
            def health(self):
                self.client.get("/health")
    """
    run = bench.run(scenario, rate=10, pre_allocated_vus=5)
    assert run.state is EndState.INCOMPLETE
    assert "0 of 5 VUs became active" in run.engine.end_detail
    assert bench.served() == {}


def test_a_blocked_event_loop_is_the_generators_fault(bench: Bench) -> None:
    scenario = """
        import time
        from locust import FastHttpUser, task

        class Blocking(FastHttpUser):
            count = 0

            @task
            def health(self):
                self.client.get("/health", name="/health")
                Blocking.count += 1
                if Blocking.count == 40:
                    until = time.perf_counter() + 0.5
                    while time.perf_counter() < until:
                        pass
    """
    run = bench.run(scenario, rate=40)
    lag_p99_s = run.facts().lag_p99_s
    assert run.engine.accounts.dropped == 0
    assert max(window.loop_lag_s for window in run.health) > 0.3
    assert lag_p99_s is not None
    assert lag_p99_s > 0.3


def test_the_load_ends_when_the_supervisor_is_gone(bench: Bench) -> None:
    """The control pipe's end is all that the engine needs to see."""
    seen: list[int] = []

    def vanish() -> None:
        seen.append(pid_of(bench.folder))
        # what a killed supervisor leaves behind: a pipe without a writer
        threading.Thread(target=os.kill, args=(seen[0], signal.SIGTERM)).start()

    run = bench.run(HEALTH, emit=during(bench, 1.0, vanish), rate=20, duration_s=30)
    assert run.state is EndState.INCOMPLETE
    assert seen[0] > 0
    assert pid_of(bench.folder) == 0
