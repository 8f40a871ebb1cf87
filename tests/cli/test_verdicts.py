"""Exit codes of whole runs: what the target or the scenario does decides them."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

from commands import wait_for

if TYPE_CHECKING:
    from commands import Desk

LOGIN = """
from locust import HttpUser, task

class Login(HttpUser):
    @task
    def login(self):
        self.client.post("/api/v1/traces/search", json={}, name="login",
                         headers={"Authorization": "Bearer demo-token"}).json()["traces"]
"""
EXIT = """
import os
from locust import FastHttpUser, task

class Leaves(FastHttpUser):
    count = 0

    @task
    def health(self):
        self.client.get("/health", name="/health")
        Leaves.count += 1
        if Leaves.count == 60:
            os._exit(0)
"""


def test_a_slow_target_fails_and_the_summary_names_threshold_observed_and_limit(
    desk: Desk,
) -> None:
    desk.faults(slow_ms=700)
    done = desk.run()
    assert done.code == 1, done.said
    assert done.out.startswith("✗ FAIL   exit 1")
    (row,) = (line for line in done.out.splitlines() if line.startswith("✗ http_req_duration"))
    assert "p(95)<500" in row
    assert "< 500 ms" in row
    assert re.search(r" 7\d\d ms ", row)
    assert row.endswith("fail")
    assert "Traceback" not in done.said
    assert len(desk.stored()) == 1


def test_errors_of_the_target_fail(desk: Desk) -> None:
    desk.faults(errors=0.05)
    done = desk.run()
    assert done.code == 1, done.said
    assert any(line.startswith("✗ http_req_failed rate<0.01") for line in done.out.splitlines())


def test_a_target_that_never_answers_is_never_green(desk: Desk) -> None:
    desk.write(timeout="1s", max_vus="400")
    desk.faults(hang=1.0)
    done = desk.run()
    assert done.code in {1, 3}, done.said
    assert "PASS" not in done.out
    assert len(desk.stored()) == 1


def test_a_locustfile_that_trips_over_an_error_page_is_the_targets_fault(desk: Desk) -> None:
    desk.scenario("login", LOGIN)
    desk.write(scenario="login")
    desk.faults(errors=0.3)
    done = desk.run()
    assert done.code == 1, done.said
    assert any(line.startswith("✗ http_req_failed") for line in done.out.splitlines())


def test_a_scenario_that_ends_its_process_is_inconclusive(desk: Desk) -> None:
    desk.scenario("leaves", EXIT)
    desk.write(scenario="leaves", duration="20s")
    done = desk.run()
    assert done.code == 3, done.said
    assert "no completion record" in done.said
    assert "the scenario ended" in done.said
    assert len(desk.stored()) == 1
    assert desk.processes() == []


def test_a_killed_engine_is_inconclusive_and_what_was_measured_is_stored(desk: Desk) -> None:
    desk.write(duration="30s")
    process = desk.start()
    os.kill(desk.engine_pid(), signal.SIGKILL)
    out, err = (stream.decode() for stream in process.communicate(timeout=15))
    assert process.returncode == 3, out + err
    assert "signal 9" in out
    assert "Traceback" not in err
    assert len(desk.stored()) == 1
    wait_for(lambda: desk.processes() == [], 3)


def test_a_killed_command_leaves_a_spool_that_is_imported_and_never_valid(desk: Desk) -> None:
    desk.write(duration="30s")
    process = desk.start()
    wait_for(lambda: bool(desk.spools()))
    process.kill()
    assert process.wait(5) == -signal.SIGKILL
    wait_for(lambda: desk.processes() == [], 3)
    process.communicate()
    (spool,) = desk.spools()
    assert desk.stored() == []
    listed = desk.perf("history", "list")
    assert f"unfinished run {spool.name}; next: perf history import" in listed.err
    for _ in range(2):
        if desk.spools():
            imported = desk.perf("history", "import", f".perf/spool/{spool.name}")
            assert imported.code == 0, imported.said
            assert imported.out.strip() == spool.name
            assert "incomplete" in imported.err
    assert desk.stored() == [spool.name]
    judged = desk.perf("check", "--run", spool.name)
    assert judged.code == 3, judged.said
    assert "unfinished" not in desk.perf("history", "list").err


def test_a_command_killed_before_its_load_leaves_nothing_that_cannot_be_imported(
    desk: Desk,
) -> None:
    process = desk.launch()
    wait_for(lambda: any(desk.state.glob("spool/*/spool.jsonl")))
    process.kill()
    process.communicate()
    wait_for(lambda: desk.processes() == [], 3)
    (spool,) = desk.spools()
    imported = desk.perf("history", "import", str(spool))
    assert imported.code == 0, imported.said
    assert "unfinished" not in desk.perf("history", "list").err
    shown = desk.perf("history", "show", "latest")
    assert shown.code == 0, shown.said


def test_an_import_is_refused_while_its_run_goes_on(desk: Desk) -> None:
    desk.write(duration="30s")
    process = desk.start()
    (spool,) = desk.spools()
    refused = desk.perf("history", "import", str(spool))
    process.terminate()
    process.communicate(timeout=15)
    assert refused.code == 2, refused.said
    assert "still going on" in refused.err


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_only_a_spool_is_imported(desk: Desk, name: str) -> None:
    done = desk.perf("history", "import", str(desk.folder / name))
    assert done.code == 2, done.said
    assert "Traceback" not in done.said
    assert desk.stored() == []
