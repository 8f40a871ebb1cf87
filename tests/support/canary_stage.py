"""Two services, old and new, real traffic on both and a real Prometheus that scrapes them."""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from perf_loadtests.target.launch import DemoTarget
from real_prometheus import PATIENCE_S, get, post, scraping, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

RULES = """
source:
  prometheus: URL
  scrape_interval: SCRAPE
  canary: 'version="green"'
  control: 'version="blue"'
  probe: {canary: 'HEALTH', every: 1s}
metrics:
  requests: 'sum(http_requests_total{$arm,path!="/metrics"})'
  errors: 'sum(http_requests_total{$arm,path!="/metrics",status=~"5.."})'
  latency_buckets: 'sum by (le) (http_request_duration_seconds_bucket{$arm,path!="/metrics"})'
rules:
  - {name: errors, metric: error_rate, when: '> 1%', for: 20s, fast_burn: true}
  - {name: slow, metric: p95, when: '> 2s', for: 20s}
  - {name: health, metric: health_failures, when: '> 50%', for: 10s}
evidence:
  error_ratio: {tolerance: 1.0, margin: 2.0}
  exceedance_ratio: {quantile: 0.95, tolerance: 1.5, margin: 3}
warm_up: 5s
promote: {after: 30s}
max_hold: 90s
"""


@dataclass
class Traffic:
    """Requests at a steady rate to one address, each by a thread of its own turn.

    `lost` counts requests that got no answer at all.
    """

    url: str
    per_s: float
    threads: int = 2
    sent: int = 0
    lost: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        for _ in range(self.threads):
            thread = threading.Thread(target=self._work, daemon=True)
            thread.start()
            self._running.append(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._running:
            thread.join(10.0)

    def _work(self) -> None:
        parts, pause_s = urlsplit(self.url), self.threads / self.per_s
        connection = HTTPConnection(parts.netloc, timeout=5.0)
        due_s = time.monotonic()
        while not self._ended.wait(max(0.0, due_s - time.monotonic())):
            due_s += pause_s
            # a server may close an idle connection at any time: a GET is then sent once more on a
            # new one, as browsers and Go do (RFC 9110, 9.2.2)
            reused = connection.sock is not None
            status = _ask(connection, parts.path)
            if status == 0 and reused:
                status = _ask(connection, parts.path)
            with self._lock:
                self.sent += 1
                self.lost += status == 0
                self.statuses[status] = self.statuses.get(status, 0) + 1
        connection.close()


def _ask(connection: HTTPConnection, path: str) -> int:
    """Status of an answer; 0 for none."""
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
    except (OSError, HTTPException):
        connection.close()
        return 0
    return answer.status


@dataclass
class Stage:
    """What stands on it; `rules` is the text of a RULES file for it."""

    folder: Path
    blue: DemoTarget
    green: DemoTarget
    prometheus: str
    scrape_s: int

    @property
    def rules(self) -> str:
        """RULES for a stage."""
        text = RULES.replace("URL", self.prometheus).replace("SCRAPE", f"{self.scrape_s}s")
        return text.replace("HEALTH", f"{self.green.url}/health")


@contextmanager
def stage(
    folder: Path, *, faults: Mapping[str, object] | None = None, scrape_s: int = 1
) -> Iterator[Stage]:
    """Blue that is well, green that falls ill once both are known, and Prometheus."""
    flags = ("--traces", "1000", "--admin")
    with ExitStack() as stack:
        blue = stack.enter_context(DemoTarget(os.environ, flags))
        green = stack.enter_context(DemoTarget(os.environ, flags))
        ports = {"blue": port_of(blue), "green": port_of(green)}
        url = stack.enter_context(scraping(folder, ports, scrape_s))
        for service in (blue, green):
            get(f"{service.url}/health")
        seen = "count(count%20by%20(version)(http_requests_total))"
        wait_for(
            lambda: b'"2"]' in get(f"{url}/api/v1/query?query={seen}"),
            "both are scraped",
            PATIENCE_S + 2 * scrape_s,
        )
        if faults:
            post(f"{green.url}/admin/faults", json.dumps(faults).encode())
        yield Stage(folder=folder, blue=blue, green=green, prometheus=url, scrape_s=scrape_s)


def port_of(service: DemoTarget) -> int:
    """Port that a service listens on."""
    return urlsplit(service.url).port or 0
