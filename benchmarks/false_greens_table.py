"""Faults that a load test must not call green: plain Locust and perfproof, side by side.

`python benchmarks/false_greens_table.py [--only ROW ...]` runs every row of `false_greens/rows.py`
for real, keeps how each ended in `false_greens/results.json`, and writes docs/false-greens.md from
that; with `--only` other rows stay as they were. It ends in 1 if perfproof says 0 of a fault, or
does not name it; such a row is not kept. Locust is that of this environment.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from false_greens.kept import keep
from false_greens.page import cell, page
from false_greens.rows import ROWS
from false_greens.running import Result, steady

PAGE = Path(__file__).parents[1] / "docs" / "false-greens.md"
NEEDS = ("cc", "openssl", "unshare")


def main() -> int:
    """All rows, one after the other; 1 if one is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [row.name for row in ROWS]
    parser.add_argument("--only", nargs="+", choices=names, metavar="ROW", help=", ".join(names))
    only = parser.parse_args().only
    missing = [name for name in NEEDS if shutil.which(name) is None]
    if missing:
        parser.exit(2, f"false greens: not found on this machine: {', '.join(missing)}\n")
    # a shell's `&` leaves SIGINT ignored, and children would inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)
    began = time.monotonic()
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder:
        for row in ROWS:
            if only is None or row.name in only:
                results.append(steady(row, Path(folder) / row.name))
                _tell(results[-1])
    took_s = time.monotonic() - began
    wrong = [result.row.name for result in results if not result.right]
    told = f"{', '.join(wrong)} not as it must be" if wrong else "each as it must be"
    print(f"{len(results)} rows in {took_s:.0f} s; {told}")
    kept = keep([result for result in results if result.right])
    missing = [name for name in names if name not in kept]
    if missing:
        print(f"not measured yet: {', '.join(missing)}; docs/false-greens.md stays as it was")
    else:
        PAGE.write_text(page(list(kept.values())), encoding="utf-8")
        print(PAGE)
    return int(bool(wrong or missing))


def _tell(result: Result) -> None:
    mark = "  " if result.right else "! "
    codes = f"locust {cell(result.locust):>4}  perfproof {cell(result.perf):>4}"
    print(f"{mark}{result.row.name:18} {codes}  {result.perf.said[:400]}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
