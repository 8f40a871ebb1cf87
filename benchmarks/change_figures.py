"""How well change points are found: the figures of docs/changes.md, counted over simulated series.

`python benchmarks/change_figures.py [--trials 4000] [--annotated DIR]` prints each beside what is
claimed. DIR holds annotated series as `datasets/*/*.json` and `annotations.json`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import annotated
import change_worlds as worlds

# what no bound is promised for
MORE = (
    ("AR(0.7)", lambda rng, n: worlds.remembering(rng, n, 0.7), 100, None),
    ("AR(0.7)", lambda rng, n: worlds.remembering(rng, n, 0.7), 300, None),
)


def main() -> int:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=4000)
    parser.add_argument("--annotated", type=Path)
    arguments = parser.parse_args()
    trials = arguments.trials
    for name, make, n, bound in (*worlds.NULLS, *MORE):
        claim = f" (<= {bound})" if bound else ""
        print(f"P(any), {name}, n = {n}: {worlds.alarms(make, n, trials):.4f}{claim}", flush=True)
    for size, later, bound in worlds.STEPS:
        share = worlds.found_soon(size, later, trials)
        print(
            f"step of {size:g} sd: found within 2, {later} later: {share:.3f} (>= {bound})",
            flush=True,
        )
    for size in (1, 2, 3):
        held, width = worlds.intervals(size, trials // 4)
        print(f"interval of a step of {size} sd: holds it {held:.3f} (>= 0.92), width {width:.1f}")
    for rise, recall, precision in worlds.RISES:
        found = worlds.injected(rise, max(1, trials // 400))
        figures = f"recall {found.recall:.3f} (>= {recall}), precision {found.precision:.3f}"
        print(
            f"x{rise} in histories: {figures} (>= {precision}), null {found.alarms:.3f} (<= 0.05)"
        )
    exams = {"look-alikes": annotated.look_alikes(1, 10)}
    if arguments.annotated:
        exams["annotated"] = list(annotated.stored(arguments.annotated))
    for name, series in exams.items():
        for detect in (worlds.points_in, annotated.binary_segmentation, annotated.no_change):
            print(f"{name}, {detect.__name__}: F1, covering {annotated.exam(series, detect)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
