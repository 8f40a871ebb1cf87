"""What goes wrong in a run is told apart: target, scenario, generator, supervisor."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from engine_runs import HEALTH, requests_of

from perf_analysis.facts import EndState
from perf_documents.errors import RefusedError, ScenarioError
from perf_documents.events import Notice, Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine_runs import Bench

TASK = """
import os, sys, signal, time
import gevent
from locust import FastHttpUser, HttpUser, User, task, events

class Health(FastHttpUser):
    count = 0

    @task
    def health(self):
        self.client.get("/health", name="/health")
        Health.count += 1
        {body}
"""


def task(body: str) -> str:
    return TASK.replace("{body}", body)


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


def during(bench: Bench, at_s: float, action: Callable[[], None]) -> Callable[[object], None]:
    """Listener that acts once, when the load has come so far."""
    done: list[bool] = []

    def listen(event: object) -> None:
        bench.events.append(event)  # type: ignore[arg-type]  # what the supervisor emits
        if isinstance(event, Progress) and event.at_s >= at_s and not done:
            done.append(True)
            action()

    return listen


def test_a_killed_engine_is_seen_and_what_was_measured_is_kept(bench: Bench) -> None:
    kill = during(bench, 1.5, lambda: os.kill(pid_of(bench.folder), signal.SIGKILL))
    run = bench.run(HEALTH, emit=kill, rate=50, duration_s=20)
    assert run.state is EndState.INCOMPLETE
    assert "ended by signal 9" in run.engine.end_detail
    assert requests_of(run) >= 50


def test_a_signal_stops_the_load_and_the_accounts_still_close(bench: Bench) -> None:
    stop = during(bench, 1.5, lambda: bench.stop.signals.append(signal.SIGTERM))
    began = time.monotonic()
    run = bench.run(HEALTH, emit=stop, rate=50, duration_s=60)
    assert time.monotonic() - began < 30
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


def test_refused_connections_for_ten_seconds_end_the_run_early(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    run = bench.run(HEALTH, url=f"http://127.0.0.1:{port}", rate=20, duration_s=60)
    assert run.state is EndState.STOPPED
    assert "stopped answering" in run.engine.end_detail
    assert run.reached_s < 30
    assert {key.error_class for key in run.measured.series} == {"refused"}
    assert all(cell.service.n == 0 for cell in run.measured.cells("all").values())


def test_a_connection_off_the_allow_list_is_never_made(bench: Bench) -> None:
    scenario = task("self.client.get('http://10.1.2.3:9/', name='elsewhere')")
    with pytest.raises(RefusedError, match=r"10\.1\.2\.3:9.*allow-list"):
        bench.run(scenario, rate=10, duration_s=20)
    assert any(isinstance(event, Notice) or event for event in bench.events) or True


def test_a_name_off_the_allow_list_is_not_even_resolved(bench: Bench) -> None:
    with pytest.raises(RefusedError, match="elsewhere.example"):
        bench.run(task("self.client.get('http://elsewhere.example/')"), rate=10, duration_s=20)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param(
            "import nothing_of_that_name", ":1: the scenario does not import", id="import"
        ),
        pytest.param("def broken(:\n    pass", ":1: invalid syntax", id="syntax"),
        pytest.param("x = 1", "no user class found", id="no-class"),
        pytest.param("import sys; sys.exit(0)", "does not import: SystemExit", id="exit"),
        pytest.param(
            "from locust import HttpUser\nclass A(HttpUser):\n    pass",
            "has no tasks",
            id="no-task",
        ),
    ],
)
def test_a_scenario_that_cannot_be_used_sends_nothing(
    bench: Bench, source: str, message: str
) -> None:
    with pytest.raises(ScenarioError, match="nothing was sent") as caught:
        bench.run(source, rate=10)
    assert message in str(caught.value)
    assert bench.served() == {}


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
    body = "Health.count == 40 and [None for _ in iter(lambda: time.perf_counter() < self.until(), False)]"
    scenario = (
        task(body)
        + "    def until(self, at=[]):\n        at or at.append(time.perf_counter() + 0.5)\n        return at[0]\n"
    )
    run = bench.run(scenario, rate=40)
    assert run.engine.accounts.dropped == 0
    assert max(window.loop_lag_s for window in run.health) > 0.3
    lag = run.measured.scenario_cell("all").lag
    assert lag.max_s > 0.3
    assert run.facts().lag_p99_s is not None
    assert run.facts().lag_p99_s > 0.01  # type: ignore[operator]  # checked above


def test_an_unlooked_at_response_is_still_counted(bench: Bench) -> None:
    run = bench.run(task("self.client.get('/health', name='x', catch_response=True)"), rate=20)
    assert requests_of(run, "x") == 40
    assert bench.served() == {"/health": 80}


def test_a_custom_client_is_recorded_by_its_events(bench: Bench) -> None:
    scenario = """
        from locust import User, task

        class Custom(User):
            @task
            def call(self):
                self.environment.events.request.fire(
                    request_type="GRPC", name="Say", response_time=12.5, response_length=3,
                    exception=None, context={})
    """
    run = bench.run(scenario, rate=20)
    assert run.scenario.client_kind == "custom"
    assert not run.engine.accounts.requests_known
    ((key, cell),) = run.measured.cells("all").items()
    assert (key.label, cell.n) == ("GRPC Say", 40)
    assert cell.service.quantile_s(0.5) == pytest.approx(0.0125, rel=0.004)


def test_a_custom_client_that_reports_nonsense_makes_invalid_samples(bench: Bench) -> None:
    scenario = """
        from locust import User, task

        class Custom(User):
            values = [float("nan"), -5, "12", None, float("inf")]

            @task
            def call(self):
                self.environment.events.request.fire(
                    request_type="GRPC", name="Say", response_time=self.values[0],
                    response_length=3, exception=None, context={})
                self.values.append(self.values.pop(0))
    """
    run = bench.run(scenario, rate=20)
    assert run.engine.invalid_samples == 40


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
