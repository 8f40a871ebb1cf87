"""`make demo-trend`: a short history of real runs, and the site that finds the change in it.

A new git repository; for each of its commits one real run of a second and a half against the
embedded service, which waits 20 ms in each request, as one that asks a database. From one commit on
it really waits 28 ms. That is a history in a minute: runs this short and this close together differ
in other ways than those of weeks. Nothing is simulated; commits and runs have the times at which
they were made.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from commands import PERF, environment
from perf_loadtests.target.launch import DemoTarget
from shop import committed, git

BEFORE, AFTER = 11, 9
BASE_MS, SLOW_MS = "20", "28"
JUDGED = (0, 1, 3)  # a run that a busy machine spoils is still a run, and stands on the site
DEADLINE_S = 60.0
PROFILE = """\
scenario: api_endpoints
executor: constant-arrival-rate
rate: 150
duration: 1500ms
pre_allocated_vus: 20
max_vus: 100
thresholds: {http_req_duration: ['p(95)<500']}
"""
COMMITS = ("Name the columns", "Sort the imports", "Say why", "Bump a version", "Fix a typo")


def perf(folder: Path, token: str, *arguments: str) -> int:
    """Run the command quietly; its exit code."""
    done = subprocess.run(
        [*PERF, *arguments], cwd=folder, env=environment({"PERF_TOKEN": token}), check=False,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE_S,
    )  # fmt: skip
    if done.returncode or arguments[0] == "trend":
        print(done.stdout or done.stderr, end="", flush=True)
    return done.returncode


def measured(folder: Path, message: str, slow_ms: str, demo: DemoTarget) -> int:
    """One commit, and one run of it."""
    (folder / "service.txt").write_text(f"{message}\nwaits: {slow_ms} ms\n")
    committed(folder, message)
    order = ("run", "--profile", "short", "--target", demo.url, "--environment", "demo", "--quiet")
    code = perf(folder, demo.token_env_value, *order)
    print(f"{message:28} waits {slow_ms} ms  exit {code}", flush=True)
    return code


def main() -> int:
    """All runs, then the site; 1 if a run or the site failed."""
    folder = Path(tempfile.mkdtemp(prefix="perfproof-demo-trend-"))
    profiles = folder / "loadtests" / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "short.yaml").write_text(PROFILE)
    (folder / ".gitignore").write_text(".perf/\nsite/\n")
    git(folder, "init", "--quiet", "--initial-branch=main")
    print(f"{BEFORE + AFTER} real runs of 1.5 s, one for each commit of {folder};\n"
          f"the service waits {BASE_MS} ms, from the {BEFORE + 1}th on {SLOW_MS} ms\n")  # fmt: skip
    codes = []
    slowed = range(BEFORE, BEFORE + AFTER)
    for slow_ms, numbers in ((BASE_MS, range(BEFORE)), (SLOW_MS, slowed)):
        with DemoTarget(os.environ, ("--slow-ms", slow_ms)) as demo:
            for number in numbers:
                message = f"{COMMITS[number % len(COMMITS)]}, {number + 1}"
                if number == BEFORE:
                    message = "Join the tables row by row"
                codes.append(measured(folder, message, slow_ms, demo))
    site = perf(folder, "", "trend", "--out", "site")
    found = json.loads((folder / "site" / "changes.json").read_bytes())["changes"]
    print(f"changes of level found, over all series: {len(found)}")
    print(f"\nlook at: {folder / 'site' / 'index.html'}")
    return int(any(code not in JUDGED for code in codes) or bool(site))


if __name__ == "__main__":
    raise SystemExit(main())
