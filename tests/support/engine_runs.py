"""Real runs in miniature: a plan, a scenario file and a real engine process on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import textwrap
import time
import urllib.request
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from perf_analysis.series import ALL_PHASES
from perf_documents.errors import DocumentError
from perf_documents.events import Progress
from perf_documents.plan import Plan, Stage
from perf_documents.plan_codec import encode_plan
from perf_loadtests.protocol import PROTOCOL, WORKER_TOKEN, Order, SpreadModel, TargetModel
from perf_loadtests.recover import opened
from perf_loadtests.supervisor import Supervisor, Surroundings
from perf_loadtests.target.launch import DemoTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from perf_documents.events import Notice
    from perf_documents.run import Run

HEALTH = """
from locust import FastHttpUser, constant, task

class Health(FastHttpUser):
    wait_time = constant(0.2)

    @task
    def health(self):
        self.client.get("/health", name="/health")
"""


# what workers and master share in these runs
TOKEN = "t" * 32


def processes(number: int) -> SpreadModel:
    """So many load processes, all of them local."""
    return SpreadModel(workers=number, local=number)


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
    """Scenario of one task that asks for /health, then does `body`."""
    return TASK.replace("{body}", body)


@dataclass
class Signals:
    """Signals that a test sends by itself."""

    signals: list[int] = field(default_factory=list)


@dataclass
class Bench:
    """A folder and a running demo service."""

    folder: Path
    demo: DemoTarget
    events: list[Progress | Notice] = field(default_factory=list)
    stop: Signals = field(default_factory=Signals)
    before: dict[str, int] = field(default_factory=dict)

    def clock(self) -> float:
        """Monotonic seconds."""
        return time.perf_counter()

    def served(self) -> dict[str, int]:
        """Requests that the service itself counted since this bench began, by route template."""
        now = counts_of(self.demo.url)
        return {k: n - self.before.get(k, 0) for k, n in now.items() if n > self.before.get(k, 0)}

    def faults(self, **faults: object) -> None:
        """Set the service's faults; none at all without arguments."""
        post(f"{self.demo.url}/admin/faults", faults)

    def run(
        self,
        scenario: str,
        *,
        emit: Callable[[Progress | Notice], None] | None = None,
        url: str | None = None,
        log: Path | None = None,
        control: DemoTarget | None = None,
        spread: SpreadModel | None = None,
        **plan: object,
    ) -> Run:
        """Run a scenario's source by a plan."""
        made = plan_of(**plan)  # type: ignore[arg-type]  # rows of mixed types
        order = self.order_of(scenario, made, url=url, control=control, spread=spread)
        around = self.around(self.folder / "spool", emit=emit, log=log)
        run = Supervisor(order, made, around).run()
        check_accounts(run)
        return run

    def order_of(
        self,
        scenario: str,
        plan: Plan,
        *,
        url: str | None = None,
        control: DemoTarget | None = None,
        spread: SpreadModel | None = None,
    ) -> Order:
        """What an engine is told."""
        path = self.folder / "scenario_under_test.py"
        path.write_text(textwrap.dedent(scenario), encoding="utf-8")
        return Order(
            protocol=PROTOCOL,
            run="20260101t000000z-abcdef",
            version="0",
            started_at="2026-01-01T00:00:00Z",
            plan=encode_plan(plan),
            target=TargetModel(name="demo", url=url or self.demo.url, environment="demo"),
            control=TargetModel(name="old", url=control.url, environment="demo")
            if control
            else None,
            scenario_path=str(path),
            scenario_class=None,
            workspace=str(self.folder),
            addresses=[
                pinned(place) for place in (url or self.demo.url, control and control.url) if place
            ],
            fingerprint={},
            git={},
            notes=[],
            spread=spread,
        )

    def around(
        self,
        folder: Path,
        *,
        emit: Callable[[Progress | Notice], None] | None = None,
        log: Path | None = None,
        token: str = TOKEN,
    ) -> Surroundings:
        """What a supervisor needs of the world."""
        return Surroundings(
            folder=folder,
            environ=os.environ | {"PERF_TOKEN": self.demo.token_env_value, WORKER_TOKEN: token},
            clock=time.perf_counter,
            sleep=time.sleep,
            emit=emit or self.events.append,
            stop=self.stop,
            log=log,
        )

    def listening(self) -> tuple[str, int]:
        """Where the master of the run listens, once it does."""
        until_s = self.clock() + 20.0
        while self.clock() < until_s:
            with contextlib.suppress(DocumentError), opened(self.folder / "spool") as (_, record):
                record.poll()
                if event := record.sum.event("LISTENING"):
                    host, _, port = event.text.rpartition(":")
                    return host, int(port)
            time.sleep(0.05)
        raise AssertionError("no master listens")


def during(bench: Bench, at_s: float, action: Callable[[], None]) -> Callable[[object], None]:
    """Listener that acts once, when the load has come so far."""
    done: list[bool] = []

    def listen(event: object) -> None:
        bench.events.append(event)  # type: ignore[arg-type]  # what the supervisor emits
        if isinstance(event, Progress) and event.at_s >= at_s and not done:
            done.append(True)
            action()

    return listen


def pinned(url: str) -> tuple[str, int, list[str]]:
    """Host and port of a URL with the address that it is taken to have."""
    place = urlsplit(url)
    return place.hostname or "", place.port or 80, ["127.0.0.1"]


def plan_of(
    *,
    rate: float = 0.0,
    vus: int = 0,
    duration_s: float = 2.0,
    ramp_s: float = 0.0,
    **options: object,
) -> Plan:
    """Plan of an optional ramp and a plateau, open by `rate` or closed by `vus`."""
    level = Fraction(str(rate or vus))
    stages = [Stage(duration_s=Fraction(str(duration_s)), start=level, target=level,
                    phase="sustained")]  # fmt: skip
    if ramp_s:
        stages.insert(0, Stage(duration_s=Fraction(str(ramp_s)), start=Fraction(0), target=level,
                               phase="ramp"))  # fmt: skip
    values: dict[str, object] = {
        "profile": "test",
        "scenario": "scenario_under_test",
        "executor": "ramping-arrival-rate" if rate else "ramping-vus",
        "stages": tuple(stages),
        "pre_allocated_vus": vus or 10,
        "max_vus": vus or 100,
        "timeout_s": 5.0,
        "graceful_stop_s": 5.0,
        "thresholds": (),
    }
    return Plan(**(values | options))  # type: ignore[arg-type]  # rows of mixed types


def check_accounts(run: Run) -> None:
    """Accounts close exactly, and the cells agree with them, whenever a run left any."""
    accounts = run.engine.accounts
    if run.engine.processes_final == run.engine.processes_planned:
        assert accounts.started == accounts.finished + accounts.failed + accounts.abandoned
        if run.plan.open_model:
            assert accounts.planned == accounts.started + accounts.dropped + accounts.unsent
        ended = accounts.requests_ended + accounts.requests_abandoned
        assert accounts.requests_started == ended
    total = run.measured.scenario_cell(ALL_PHASES)
    assert (total.started, total.dropped) == (accounts.started, accounts.dropped)
    assert requests_of(run) == accounts.requests_ended + accounts.requests_abandoned


def requests_of(run: Run, name: str | None = None) -> int:
    """Requests that a run recorded, of one name or of all."""
    cells = run.measured.cells(ALL_PHASES)
    return sum(cell.n for key, cell in cells.items() if name in (None, key.name))


def counts_of(url: str) -> dict[str, int]:
    """Requests that a demo service counted, by route template."""
    with urllib.request.urlopen(f"{url}/admin/state", timeout=10) as answer:  # noqa: S310  # loopback
        state = json.load(answer)
    counts: dict[str, int] = {}
    for row in state["counts"]:
        counts[row["route"]] = counts.get(row["route"], 0) + row["count"]
    return counts


def post(url: str, body: object) -> None:
    """Send JSON to a demo service."""
    request = urllib.request.Request(  # noqa: S310  # loopback
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # loopback
        answer.read()


def benches(folder: Path) -> Iterator[Bench]:
    """One bench with a small demo service, stopped at the end."""
    with DemoTarget(os.environ, ("--traces", "1000", "--admin")) as demo:
        yield Bench(folder=folder, demo=demo, before=counts_of(demo.url))
