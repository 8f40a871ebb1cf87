"""What a scenario may do, knowingly or not, to hide a failure: none of it ends in a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine_runs import requests_of, task
from perf_analysis.grammar import parse_threshold
from perf_analysis.judgement import judge

if TYPE_CHECKING:
    from engine_runs import Bench
    from perf_analysis.verdict import Judgement
    from perf_documents.run import Run

RATE, DURATION_S = 120, 2
ARRIVALS = RATE * DURATION_S
THRESHOLDS = (parse_threshold("http_req_failed", "rate<0.01"),)

LISTENER_STOPS = """
    from locust import FastHttpUser, events, task
    from locust.exception import StopUser

    @events.request.add_listener
    def hide(exception=None, **_):
        if exception:
            raise StopUser()

    class Hiding(FastHttpUser):
        @task
        def missing(self):
            self.client.get("/nothing", name="/x")

        @task(9)
        def health(self):
            self.client.get("/health", name="/health")
"""
CLIENT_RAISES = """
    from locust import FastHttpUser, task

    class Swallowing(FastHttpUser):
        @task
        def health(self):
            send = self.client.client.urlopen

            def broken(*args, **kwargs):
                send(*args, **kwargs)
                raise RuntimeError("decoder")

            self.client.client.urlopen = broken
            try:
                self.client.get("/health", name="/x")
            except RuntimeError:
                pass
            finally:
                self.client.client.urlopen = send
"""
USER_ATTRIBUTE = """
    from locust import FastHttpUser, task
    from locust.exception import StopTest

    class Named(FastHttpUser):
        count = 0

        def on_start(self):
            self.user = "alice"

        @task
        def health(self):
            self.client.get("/health", name="/x")
            Named.count += 1
            if Named.count == 30:
                raise StopTest("enough")
"""
FAILURE_AS_TEXT = """
    from locust import User, task

    class Custom(User):
        @task
        def call(self):
            self.environment.events.request.fire(
                request_type="GRPC", name="Say", response_time=1.0, response_length=0,
                exception="timed out", context={})
            raise KeyError("no answer to read")
"""
LISTENER_FAILS = """
    from locust import FastHttpUser, events, task

    @events.request.add_listener
    def check(**_):
        raise ValueError("hook")

    class Listening(FastHttpUser):
        @task
        def health(self):
            self.client.get("/health", name="/x")
"""
EXIT_CODE = """
    from locust import FastHttpUser, events, task

    @events.quitting.add_listener
    def judge(environment, **_):
        environment.process_exit_code = 1

    class Judging(FastHttpUser):
        @task
        def health(self):
            self.client.get("/health", name="/x")
"""
LOST_IN_A_CHILD = """
    import gevent
    from locust import FastHttpUser, task

    class Parent(FastHttpUser):
        @task
        def both(self):
            gevent.joinall([gevent.spawn(self.check), gevent.spawn(self.check)])

        def check(self):
            assert self.client.get("/health", name="/x").json()["status"] == "other"
"""


def judged(run: Run) -> Judgement:
    """Judgement of a run by its figures alone."""
    return judge(run.facts(), run.measured, run.plan.thresholds)


@pytest.mark.parametrize(
    ("source", "code", "recorded"),
    [
        pytest.param(LISTENER_STOPS, 1, ARRIVALS, id="listener-raises-stop-user"),
        pytest.param(CLIENT_RAISES, 3, ARRIVALS, id="client-raises-after-the-answer"),
        pytest.param(USER_ATTRIBUTE, 3, ARRIVALS, id="user-with-an-attribute-user"),
        pytest.param(FAILURE_AS_TEXT, 1, ARRIVALS, id="failure-reported-as-a-text"),
        pytest.param(LISTENER_FAILS, 3, ARRIVALS, id="listener-fails"),
        pytest.param(EXIT_CODE, 3, ARRIVALS, id="process-exit-code"),
        pytest.param(LOST_IN_A_CHILD, 3, 2 * ARRIVALS, id="assertion-in-a-child-greenlet"),
        pytest.param(
            task("if Health.count % 10 == 0: raise gevent.Timeout(1)"), 3, ARRIVALS, id="timeout"
        ),
        pytest.param(
            task("if Health.count % 10 == 0: raise gevent.GreenletExit()"), 3, ARRIVALS, id="killed"
        ),
        pytest.param(
            task("if Health.count % 10 == 0: self.stop(force=True)"), 3, ARRIVALS, id="forced-stop"
        ),
    ],
)
def test_nothing_a_scenario_does_hides_a_failure(
    bench: Bench, source: str, code: int, recorded: int
) -> None:
    run = bench.run(source, rate=RATE, duration_s=DURATION_S, thresholds=THRESHOLDS)
    assert judged(run).exit_code == code
    assert requests_of(run) == recorded


@pytest.mark.parametrize("verb", ["quit", "stop"])
def test_a_scenario_that_ends_the_runner_leaves_an_incomplete_run(bench: Bench, verb: str) -> None:
    body = f"Health.count == 30 and self.environment.runner.{verb}()"
    run = bench.run(task(body), rate=RATE, duration_s=DURATION_S, thresholds=THRESHOLDS)
    assert judged(run).exit_code == 3
    assert "stopped by itself" in run.engine.end_detail


def test_an_exception_after_a_failed_response_is_a_failure_of_the_service(bench: Bench) -> None:
    bench.faults(errors=1.0)
    scenario = """
        from locust import FastHttpUser, task

        class Catching(FastHttpUser):
            @task
            def health(self):
                with self.client.get("/health", name="/x", catch_response=True) as response:
                    response.json()["token"]
    """
    run = bench.run(scenario, rate=RATE, duration_s=DURATION_S, thresholds=THRESHOLDS)
    assert judged(run).exit_code == 1


def test_requests_of_greenlets_that_outlive_their_vu_are_booked(bench: Bench) -> None:
    bench.faults(slow_ms=300)
    scenario = """
        import gevent
        from locust import FastHttpUser, task
        from locust.exception import StopUser

        class Parting(FastHttpUser):
            @task
            def health(self):
                gevent.spawn(self.client.get, "/health", name="/x")
                gevent.sleep(0.01)
                raise StopUser()
    """
    run = bench.run(scenario, rate=RATE, duration_s=DURATION_S, thresholds=THRESHOLDS)
    assert judged(run).exit_code == 0
    assert requests_of(run) == ARRIVALS


def test_waiting_is_allowed_anywhere(bench: Bench) -> None:
    scenario = """
        from locust import FastHttpUser, constant, task

        class Waiting(FastHttpUser):
            wait_time = constant(0.05)

            def on_start(self):
                self.wait()

            def on_stop(self):
                self.wait()

            @task
            def health(self):
                self.client.get("/health", name="/x")
                self.wait()
                self.client.get("/health", name="/x")
    """
    run = bench.run(scenario, rate=RATE, duration_s=DURATION_S, thresholds=THRESHOLDS)
    assert judged(run).exit_code == 0
    assert requests_of(run) == 2 * ARRIVALS
    assert run.engine.accounts.finished == ARRIVALS


def test_user_classes_get_vus_by_their_weight(bench: Bench) -> None:
    scenario = """
        import gevent
        from locust import FastHttpUser, task

        class Rare(FastHttpUser):
            weight = 1

            @task
            def health(self):
                self.client.get("/health", name="/rare")

        class Often(FastHttpUser):
            weight = 9

            @task
            def health(self):
                self.client.get("/health", name="/often")
                gevent.sleep(0.4)

        Same = Often
    """
    # 108 arrivals a second of 0.4 s each need some 44 of the 70 VUs: half of them would not do
    run = bench.run(scenario, rate=RATE, duration_s=DURATION_S, max_vus=70, pre_allocated_vus=70,
                    thresholds=THRESHOLDS)  # fmt: skip
    assert judged(run).exit_code == 0
    assert requests_of(run) == ARRIVALS
    assert run.scenario.classes == ("Rare", "Often")


def test_what_a_scenario_prints_is_kept_without_secrets(bench: Bench) -> None:
    log = bench.folder / "engine.log"
    token = bench.demo.token_env_value
    bench.run(task("print('token', os.environ['PERF_TOKEN'], flush=True)"), rate=5, log=log)
    text = log.read_text()
    assert "token ***" in text
    assert token not in text
