"""What the canary gate promises, in figures.

`python benchmarks/canary_figures.py [--replications N] [--first SEED] [--only WORD]` simulates
canaries that are well, and ill in known ways (100 requests/s, 5 % to the canary, a look every 10 s,
30 min), and prints how often and how soon they are rolled back, and how often healthy ones are
promoted.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from canary_worlds import COARSE_S, FINE_S, RULES, World, outcome, rules_of

HEALTHY = {
    "errors 0.1 %": World(errors=lambda _: 0.001),
    "errors 0.5 %": World(),
    "errors 5 %, rule at 9 %": World(errors=lambda _: 0.05),
    "drifting rates": World(
        errors=lambda t: 0.003 * (1.0 + 0.8 * math.sin(t / 200.0)),
    ),
    "ramping share 5 to 50 %": World(share=lambda t: 0.05 + 0.45 * min(1.0, t / 1500.0)),
    "cold start in the warm-up": World(slower=lambda t: 4.0 if t <= 60 else 1.0),
    "arm noise 5 %": World(noise=0.05),
    "bursts of 5": World(burst=5.0),
}
ILL = {
    "errors 0.5 to 1 %": (World(worse=lambda _: 2.0), 400),
    "errors 0.5 to 2 %": (World(worse=lambda _: 4.0), 80),
    "errors 0.5 to 5 %": (World(worse=lambda _: 10.0), 20),
    "p95 x 1.2": (World(slower=lambda _: 1.2, bounds_s=FINE_S), 120),
    "p95 x 1.5": (World(slower=lambda _: 1.5, bounds_s=FINE_S), 30),
    "p95 x 1.2, coarse buckets": (World(slower=lambda _: 1.2, bounds_s=COARSE_S), None),
    "p95 x 1.5, coarse buckets": (World(slower=lambda _: 1.5, bounds_s=COARSE_S), None),
}
RATES, ERRORS = (20, 30, 50, 100, 300), (0.0, 0.001, 0.005)


def world_of(name: str) -> World:
    """World of a name: worlds hold functions, which do not go to other processes."""
    if name in HEALTHY:
        return HEALTHY[name]
    if name in ILL:
        return ILL[name][0]
    rate, errors = (float(word) for word in name.split("/"))
    return World(rate=rate, errors=lambda _: errors)


def ends(job: tuple[str, str, str, str, int, int]) -> list[tuple[str, float]]:
    """Answers and times of some replications."""
    name, warm_up, after, needs, first, count = job
    text = RULES.replace("> 1%", "> 9%") if "at 9 %" in name else RULES
    with tempfile.TemporaryDirectory() as folder:
        rules = rules_of(Path(folder), warm_up=warm_up, after=after, needs=needs, text=text)
    looks = 61 if "/" in name and after == "10m" else 180
    before = 31 if "bursts" in name else 0
    found = []
    for seed in range(first, first + count):
        look = outcome(rules, world_of(name), seed, looks, before)
        cause = next((one.name for one in look.rules if one.fired), "evidence")
        found.append((f"{look.answer}", look.elapsed_s, cause))
    return [
        (f"{answer} {cause}" if answer == "ROLLBACK" else answer, t) for answer, t, cause in found
    ]


def simulate(
    pool: ProcessPoolExecutor, name: str, warm_up: str, after: str, needs: str, seeds: range
) -> list[tuple[str, float]]:
    """All replications of one world, by several processes."""
    part = max(1, len(seeds) // 8)
    jobs = [
        (name, warm_up, after, needs, seeds[at], len(seeds[at : at + part]))
        for at in range(0, len(seeds), part)
    ]
    return [one for part in pool.map(ends, jobs) for one in part]


def show_healthy(pool: ProcessPoolExecutor, seeds: range, only: str) -> None:
    """How often a canary that is well is rolled back within half an hour."""
    for name in HEALTHY:
        if only in name:
            warm = "60s" if "cold" in name else "0s"
            found = simulate(pool, name, warm, "30m", "rules", seeds)
            back = [answer for answer, _ in found if answer.startswith("ROLLBACK")]
            causes = {cause: back.count(cause) for cause in sorted(set(back))}
            print(f"healthy, {name}: rolled back {len(back) / len(seeds):.4f} {causes}", flush=True)


def show_ill(pool: ProcessPoolExecutor, seeds: range, only: str) -> None:
    """How soon one that is ill is."""
    for name, (_, limit_s) in ILL.items():
        if only in name:
            found = simulate(pool, name, "0s", "30m", "rules", seeds)
            times = [t if answer.startswith("ROLLBACK") else math.inf for answer, t in found]
            share = sum(map(math.isfinite, times)) / len(seeds)
            print(f"ill, {name}: found {share:.3f}, median {median(times):.0f} s "
                  f"(target {limit_s})", flush=True)  # fmt: skip


def show_promotions(pool: ProcessPoolExecutor, seeds: range, needs: str) -> None:
    """How often one that is well is promoted by `after` and one look."""
    for rate in RATES:
        cells = []
        for errors in ERRORS:
            found = simulate(pool, f"{rate}/{errors}", "60s", "10m", needs, seeds)
            answers = [answer for answer, _ in found]
            back = sum(answer.startswith("ROLLBACK") for answer in answers)
            cells.append(f"{answers.count('PROMOTE') / len(seeds):.3f} ({back / len(seeds):.3f})")
        print(f"promoted (rolled back), needs {needs}, {rate}/s: {'  '.join(cells)}", flush=True)


def main() -> int:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=2000)
    parser.add_argument("--first", type=int, default=1, metavar="SEED")
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.replications)
    with ProcessPoolExecutor(2) as pool:
        show_healthy(pool, seeds, given.only)
        show_ill(pool, seeds, given.only)
        for needs in ("rules", "proof"):
            if given.only in needs:
                show_promotions(pool, seeds[: len(seeds) // 2], needs)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
