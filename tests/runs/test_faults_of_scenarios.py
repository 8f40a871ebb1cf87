"""What a scenario can do to the process that it runs in, and that no such run is green."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from engine_runs import HEALTH, processes, requests_of, task
from perf_analysis.facts import EndState
from perf_analysis.judgement import judge
from perf_analysis.verdict import Outcome
from perf_documents.events import Progress

if TYPE_CHECKING:
    from engine_runs import Bench
    from perf_documents.run import Run
    from perf_loadtests.protocol import SpreadModel

CAP_BYTES = 2**20


def broken(run: Run) -> dict[str, str]:
    """Rules that a run broke, with what they found; busy neighbours of the generator aside."""
    checks = judge(run.facts(), run.measured, run.plan.thresholds).checks
    found = {row.rule: row.figure for row in checks if row.outcome is Outcome.BROKEN}
    if "lag p99" in found.get("V6", "") and "," not in found["V6"]:
        del found["V6"]
    return found


def test_p15_p16_a_listener_that_raises_is_found_and_a_load_shape_is_never_called(
    bench: Bench,
) -> None:
    scenario = """
        from locust import FastHttpUser, LoadTestShape, events, task

        class Ramp(LoadTestShape):
            def tick(self):
                raise ValueError("no tick")

        @events.request.add_listener
        def broken(name, **_):
            raise KeyError(name)

        @events.request.add_listener
        def sound(name, **_):
            print("heard", name, flush=True)

        class Health(FastHttpUser):
            @task
            def health(self):
                self.client.get("/health")
    """
    log = bench.folder / "log"
    run = bench.run(scenario, rate=30, duration_s=1, log=log)
    assert broken(run) == {"V9": "30 x KeyError in scenario_under_test.py:10"}
    assert requests_of(run) == log.read_text().count("heard /health") == 30
    assert "Ramp: load shapes are ignored; the profile decides the load" in run.client_notes


def test_p17_a_task_that_cannot_be_ended_is_the_scenarios_fault(bench: Bench) -> None:
    body = """
        while Health.count > 20:
            try:
                gevent.sleep(0.005)
            except BaseException:
                pass
    """
    run = bench.run(task(body), rate=30, duration_s=1, graceful_stop_s=0.2, timeout_s=0.2)
    assert broken(run) == {"V9": "10 x TaskNotEnding in Health"}
    assert run.engine.accounts.abandoned == 10


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        pytest.param("while Health.count == 20: pass", id="busy"),
        pytest.param(
            """
        while True:
            try:
                self.client.get("/health", name="/health")
            except BaseException:
                pass
            """,
            id="swallows",
        ),
    ],
)
def test_p17_a_loop_without_end_is_ended_by_the_supervisor(bench: Bench, body: str) -> None:
    run = bench.run(task(body), rate=20, duration_s=2, graceful_stop_s=0.5, timeout_s=0.5)
    assert run.state is EndState.INCOMPLETE
    assert "said nothing for 10 s" in run.engine.end_detail
    assert broken(run).keys() >= {"V1", "V7"}


def test_p21_children_and_threads_count_nothing_twice(bench: Bench) -> None:
    body = """
        if Health.count == 5:
            os.fork()
        elif Health.count == 10:
            if os.fork() == 0:
                self.client.get("/health", name="child")
                os._exit(0)
        elif Health.count == 15:
            import subprocess
            subprocess.run(["true"], check=True)
        elif Health.count == 20:
            import threading
            thread = threading.Thread(target=self.client.get, args=("/metrics",))
            thread.start()
            thread.join()
    """
    run = bench.run(task(body), rate=30, duration_s=1)
    assert broken(run) == {}
    names = {key.name: cell.n for key, cell in run.measured.cells("all").items()}
    assert names == {"/health": 30, "/metrics": 1}
    # the child's own request may have been sent before it was ended
    assert 30 <= bench.served()["/health"] <= 31


def test_p21_a_child_forked_at_import_never_loads(bench: Bench) -> None:
    run = bench.run("import os\nos.fork()\n" + HEALTH, rate=30, duration_s=1)
    assert broken(run) == {}
    assert requests_of(run) == bench.served()["/health"] == 30


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("import importlib, socket\nimportlib.reload(socket)\n" + HEALTH, id="reload"),
        pytest.param(
            "import gevent\nfrom gevent.hub import Hub\n"
            "gevent._hub_local.set_hub(Hub(default=False))\n" + HEALTH,
            id="second-event-loop",
        ),
    ],
)
def test_p26_what_gevent_needs_is_checked_before_the_load(bench: Bench, source: str) -> None:
    run = bench.run(source, rate=20, duration_s=1)
    assert run.state is EndState.INCOMPLETE
    assert "the scenario replaced" in run.engine.end_detail
    assert "the load was not started" in run.engine.end_detail
    assert bench.served() == {}


def test_p27_of_much_output_head_and_tail_are_kept(bench: Bench) -> None:
    body = """
        Health.count == 1 and print("first line")
        print("x" * 4_000_000 if Health.count <= 25 else f"line {Health.count}", flush=True)
    """
    log = bench.folder / "log"
    run = bench.run(task(body), rate=30, duration_s=1, log=log)
    text = log.read_text()
    assert (len(text), text[:10], text[-8:]) == (CAP_BYTES, "first line", "line 30\n")
    assert run.state is EndState.COMPLETED
    assert requests_of(run) == 30


def test_p28_a_record_that_the_scenario_rewrites_is_not_believed(bench: Bench) -> None:
    body = """
        if Health.count == 20:
            for name in os.listdir("spool"):
                open(f"spool/{name}", "w").write("nonsense")
    """
    run = bench.run(task(body), rate=20, duration_s=20)
    assert broken(run).keys() >= {"V1", "V7"}
    assert "checksum is wrong" in run.engine.end_detail
    assert sum(bench.served().values()) < 200  # the load was ended, not only disbelieved


@pytest.mark.slow
def test_p28_a_record_that_the_scenario_deletes_is_read_all_the_same(bench: Bench) -> None:
    body = """
        if Health.count == 20:
            import shutil
            shutil.rmtree("spool")
    """
    run = bench.run(task(body), rate=30, duration_s=1)
    assert broken(run) == {}
    assert requests_of(run) == bench.served()["/health"] == 30


@pytest.mark.parametrize(
    "spread", [None, pytest.param(processes(2), marks=pytest.mark.slow)], ids=["one", "two"]
)
def test_p09_before_memory_runs_out_the_load_is_stopped_and_kept(
    bench: Bench, spread: SpreadModel | None
) -> None:
    body = """
        import resource
        held = globals().setdefault("held", [])
        held.append(bytearray(4 << 20))
        if len(held) == 1:
            size = int(open("/proc/self/statm").read().split()[0]) * 4096 + (400 << 20)
            resource.setrlimit(resource.RLIMIT_AS, (size, size))
    """
    run = bench.run(task(body), rate=40, duration_s=20, spread=spread)
    assert run.state is EndState.INCOMPLETE
    assert "the limit of its address space" in run.engine.end_detail
    assert run.engine.processes_final == run.engine.processes_planned
    assert requests_of(run) == bench.served()["/health"] > 0


@pytest.mark.slow
def test_t35_no_free_file_is_not_the_targets_fault_with_any_client(bench: Bench) -> None:
    scenario = """
        import resource
        from locust import FastHttpUser, HttpUser, task
        from perf_loadtests.http import LeanHttpUser

        def ask(user, close):
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, 4096))
            close()
            user.client.get("/health")

        class Lean(LeanHttpUser):
            @task
            def health(self):
                ask(self, self.client.close)

        class Fast(FastHttpUser):
            @task
            def health(self):
                ask(self, self.client.client.close)

        class Plain(HttpUser):
            @task
            def health(self):
                ask(self, self.client.close)
    """
    run = bench.run(scenario, rate=30, duration_s=1)
    assert broken(run)["V6"].startswith("30 local_files")
    kinds = {(key.scenario, key.error_class) for key in run.measured.series}
    assert kinds == {(name, "local_files") for name in ("Lean", "Fast", "Plain")}


@pytest.mark.slow
def test_p20_a_generator_that_was_stopped_is_not_believed(bench: Bench) -> None:
    """Its clients age without being served, and nothing it says of them is the target's."""
    stopped: list[threading.Timer] = []

    def stop(event: object) -> None:
        if isinstance(event, Progress) and event.at_s > 0.5 and not stopped:
            pid = int((bench.folder / "pid").read_text())
            os.kill(pid, signal.SIGSTOP)
            stopped.append(threading.Timer(5.5, os.kill, (pid, signal.SIGCONT)))
            stopped[0].start()

    body = 'Health.count == 1 and open("pid", "w").write(str(os.getpid()))'
    run = bench.run(task(body), emit=stop, rate=20, duration_s=7)
    stopped[0].join()
    assert "silent for" in broken(run)["V6"]


@pytest.mark.slow
def test_p19_a_machine_that_is_busy_with_something_else_is_named(bench: Bench) -> None:
    scenario = """
        import os
        from locust import FastHttpUser, task

        CORE = {min(os.sched_getaffinity(0))}
        os.sched_setaffinity(0, CORE)

        class Health(FastHttpUser):
            @task
            def health(self):
                self.client.get("/health")
    """
    core = min(os.sched_getaffinity(0))
    # a session each: where the kernel shares by session, each has a share of its own
    burn = f"import os; os.setsid(); os.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
    with contextlib.ExitStack() as burners:
        for _ in range(12):
            burner = burners.enter_context(subprocess.Popen([sys.executable, "-c", burn]))
            burners.callback(burner.kill)
        run = bench.run(scenario, rate=100, duration_s=4)
    (rule,) = [row for row in judge(run.facts(), run.measured, ()).checks if row.rule == "V6"]
    assert rule.outcome is Outcome.BROKEN, rule.figure
    assert "other work on this machine" in rule.advice or "lag p99" in rule.figure
