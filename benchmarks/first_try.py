"""What a newcomer tries first: slow the service down, and see whether the gate notices.

`python benchmarks/first_try.py [--runs 5]` accepts eight baselines of the embedded service on this
machine, then runs the same profile against it with `slow` 1.5 and 2.0. None of those may end in an
unremarked exit 0: 1 is a proven regression, 3 says what would decide.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from perf_loadtests.target.launch import DemoTarget

DEADLINE_S = 600.0
BASELINES = 8
PROFILE = """
scenario: api_endpoints
executor: constant-arrival-rate
rate: 100
duration: 20s
pre_allocated_vus: 40
max_vus: 400
thresholds: {http_req_duration: ['p(95)<1000']}
"""


def run(folder: Path, slow: float, *options: str) -> tuple[int, str]:
    """Exit code of one call against a fresh service, and the line that says why."""
    flags = ("--slow", f"{slow:g}") if slow > 1.0 else ()
    with DemoTarget(os.environ, flags) as demo:
        command = [sys.executable, "-P", "-m", "perf_cli", "run", "--profile", "first"]
        done = subprocess.run(
            [*command, "--target", demo.url, "--quiet", *options],
            cwd=folder, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
            env=os.environ | {"PERF_TOKEN": demo.token_env_value},
        )  # fmt: skip
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip().startswith("why")]
    return done.returncode, lines[-1] if lines else done.stderr[-200:]


def main() -> int:
    """Accept, slow down, count; 1 if any slowed run passed unremarked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    unremarked = 0
    with tempfile.TemporaryDirectory() as folder:
        profiles = Path(folder) / "loadtests" / "profiles"
        profiles.mkdir(parents=True)
        (profiles / "first.yaml").write_text(PROFILE)
        print(run(Path(folder), 1.0, "--repeat", str(BASELINES), "--accept-baseline"), flush=True)
        for slow in (1.0, 1.5, 2.0):
            codes: Counter[int] = Counter()
            for _ in range(runs):
                code, why = run(Path(folder), slow)
                codes[code] += 1
                print(f"slow {slow:g}: exit {code}  {why}", flush=True)
            print(f"slow {slow:g}: {dict(codes)}", flush=True)
            unremarked += codes[0] if slow > 1.0 else 0
    return int(unremarked > 0)


if __name__ == "__main__":
    raise SystemExit(main())
