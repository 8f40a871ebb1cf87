"""What Prometheus reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from perf_loadtests.target.metrics import BOUNDS_S, DurationHistogram

if TYPE_CHECKING:
    from tests.loadtests.target.conftest import Client, Serve

SAMPLE = re.compile(r'([a-z_]+)\{((?:[a-z]+="[^"\\\n]*",?)+)\} ([0-9.e+-]+)')


def read(client: Client) -> dict[tuple[str, str], float]:
    answer = client.get("/metrics", Authorization="")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = answer.body.decode()
    assert text.endswith("\n")
    samples: dict[tuple[str, str], float] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match is not None, line
            samples[match[1], match[2]] = float(match[3])
    return samples


def test_requests_are_counted_by_route_template_and_status(serve: Serve) -> None:
    client = serve()
    client.get("/api/v1/traces/one")
    client.get("/api/v1/traces/two")
    client.get("/somewhere")
    client.get("/elsewhere")
    samples = read(client)
    total = "http_requests_total"
    assert samples[total, 'path="/api/v1/traces/{id}",status="404"'] == 2
    assert samples[total, 'path="unmatched",status="404"'] == 2
    assert read(client)[total, 'path="/metrics",status="200"'] == 1


def test_histogram_is_cumulative_and_agrees_with_the_counter(serve: Serve) -> None:
    client = serve("--slow-ms", "30", "--only", "/health")
    for _ in range(3):
        client.get("/health")
    samples = read(client)
    name = "http_request_duration_seconds"
    bounds = [f"{bound_s:g}" for bound_s in BOUNDS_S] + ["+Inf"]
    buckets = [samples[f"{name}_bucket", f'path="/health",le="{bound}"'] for bound in bounds]
    assert "2" in bounds
    assert buckets == sorted(buckets)
    assert buckets[0] == 0  # 30 ms are in no bucket up to 1 ms
    assert buckets[-1] == samples[f"{name}_count", 'path="/health"'] == 3
    assert samples[f"{name}_sum", 'path="/health"'] >= 0.09


def test_each_metric_has_its_help_and_type_first(service: Client) -> None:
    service.get("/health")
    lines = service.get("/metrics").body.decode().splitlines()
    for name, kind in (
        ("http_requests_total", "counter"),
        ("http_request_duration_seconds", "histogram"),
    ):
        first = next(at for at, line in enumerate(lines) if line.startswith(name))
        assert lines[first - 2].startswith(f"# HELP {name} ")
        assert lines[first - 1] == f"# TYPE {name} {kind}"


@pytest.mark.parametrize(("duration_s", "bucket"), [(0.0, 0), (2.0, 10), (2.0001, 11), (99.0, 13)])
def test_a_bound_belongs_to_its_bucket(duration_s: float, bucket: int) -> None:
    histogram = DurationHistogram()
    histogram.observe(duration_s)
    assert histogram.counts.index(1) == bucket
