"""Scenarios of every kind: custom clients, forbidden places, files that cannot be used."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from engine_runs import requests_of, task
from perf_documents.errors import RefusedError, ScenarioError

if TYPE_CHECKING:
    from engine_runs import Bench


def test_a_connection_off_the_allow_list_is_never_made(bench: Bench) -> None:
    scenario = task("self.client.get('http://10.1.2.3:9/', name='elsewhere')")
    with pytest.raises(RefusedError, match=r"10\.1\.2\.3:9.*allow-list"):
        bench.run(scenario, rate=10, duration_s=20)
    assert bench.served().keys() <= {"/health"}


def test_a_name_off_the_allow_list_is_not_even_resolved(bench: Bench) -> None:
    with pytest.raises(RefusedError, match=r"elsewhere\.example"):
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


def test_a_scenario_that_stops_the_test_proves_nothing(bench: Bench) -> None:
    body = "Health.count == 20 and (_ for _ in ()).throw(StopTest('enough'))"
    scenario = "from locust.exception import StopTest\n" + textwrap.dedent(task(body))
    run = bench.run(scenario, rate=20)
    ((what, count),) = run.facts().exceptions.items()
    assert what.startswith("StopTest")
    assert count == 1


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
