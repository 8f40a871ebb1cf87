"""A real Prometheus that scrapes real services: what is read is what they counted."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from perf_canary.reading import Counters, NoData
from perf_canary.sources.prometheus import PrometheusSource
from perf_documents.canary_rules_load import load_canary_rules
from perf_documents.errors import UsageError
from perf_loadtests.target.launch import DemoTarget
from real_prometheus import PROGRAM, free_port, get, post, scraping, wait_for
from watched import TIMED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FLAGS = ("--traces", "1000", "--admin")

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no prometheus on this machine")


@dataclass(slots=True)
class Rig:
    """Prometheus, and services by their version."""

    url: str
    folder: Path
    services: dict[str, DemoTarget] = field(default_factory=dict)

    def source(self, version: str, *changes: tuple[str, str]) -> PrometheusSource:
        """Source of one version's counters of its health path, with changes to the rules."""
        text = TIMED.replace("URL", self.url)
        text = text.replace('version="green"', f'version="{version}",path="/health"')
        for old, new in changes:
            text = text.replace(old, new)
        path = self.folder / "rules.yaml"
        path.write_text(text, encoding="utf-8")
        rules = load_canary_rules(path)
        assert rules.source is not None
        assert rules.queries is not None
        return PrometheusSource(
            source=rules.source,
            queries=rules.queries,
            environ={},
            clock=time.monotonic,
            sleep=time.sleep,
        )

    def restart(self, version: str) -> None:
        """End a service, and start it where it was."""
        service = self.services[version]
        service.stop()
        port = str(urlsplit(service.url).port)
        self.services[version] = DemoTarget(os.environ, (*FLAGS, "--port", port))

    def ask(self, version: str, times: int) -> None:
        """Send so many requests to a service's health path."""
        for _ in range(times):
            get(f"{self.services[version].url}/health")

    def counted(self, version: str) -> dict[int, int]:
        """Requests to the health path by status, as the service counted them."""
        state = json.loads(get(f"{self.services[version].url}/admin/state"))
        rows = [row for row in state["counts"] if row["route"] == "/health"]
        return {row["status"]: row["count"] for row in rows}


def now_s() -> float:
    """Unix time."""
    return datetime.now(UTC).timestamp()


def read_until(
    source: PrometheusSource, holds: Callable[[Counters | NoData], bool], what: str
) -> Counters | NoData:
    """First reading of which something holds."""
    found: list[Counters | NoData] = []

    def is_there() -> bool:
        found.append(source.read(now_s()).canary)
        return holds(found[-1])

    wait_for(is_there, what)
    return found[-1]


def has_requests(least: int) -> Callable[[Counters | NoData], bool]:
    """Whether a reading has so many requests."""
    return lambda reading: isinstance(reading, Counters) and reading.requests >= least


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Two services that live, one that tests may end, and the Prometheus that scrapes them."""
    folder = tmp_path_factory.mktemp("prometheus")
    ports = {version: free_port() for version in ("green", "blue", "red")}
    services: dict[str, DemoTarget] = {}
    try:
        for version, port in ports.items():
            services[version] = DemoTarget(os.environ, (*FLAGS, "--port", str(port)))
        with scraping(folder, ports) as url:
            yield Rig(url, folder, services)
    finally:
        for service in services.values():
            service.stop()


def test_counters_are_those_of_the_service(rig: Rig) -> None:
    rig.ask("green", 40)
    source = rig.source("green")
    reading = read_until(source, has_requests(40), "40 requests")
    assert isinstance(reading, Counters)
    assert rig.counted("green") == {200: reading.requests}
    assert reading.buckets is not None
    assert reading.buckets[-1] == (float("inf"), reading.requests)
    assert len(reading.buckets) == 14
    wait_for(lambda: source.probe_round(now_s()) == "", "the probe round")


def test_errors_that_never_happened_are_zero_and_those_that_happen_are_counted(rig: Rig) -> None:
    rig.ask("blue", 10)
    source = rig.source("blue")
    reading = read_until(source, has_requests(10), "10 requests")
    assert isinstance(reading, Counters)
    assert reading.errors == 0.0
    post(f"{rig.services['blue'].url}/admin/faults", b'{"errors": 1.0}')
    rig.ask("blue", 5)
    reading = read_until(source, has_requests(15), "15 requests")
    assert isinstance(reading, Counters)
    assert reading.errors == 5.0
    assert rig.counted("blue") == {200: 10, 500: 5}


def test_a_misspelt_metric_label_or_value_is_never_a_zero(rig: Rig) -> None:
    rig.ask("green", 1)
    assert isinstance(read_until(rig.source("green"), has_requests(1), "a request"), Counters)
    with pytest.raises(UsageError, match="knows no series named http_request_total"):
        rig.source("green", ("requests_total{$arm}", "request_total{$arm}")).probe_round(now_s())
    label = rig.source("green", ('status=~"5.."', 'staus=~"5.."'))
    assert "errors: the selector matches no series" in label.probe_round(now_s())
    assert isinstance(label.read(now_s()).canary, NoData)
    arm = rig.source("grene")
    assert "canary: requests: the selector matches no series" in arm.probe_round(now_s())


def test_several_series_are_refused(rig: Rig) -> None:
    rig.ask("green", 1)
    # what Prometheus scrapes is a second path
    whole = rig.source("green", (',path="/health"', ""))
    read_until(whole, has_requests(2), "requests of both paths")
    split = rig.source("green", (',path="/health"', ""), ("sum(http", "sum by (path) (http"))
    read_until(split, lambda one: "series; aggregate it" in getattr(one, "why", ""), "two series")
    with pytest.raises(UsageError, match=r"metrics.requests: query returned \d series; aggregate"):
        split.probe_round(now_s())


def test_what_a_dead_service_last_said_is_no_data(rig: Rig) -> None:
    rig.ask("red", 30)
    source = rig.source("red")
    read_until(source, has_requests(30), "30 requests")
    # Prometheus would give the last value for five minutes
    late = source.read(now_s() + 30.0).canary
    assert isinstance(late, NoData)
    assert "stale: a sample is" in late.why
    rig.services["red"].stop()
    read_until(source, lambda one: "matches no series" in getattr(one, "why", ""), "no data")
    rig.restart("red")


def test_a_restart_is_seen_and_counted_from_anew(rig: Rig) -> None:
    rig.ask("red", 30)
    source = rig.source("red")
    read_until(source, has_requests(30), "30 requests")
    rig.restart("red")
    rig.ask("red", 5)
    read_until(source, lambda one: getattr(one, "restarted", False), "a restart")
    after = read_until(source, has_requests(5), "5 requests")
    assert isinstance(after, Counters)
    assert rig.counted("red") == {200: after.requests}


def test_a_service_that_was_out_of_sight_does_not_bring_its_past_along(rig: Rig) -> None:
    rig.ask("green", 5)
    rig.ask("red", 30)
    counted = sum(rig.counted("green").values()) + sum(rig.counted("red").values())
    source = rig.source("red", ('version="red"', 'version=~"red|green"'))
    both = read_until(source, has_requests(counted), "requests of both")
    assert isinstance(both, Counters)
    os.kill(rig.services["red"].pid, signal.SIGSTOP)
    try:
        fewer = read_until(
            source,
            lambda one: isinstance(one, Counters) and one.requests < both.requests,
            "one of them out of sight",
        )
        assert isinstance(fewer, Counters)
    finally:
        os.kill(rig.services["red"].pid, signal.SIGCONT)
    back = read_until(source, lambda one: one != fewer and "scrape" not in str(one), "it is back")
    assert isinstance(back, NoData)
    assert back.restarted
    assert "series of 1 came back" in back.why


def test_errors_that_begin_after_a_restart_are_counted(rig: Rig) -> None:
    faults = f"{rig.services['red'].url}/admin/faults"
    post(faults, b'{"errors": 1.0}')
    rig.ask("red", 8)
    source = rig.source("red")
    read_until(source, lambda one: isinstance(one, Counters) and one.errors >= 8, "8 errors")
    rig.restart("red")
    rig.ask("red", 30)
    read_until(source, lambda one: getattr(one, "restarted", False), "a restart")
    quiet = read_until(source, has_requests(30), "30 requests after it")
    assert isinstance(quiet, Counters)
    assert quiet.errors == 0.0
    post(faults, b'{"errors": 1.0}')
    rig.ask("red", 3)
    loud = read_until(source, lambda one: one != quiet and "scrape" not in str(one), "an error")
    assert isinstance(loud, Counters)
    assert loud.errors > 0.0
