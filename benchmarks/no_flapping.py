"""Does a valid set-up stay valid? Many short runs beside a neighbour that takes 30 % of a core.

`python benchmarks/no_flapping.py [--runs 50] [--time-scale 0.1] [--share 0.3] [--out FILE]` runs
the `sustained` profile against the embedded service again and again and counts what was not valid.
Each result is appended to the file, so a campaign that was cut short goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

PERIOD_S = 0.1
DEADLINE_S = 400.0


def burn(share: float) -> None:
    """Take a share of one core, in bursts of a tenth of a second, until ended."""
    while True:
        began = time.perf_counter()
        while time.perf_counter() - began < share * PERIOD_S:
            pass
        time.sleep(max(0.0, began + PERIOD_S - time.perf_counter()))


def run_once(folder: Path, time_scale: str) -> dict[str, object]:
    """One run in its own folder: exit code, broken rules, and the figures behind V6."""
    arguments = ["run", "--profile", "sustained", "--target", "demo", "--json"]
    command = [sys.executable, "-P", "-m", "perf_cli", *arguments, "--time-scale", time_scale]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, timeout=DEADLINE_S, check=False, text=True
    )
    result = json.loads(done.stdout)
    figures = {check["rule"]: check["figure"] for check in result["checks"]}
    broken = [check["rule"] for check in result["checks"] if check["outcome"] == "broken"]
    return {
        "exit_code": done.returncode,
        "valid": result["valid"],
        "broken": broken,
        "generator": figures["V6"],
        "reason": result["reason"],
    }


def main() -> int:
    """Run the campaign and print its figures; 1 if more than one run was not valid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--time-scale", default="0.1")
    parser.add_argument("--share", type=float, default=0.3)
    parser.add_argument("--out", type=Path, default=Path(".perf") / "no_flapping.jsonl")
    given = parser.parse_args()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    done = given.out.read_text(encoding="utf-8").splitlines() if given.out.exists() else []
    burner = multiprocessing.Process(target=burn, args=(given.share,), daemon=True)
    burner.start()
    try:
        for number in range(len(done), given.runs):
            with tempfile.TemporaryDirectory() as folder:
                row = json.dumps(run_once(Path(folder), given.time_scale))
            with given.out.open("a", encoding="utf-8") as stream:
                stream.write(row + "\n")
            print(f"{number + 1}/{given.runs} {row}", flush=True)
    finally:
        burner.terminate()
        burner.join()
    rows = [json.loads(line) for line in given.out.read_text(encoding="utf-8").splitlines()]
    invalid = [row for row in rows if not row["valid"]]
    codes = Counter(row["exit_code"] for row in rows)
    print(f"{len(rows)} runs, {len(invalid)} not valid, exit codes {dict(codes)}")
    return int(len(invalid) > 1)


if __name__ == "__main__":
    sys.exit(main())
