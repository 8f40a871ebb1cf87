"""Is the latency of a stalling service what users would have felt? Measured against a closed form.

`python benchmarks/stall_closed_form.py [--duration 60s] [--rate 100]` runs `health_check` at
constant arrivals against the embedded service that answers nothing for 1 s of every 10 s, and
compares p95 and max of `http_req_latency` with

    Q(0.95) = S - 0.05 P (1 - R / c),    max = S

for S = 1 s of silence every P = 10 s, R arrivals and c requests a second of capacity, which is
measured first (closed loop over /health): the backlog of a stall drains at c while arrivals go on.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from perf_loadtests.target.launch import DemoTarget

SILENCE_S, PERIOD_S = 1.0, 10.0
SHARE, FLOOR_S = 0.05, 0.020
PROFILE = """
scenario: health_check
executor: constant-arrival-rate
rate: {rate}
duration: {duration}
pre_allocated_vus: 150
max_vus: 500
thresholds:
  http_req_latency: ['p(95)<5000', 'max<5000']
"""


def capacity_per_s(url: str, seconds: float = 3.0, connections: int = 64) -> float:
    """Requests for /health a second over keep-alive connections, each sending as it is answered."""
    place = urlsplit(url)
    address = (place.hostname or "", place.port or 80)
    request = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    links = [socket.create_connection(address) for _ in range(connections)]
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        for link in links:
            link.sendall(request)
        for link in links:
            while b'{"status"' not in link.recv(65536):
                pass
            done += 1
    for link in links:
        link.close()
    return done / (time.perf_counter() - began)


def run(url: str, rate: int, duration: str) -> dict[str, float]:
    """p95 and max of the latency, in seconds, as `perf run` reports them."""
    with tempfile.TemporaryDirectory() as folder:
        profiles = Path(folder) / "loadtests" / "profiles"
        profiles.mkdir(parents=True)
        (profiles / "stall.yaml").write_text(PROFILE.format(rate=rate, duration=duration))
        command = [sys.executable, "-P", "-m", "perf_cli", "run", "--profile", "stall"]
        done = subprocess.run(
            [*command, "--target", url, "--json"],
            cwd=folder, capture_output=True, text=True, timeout=900, check=False,
        )  # fmt: skip
    result = json.loads(done.stdout)
    print(f"exit {done.returncode}: {result['reason']}")
    values = {row["expression"].split("<")[0]: row["observed"] for row in result["thresholds"]}
    return {"p95": values["p(95)"] / 1000.0, "max": values["max"] / 1000.0}


def main() -> int:
    """Print measured and expected; 1 if they differ by more than 5 % + 20 ms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--duration", default="60s")
    parser.add_argument("--rate", type=int, default=100)
    given = parser.parse_args()
    with DemoTarget(os.environ) as target:
        capacity = capacity_per_s(target.url)
    with DemoTarget(os.environ, ("--stall", f"{SILENCE_S}s/{PERIOD_S}s")) as target:
        measured = run(target.url, given.rate, given.duration)
    expected = {
        "p95": SILENCE_S - 0.05 * PERIOD_S * (1.0 - given.rate / capacity),
        "max": SILENCE_S,
    }
    print(f"capacity {capacity:.0f}/s")
    worst = 0.0
    for name, value_s in expected.items():
        allowed_s = SHARE * value_s + FLOOR_S
        off_s = abs(measured[name] - value_s)
        worst = max(worst, off_s / allowed_s)
        print(
            f"{name}: measured {measured[name]:.4f} s, closed form {value_s:.4f} s, "
            f"off by {off_s * 1000:.1f} ms of {allowed_s * 1000:.1f} ms allowed"
        )
    return int(worst > 1.0)


if __name__ == "__main__":
    sys.exit(main())
