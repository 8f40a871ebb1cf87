"""How soon a real Prometheus shows an ill canary: `python benchmarks/canary_detection.py`.

Two embedded services take 95 and 5 requests/s of real traffic, and Prometheus scrapes both every 5,
15 or 30 s. At some time the second falls ill, and `perf check --for` begins to watch, as
it would after a shift. Printed is the time from the fault to the command's end, in the rules that
docs/canary.md shows, without a warm-up: evidence would wait for its end.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from canary_stage import Traffic, stage
from real_prometheus import post

ILL: dict[str, dict[str, object]] = {
    "errors 3 %": {"errors": 0.03},
    "errors 10 %": {"errors": 0.10},
    "answers 100 ms later": {"slow_ms": 100},
}
LIVE = (
    ("> 2s', for: 20s", "> 2s', for: 5m"),
    ("> 1%', for: 20s", "> 1%', for: 2m"),
    ("tolerance: 1.5, margin: 3", "tolerance: 1.25, margin: 1.5"),
    ("warm_up: 5s", "warm_up: 0s"),
    ("after: 30s", "after: 10m"),
    ("max_hold: 90s", "max_hold: 30m"),
)


def detect(scrape_s: int, name: str, seed: int) -> tuple[int, float, str]:
    """Exit code, seconds from the fault to it, and what was said."""
    with tempfile.TemporaryDirectory() as root, stage(Path(root), scrape_s=scrape_s) as place:
        rules = place.rules
        for short, real in LIVE:
            assert short in rules, short
            rules = rules.replace(short, real)
        (Path(root) / "rules.yaml").write_text(rules)
        old, new = (f"{service.url}/health" for service in (place.blue, place.green))
        with Traffic(old, 95), Traffic(new, 5):
            time.sleep(2 * scrape_s + scrape_s * random.Random(seed).random())  # noqa: S311  # a phase, no secret
            began_s = time.monotonic()
            post(f"{place.green.url}/admin/faults", json.dumps(ILL[name]).encode())
            words = ["check", "rules.yaml", "--for", "10m", "--quiet"]
            ended = subprocess.run(
                [sys.executable, "-P", "-m", "perf_cli", *words],
                cwd=root, capture_output=True, text=True, timeout=900, check=False,
            )  # fmt: skip
            return ended.returncode, time.monotonic() - began_s, ended.stdout.strip()


def main() -> int:
    """Print a line for each interval and fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args()
    with ThreadPoolExecutor(3) as pool:
        for name in ILL:
            jobs = {
                scrape_s: [
                    pool.submit(detect, scrape_s, name, seed) for seed in range(given.repeat)
                ]
                for scrape_s in (5, 15, 30)
            }
            for scrape_s, futures in jobs.items():
                found = [future.result() for future in futures]
                times = sorted(seconds for _, seconds, _ in found)
                print(f"{name}, scraped every {scrape_s} s: median {median(times):.0f} s, "
                      f"{times[0]:.0f} to {times[-1]:.0f} s; codes {[code for code, *_ in found]}; "
                      f"{found[0][2].splitlines()[:2]}", flush=True)  # fmt: skip
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
