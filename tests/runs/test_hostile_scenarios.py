"""What scenarios and targets may put into names, samples and bodies: inert, or never a proof."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from engine_runs import requests_of, task
from perf_analysis.grammar import parse_threshold
from perf_analysis.judgement import judge
from perf_documents.codec import dump_run
from perf_documents.errors import RefusedError
from perf_reports.items import notes
from scenario_texts import EACH_CLIENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine_runs import Bench

THRESHOLDS = (parse_threshold("http_req_failed", "rate<0.01"),)
SECRET = "sk-live-Zq81mNx70PwLr2"  # noqa: S105  # planted: it must be found nowhere
CLIENTS = """
    from locust import FastHttpUser, HttpUser
    from perf_loadtests.http import LeanHttpUser

    NAMES = ["Aggregated", "(other)", "(unnamed)", "__total__", "/A", "/a", "caf\\u00e9",
             "cafe\\u0301", "/x?api_key={secret}", "a\\x1b[31m"]

    def ask(user):
        for name in NAMES:
            user.client.get("/health", name=name)
        user.client.get("/nothing/12345/token/abcdef0123456789?password={secret}")
        with user.client.get("/nothing", name="declared", catch_response=True) as response:
            response.success()

    class Lean(LeanHttpUser):
        tasks = [ask]

    class Fast(FastHttpUser):
        tasks = [ask]

    class Plain(HttpUser):
        tasks = [ask]
"""
NONSENSE = """
    from locust import User, task

    class Mute:
        def __str__(self):
            raise ValueError("no text")
        __repr__ = __str__

    NAMES = [None, 7, b"x", {}, Mute(), "n" * 2**20, "", "  "]
    BAD = [{"request_type": "GET\\r\\nX:"}, {"request_type": ""}, {"request_type": "G" * 1000},
           {"request_type": Mute()}, {"response_length": -1}, {"response_length": 2**70},
           {"response_length": "12"}, {"response_time": True}, {"response_time": 10**400}]
    GOOD = [{"response_length": None}, {"request_type": "socketio-emit"},
            {"context": {f"tag{n}": n for n in range(10_000)}, "tags": {"a": "b"}}]
    GOOD += [{"name": name} for name in NAMES]
    EVENT = {"request_type": "RPC", "name": "Say", "response_time": 2.0, "response_length": 3,
             "exception": None, "context": {}}

    class Custom(User):
        @task
        def call(self):
            for change in BAD + GOOD:
                self.environment.events.request.fire(**{**EVENT, **change})
"""
PATCHING = """
    import random, socket, time
    import perf_loadtests.recorder
    from locust import task
    from perf_loadtests.http import LeanHttpUser

    for name in ("time", "monotonic", "perf_counter", "process_time"):
        setattr(time, name, lambda: 0.0)
    random.random = lambda: 0.0
    perf_loadtests.recorder.clean_name.__code__ = (lambda name, clean=str: "mine").__code__

    class Patching(LeanHttpUser):
        @task
        def health(self):
            self.client.get("/health", name="/health")
"""
BODY = b'{"a": "' + b"\xff\xfe+AGE-" * 300_000 + b'"}'


class _Body(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-7")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        del format, args


@contextmanager
def serving() -> Iterator[str]:
    """URL of a service whose every body is one line of nonsense in a charset it is not in."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Body) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_names_are_kept_apart_inert_and_without_secrets(bench: Bench) -> None:
    run = bench.run(CLIENTS.replace("{secret}", SECRET), rate=30, duration_s=2)
    assert requests_of(run) == 12 * run.engine.accounts.started
    names = {key.name for key in run.measured.cells("all")}
    assert names == {
        "Aggregated", "'(other)'", "'(unnamed)'", "__total__", "/A", "/a", "caf\u00e9",
        "cafe\u0301", "/x?api_key=***", "a\\x1b[31m", "/nothing/{n}/token/{hex}", "declared",
    }  # fmt: skip
    assert SECRET.encode() not in dump_run(run)
    overridden = requests_of(run, "declared")
    assert f"Overridden: {overridden} (" in "".join(notes(run))
    failed = {error.error_class: error.count for error in run.engine.errors}
    assert failed == {"http_4xx": requests_of(run, "/nothing/{n}/token/{hex}")}


def test_nonsense_of_a_custom_client_is_normalised_or_an_invalid_sample(bench: Bench) -> None:
    run = bench.run(NONSENSE, rate=20, duration_s=1, thresholds=THRESHOLDS)
    assert (run.engine.accounts.started, run.engine.invalid_samples) == (20, 9 * 20)
    judgement = judge(run.facts(), run.measured, run.plan.thresholds)
    assert judgement.exit_code == 3
    assert b"tag9999" not in dump_run(run)
    (rule,) = [check for check in judgement.checks if check.rule == "V9"]
    assert (rule.outcome, rule.figure) == ("broken", "180 invalid samples")
    good = {key.label: cell.n for key, cell in run.measured.cells("all").items()
            if not key.error_class}  # fmt: skip
    text = "RPC (Mute whose text raises ValueError)"
    assert good == {
        "RPC Say": 40, "SOCKETIOEMIT Say": 20, "RPC None": 20, "RPC 7": 20, "RPC b'x'": 20,
        "RPC {}": 20, text: 20, "RPC " + "n" * 200: 20, "RPC (unnamed)": 40,
    }  # fmt: skip


def test_a_scenario_that_replaces_what_measures_it_proves_nothing(bench: Bench) -> None:
    bench.faults(slow_ms=80)
    run = bench.run(PATCHING, rate=120, duration_s=2, thresholds=THRESHOLDS)
    judgement = judge(run.facts(), run.measured, run.plan.thresholds)
    assert judgement.exit_code == 3
    replaced = {group.place for group in run.engine.exceptions if group.kind == "ReplacedError"}
    assert replaced == {
        "time.time", "time.monotonic", "time.perf_counter", "time.process_time", "random.random",
        "perf_loadtests.recorder.clean_name (code)",
        "perf_loadtests.engine.ledger.clean_name (code)",
    }  # fmt: skip
    # clocks were bound before: what was measured is right all the same
    assert run.engine.accounts.planned == run.engine.accounts.started == 240
    p50_s = run.measured.cells("sustained").popitem()[1].service.quantile_s(0.5)
    assert p50_s is not None
    assert 0.08 <= p50_s < 0.5


def test_a_socket_that_a_scenario_opens_by_itself_passes_the_allow_list(bench: Bench) -> None:
    body = "open('/etc/passwd').close(); socket.create_connection(('10.1.2.3', 9), timeout=1)"
    with pytest.raises(RefusedError, match=r"10\.1\.2\.3:9.*allow-list"):
        bench.run("import socket\n" + task(body).lstrip(), rate=10, duration_s=20)


def test_bodies_are_never_decoded_for_figures(bench: Bench) -> None:
    with serving() as url:
        run = bench.run(EACH_CLIENT.replace("PATH", "/"), url=url, rate=9, duration_s=2)
    cells = run.measured.cells("all")
    assert {(key.status, key.error_class) for key in cells} == {(200, "")}
    assert len({key.scenario for key in cells}) == 3
    assert requests_of(run) == 18
    assert sum(cell.received_bytes for cell in cells.values()) >= 18 * len(BODY)
    assert not run.engine.exceptions


@pytest.mark.slow
def test_a_million_samples_in_one_iteration_leave_memory_flat(bench: Bench) -> None:
    scenario = """
        from locust import User, task

        class Flood(User):
            @task
            def call(self):
                for number in range(50_000):
                    self.environment.events.request.fire(
                        request_type="RPC", name="Say", response_time=2.0 + number % 90,
                        response_length=None, exception=None, context={})
    """
    run = bench.run(scenario, rate=2, duration_s=10)
    assert requests_of(run) == 1_000_000
    first, *_, last = (window.rss_bytes for window in run.health[1:])
    assert last - first < 16 * 2**20
