"""Whole runs of scenarios with rows of data, checks, think time and several requests."""

from __future__ import annotations

import shutil
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from engine_runs import processes, requests_of
from perf_analysis.grammar import parse_threshold
from perf_analysis.thresholds import evaluate
from perf_analysis.verdict import Verdict
from perf_documents.codec import dump_run, load_run
from perf_documents.errors import ScenarioError

if TYPE_CHECKING:
    from engine_runs import Bench
    from perf_documents.run import Run

HEAD = """
import gevent
from locust import HttpUser, SequentialTaskSet, TaskSet, User, constant, tag, task
from perf_loadtests.checks import check
from perf_loadtests.data import feeder
from perf_loadtests.http import LeanHttpUser
"""
FED = HEAD + """
users = feeder("users.csv", {options})

class Fed(LeanHttpUser):
    @task
    def ask(self):
        self.client.get("/health", name="/" + users.row()["id"])
"""  # fmt: skip


def write_users(bench: Bench, count: int) -> None:
    rows = "".join(f"{number}\n" for number in range(count))
    (bench.folder / "users.csv").write_text(f"id\n{rows}", encoding="utf-8")


def names_of(run: Run) -> dict[str, int]:
    """Requests by name."""
    found: Counter[str] = Counter()
    for key, cell in run.measured.cells("all").items():
        found[key.name] += cell.n
    return dict(found)


def run_again(bench: Bench, scenario: str, *, rate: float) -> Run:
    """Two seconds of a run after another one of the same bench."""
    shutil.rmtree(bench.folder / "spool")
    return bench.run(scenario, rate=rate, duration_s=2)


def judged(run: Run, subject: str, expression: str) -> tuple[Verdict, float | None, int]:
    result = evaluate(parse_threshold(subject, expression), run.measured)
    return result.verdict, result.observed, result.n


def test_each_arrival_takes_its_own_row_and_the_document_knows_the_file(bench: Bench) -> None:
    write_users(bench, 100)
    run = bench.run(FED.replace("{options}", 'on_end="stop"'), rate=40, duration_s=2)
    assert names_of(run) == {f"/{number}": 1 for number in range(80)}
    assert [*run.scenario.data] == ["users.csv"]
    before = run.load_hash
    assert load_run(dump_run(run)).scenario == run.scenario
    write_users(bench, 101)
    again = run_again(bench, FED.replace("{options}", 'on_end="stop"'), rate=40)
    # other data are another load, whatever the scenario's own bytes say
    assert again.scenario.sha256 == run.scenario.sha256
    assert again.load_hash != before


def test_two_processes_share_the_rows_and_their_parts_add_up(bench: Bench) -> None:
    write_users(bench, 160)
    scenario = FED.replace("{options}", 'on_end="stop", shuffle=True')
    run = bench.run(f"{scenario}\n        check('asked', True)\n", rate=80, spread=processes(2))
    assert names_of(run) == {f"/{number}": 1 for number in range(160)}
    assert judged(run, "checks{check:asked}", "rate>=1")[1:] == (1.0, 160)
    timings = [part for parts in run.measured.timings.values() for part in parts.values()]
    assert sum(part.timed for part in timings) == 160
    assert [*run.scenario.data] == ["users.csv"]


def test_vus_of_two_processes_have_rows_of_their_own(bench: Bench) -> None:
    write_users(bench, 5)
    scenario = FED.replace("{options}", 'per="vu", on_end="stop"')
    scenario = scenario.replace(
        "(LeanHttpUser):", "(LeanHttpUser):\n    wait_time = constant(0.05)"
    )
    run = bench.run(scenario, vus=5, spread=processes(2))
    assert set(names_of(run)) == {f"/{number}" for number in range(5)}
    assert run.facts().exceptions == {}


def test_too_few_rows_for_the_plan_send_nothing(bench: Bench) -> None:
    write_users(bench, 79)
    with pytest.raises(ScenarioError, match=r"holds 79 rows.*80 iterations.*nothing was sent"):
        bench.run(FED.replace("{options}", 'on_end="stop"'), rate=40, duration_s=2)
    assert bench.served() == {}


def test_a_file_that_cannot_be_used_sends_nothing(bench: Bench) -> None:
    with pytest.raises(ScenarioError, match=r"/users\.csv: no such file; nothing was sent"):
        bench.run(FED.replace("{options}", ""), rate=40, duration_s=2)
    (bench.folder / "users.csv").write_text("id,name\n1\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"users\.csv:2: 1 values.*; nothing was sent"):
        bench.run(FED.replace("{options}", ""), rate=40, duration_s=2)
    assert bench.served() == {}


def test_vus_keep_their_rows_though_others_come_and_go(bench: Bench) -> None:
    write_users(bench, 3)
    scenario = HEAD + """
users = feeder("users.csv", per="vu", on_end="stop")

class Kept(LeanHttpUser):
    wait_time = constant(0.05)

    def on_start(self):
        self.mine = users.row()["id"]
        self.turns = 0

    @task
    def ask(self):
        assert users.row()["id"] == self.mine
        self.client.get("/health", name="/" + self.mine)
        self.turns += 1
        if self.turns == 5:
            self.stop()
"""  # fmt: skip
    run = bench.run(scenario, vus=3, duration_s=2)
    found = names_of(run)
    assert set(found) == {"/0", "/1", "/2"}
    assert min(found.values()) >= 5
    assert run.facts().exceptions == {}


def test_checks_are_counted_by_name_and_judged(bench: Bench) -> None:
    scenario = HEAD + """
class Checked(LeanHttpUser):
    seen = 0

    @task
    def ask(self):
        with self.client.get("/health", name="h", catch_response=True) as response:
            if not check("answers", response.ok):
                response.failure("it does not answer")
        Checked.seen += 1
        check("is one of four", Checked.seen % 4 == 0)
"""  # fmt: skip
    run = bench.run(scenario, rate=120, duration_s=2)
    assert judged(run, "checks{check:answers}", "rate>=1") == (Verdict.PASS, 1.0, 240)
    assert judged(run, "checks{check:is one of four}", "rate>0.5") == (Verdict.FAIL, 0.25, 240)
    # beside the asserted responses
    assert judged(run, "checks", "rate>0.7") == (Verdict.PASS, 0.75, 720)


def test_think_time_inside_an_iteration_is_no_service_time(bench: Bench) -> None:
    scenario = HEAD + """
class Thinks(LeanHttpUser):
    wait_time = constant(30)  # ignored: arrivals decide

    @task
    def ask(self):
        self.client.get("/health", name="first")
        gevent.sleep(0.3)
        self.client.get("/health", name="second")
"""  # fmt: skip
    run = bench.run(scenario, rate=30, duration_s=1, pre_allocated_vus=30)
    cells = {key.name: cell for key, cell in run.measured.cells("all").items()}
    assert names_of(run) == {"first": 30, "second": 30}
    assert [cells[name].first for name in ("first", "second")] == [30, 0]
    assert [cells[name].latency.n for name in ("first", "second")] == [30, 0]
    iteration = run.measured.scenario_cell("all").iteration
    assert (iteration.n, iteration.min_s >= 0.3) == (30, True)
    # the second one began after the thinking, which is in none of its figures
    assert cells["second"].service.quantile_s(0.5) < 0.3  # type: ignore[operator]  # there are 30


def test_task_sets_nest_and_a_sequence_keeps_its_order(bench: Bench) -> None:
    scenario = HEAD + """
class Inner(SequentialTaskSet):
    wait_time = constant(30)

    @task
    def one(self):
        self.client.get("/health", name="one")

    @task
    def two(self):
        self.client.get("/health", name="two")
        self.interrupt()

class Outer(TaskSet):
    tasks = [Inner]

class Nested(LeanHttpUser):
    tasks = [Outer]
"""  # fmt: skip
    run = bench.run(scenario, rate=40, duration_s=2, pre_allocated_vus=4, max_vus=20)
    found = names_of(run)
    assert set(found) == {"one", "two"}
    # each of the VUs may stand between the two at the end
    assert 0 <= found["one"] - found["two"] <= 20
    assert run.measured.scenario_cell("all").finished == 80
    assert run.facts().exceptions == {}


def test_weights_decide_the_mix_exactly_by_the_seed(bench: Bench) -> None:
    scenario = HEAD + """
class Mixed(LeanHttpUser):
    @task(3)
    def often(self):
        self.client.get("/health", name="often")

    @task
    def seldom(self):
        self.client.get("/health", name="seldom")
"""  # fmt: skip
    first = names_of(bench.run(scenario, rate=100, duration_s=2))
    second = names_of(run_again(bench, scenario, rate=100))
    assert first == second
    assert sum(first.values()) == 200
    assert 130 <= first["often"] <= 170


def test_thresholds_on_timings_need_our_own_client(bench: Bench) -> None:
    scenario = HEAD + """
class Theirs(HttpUser):
    @task
    def ask(self):
        self.client.get("/health", name="h")
"""  # fmt: skip
    wanted = (parse_threshold("http_req_waiting", "p(95)<500"),)
    with pytest.raises(ScenarioError, match=r"http_req_waiting is measured by LeanHttpUser only"):
        bench.run(scenario, rate=40, duration_s=2, thresholds=wanted)
    assert bench.served() == {}
    own = scenario.replace("HttpUser):", "LeanHttpUser):")
    run = bench.run(own, rate=120, duration_s=2, thresholds=wanted)
    verdict, _, n = judged(run, "http_req_waiting", "p(95)<5000")
    assert (verdict, n) == (Verdict.PASS, 240)
    assert judged(run, "http_req_connecting", "min<=0")[1] == 0.0
    assert requests_of(run) == 240
