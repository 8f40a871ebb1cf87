"""Whole runs with perfproof's own client."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

import torture
from engine_runs import requests_of
from perf_documents.errors import RefusedError
from perf_loadtests.target.launch import DemoTarget
from perf_reports.failures import failure_rows

if TYPE_CHECKING:
    from pathlib import Path

    from engine_runs import Bench
    from perf_documents.run import Run

SCENARIO = """
from locust import constant, events, task
from perf_loadtests.http import LeanHttpUser

class Lean(LeanHttpUser):
    wait_time = constant(0.2)

    @task
    def ask(self):
        {body}
"""


def lean(body: str) -> str:
    """Scenario of one task with our client."""
    return SCENARIO.replace("{body}", body)


def outcomes(run: Run) -> dict[tuple[str, int, str], int]:
    """Requests by name, status and class."""
    found: dict[tuple[str, int, str], int] = {}
    for key, cell in run.measured.cells("all").items():
        place = (key.name, key.status, key.error_class)
        found[place] = found.get(place, 0) + cell.n
    return found


def test_every_request_is_served_once_and_stamped_by_the_client(bench: Bench) -> None:
    body = """
        self.client.get("/health", name="/health")
        with self.client.get("/api/v1/traces", params={"limit": 1}, catch_response=True) as told:
            if told.status_code == 401:
                told.success()
    """
    run = bench.run(lean(body), rate=40, duration_s=1)
    assert (run.scenario.client_kind, run.scenario.includes_connect) == ("lean", False)
    assert outcomes(run) == {("/health", 200, ""): 40, ("/api/v1/traces", 401, ""): 40}
    assert bench.served() == {"/health": 40, "/api/v1/traces": 40}
    cells = {key.name: cell for key, cell in run.measured.cells("all").items()}
    assert [cells["/health"].first, cells["/api/v1/traces"].first] == [40, 0]
    assert cells["/api/v1/traces"].asserted == 40
    assert cells["/health"].latency.n == 40
    # headers count as received: 15 bytes of body alone would be fewer
    assert cells["/health"].received_bytes > 40 * 80


def test_a_redirect_off_the_allow_list_stops_the_run(bench: Bench, tmp_path: Path) -> None:
    with torture.running(tmp_path) as ports:
        url = f"http://127.0.0.1:{ports['http']}"
        scenario = lean('self.client.get("/to/302?http://10.1.2.3:9/x", name="moved")')
        with pytest.raises(RefusedError, match=r"10\.1\.2\.3:9.*allow-list"):
            bench.run(scenario, url=url, rate=10, duration_s=20)


def test_idle_connections_that_the_server_closes_are_told_apart(
    bench: Bench, tmp_path: Path
) -> None:
    with torture.running(tmp_path) as ports:
        url = f"http://127.0.0.1:{ports['http']}"
        scenario = lean('self.client.get("/race", name="r")')
        run = bench.run(scenario, url=url, rate=20, duration_s=1, pre_allocated_vus=1, max_vus=1)
        found = outcomes(run)
        # every second request is lost to the race, and never made up for
        lost = found[("r", 0, "closed_before_response")]
        assert abs(lost - found[("r", 200, "")]) <= 1
        (failure,) = run.engine.errors
        assert (failure.label, failure.count) == ("GET r on a reused connection", lost)
        (row,) = failure_rows(run, "all")
        assert f"{lost} on reused connections" in row.sample
        assert "idle for 0.0" in failure.text
        seen = (tmp_path / "seen.log").read_text().count("request ")
        assert seen == sum(found.values())


def test_a_target_that_restarts_is_connected_to_again(bench: Bench) -> None:
    port = "0"
    with DemoTarget(os.environ, ["--port", port]) as first:
        url = first.url
        port = url.rpartition(":")[2]
        stopped: list[DemoTarget] = []

        def restart() -> None:
            time.sleep(2.5)
            first.stop()
            time.sleep(1.0)
            stopped.append(DemoTarget(os.environ, ["--port", port]))
            done.wait(20.0)
            stopped[0].stop()

        done = threading.Event()
        restarting = threading.Thread(target=restart)
        restarting.start()
        run = bench.run(
            lean('self.client.get("/health", name="h")'), url=url, rate=20, duration_s=5
        )
        done.set()
        restarting.join()
    found = outcomes(run)
    gap = found.pop(("h", 0, "refused"))
    assert 5 <= gap <= 60
    assert found[("h", 200, "")] >= 30
    assert sum(found.values()) + gap == 100
    (row,) = [row for row in run.engine.errors if row.error_class == "refused"]
    assert 0.3 < row.last_s - row.first_s < 3.5
    assert requests_of(run) == 100
