"""How often verdicts are wrong, counted over simulated runs: the figures of the closing tables.

`python benchmarks/verdict_figures.py [--trials 2000]` prints false alarms, detection, false passes
and coverage, each beside what is claimed.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from perf_analysis.error_rates import Failures, compare_error_rates, dispersion
from perf_analysis.limits import Limits
from simulations import coverage, end_to_end, false_passes, family_alarms, share_at_detectable

RATES = Limits(tolerance=0.0025, margin=0.005, alpha=0.01)


def error_rates(trials: int) -> tuple[float, float]:
    """Share found of 0.5 % -> 1.5 % in three minutes, and of equal rates with one bad second."""
    rng = np.random.default_rng(5)
    found = alarms = 0
    for _ in range(trials):
        worse, before = (rng.binomial(100, p, 180) for p in (0.015, 0.005))
        found += _p(worse, before) <= RATES.alpha
        one, other = (rng.binomial(100, 0.005, 180) for _ in range(2))
        one[int(rng.integers(180))] = 100
        alarms += _p(one, other) <= RATES.alpha
    return found / trials, alarms / trials


def _p(one: np.ndarray, other: np.ndarray) -> float:
    phi = max(dispersion([(int(x), 100) for x in row]) for row in (one, other))
    made = compare_error_rates(
        Failures(x=int(one.sum()), n=18_000), [Failures(x=int(other.sum()), n=18_000)],
        limits=RATES, phi_w=phi,
    )  # fmt: skip
    return made.p_fail if made else math.nan


def main() -> int:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=2000)
    trials = parser.parse_args().trials
    pool = 1200
    for baselines in (5, 8):
        for sd in (0.0, 0.03, 0.05, 0.1):
            shares = [
                end_to_end(trials, baselines=baselines, sd=sd, alpha=alpha, pool=pool)
                for alpha in (0.01, 0.05)
            ]
            print(f"false regression, {baselines} baselines, sd {sd:.0%}: {shares[0]:.4f} at 0.01 "
                  f"(<= 0.02), {shares[1]:.4f} at 0.05 (<= 0.07)", flush=True)  # fmt: skip
    print(
        f"family of 150 rows at 0.05: {family_alarms(trials, rows=151, alpha=0.05):.4f} (<= 0.05)"
    )
    for baselines, candidates in ((5, 1), (8, 1), (20, 1), (5, 3)):
        share = share_at_detectable(trials, baselines=baselines, candidates=candidates, sd=0.05)
        print(
            f"detectable, {baselines} baselines, {candidates} candidates: found {share:.3f} (0.8)"
        )
    for baselines in (5, 8):
        for sd in (0.05, 0.1):
            plain = coverage(trials, baselines=baselines, sd=sd)
            whole = coverage(trials, baselines=baselines, sd=sd, pool=pool)
            print(f"coverage at 95 %, {baselines} baselines, sd {sd:.0%}: {plain:.3f} (0.93-0.97); "
                  f"with an error of 6.5 % inside the runs {whole:.3f}")  # fmt: skip
    for baselines in (5, 20):
        share = false_passes(trials, baselines=baselines, sd=0.03)
        print(f"false pass at the margin, {baselines} baselines: {share:.4f} (<= 0.015)")
    found, alarms = error_rates(trials)
    print(f"error rate 0.5 % -> 1.5 %, 3 min: found {found:.3f} (>= 0.95); one bad second: "
          f"{alarms:.4f} (<= 0.02)")  # fmt: skip
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
