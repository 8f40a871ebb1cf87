"""Runs drawn from a known model: what a comparison says of them can be counted."""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binom

from perf_analysis.compared import Demands, RowVerdict
from perf_analysis.comparison import compare_runs
from perf_analysis.figures import QuantileFigure, RunFigures, SeriesFigures
from perf_analysis.filling import build
from perf_analysis.gating import gate
from perf_analysis.histogram import Histogram
from perf_analysis.quantiles import quantile_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    Generator = np.random.Generator

N = 20_000
STRICT = 0.999
ALPHA = 0.01


def demands(alpha: float = 0.01, tolerance: float = 0.05, **changes: object) -> Demands:
    """Demands on p95 alone."""
    made = Demands(
        margins={"p95": 0.1}, tolerance={"p95": tolerance}, must_detect={"p95": 0.5}, alpha=alpha
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # by name


def figure(ln_s: float, error: float = 0.01) -> QuantileFigure:
    """Figure of p95 as a run of some length would show it."""
    return QuantileFigure(
        q=0.95, ln_s=ln_s, ln_high_s=ln_s, error=error, dof=29, n=N, n_effective=N / 2
    )


def run_of(name: object, figures: Sequence[QuantileFigure]) -> RunFigures:
    """Run with all requests together first, and a series for each further figure."""
    return RunFigures(
        run_id=str(name),
        phase_s=180.0,
        series=tuple(
            SeriesFigures(
                label=f"GET /{place}" if place else "", n=N, failed=0, finished=N, quantiles=(f,)
            )
            for place, f in enumerate(figures)
        ),
    )


def drawn_runs(
    rng: Generator, count: int, series: int, sd: float, correlation: float
) -> list[RunFigures]:
    """Runs of one level; rows differ in their noise (log-normal, .5 in ln) and move together."""
    own = sd * np.exp(rng.normal(0.0, 0.5, series))
    common = rng.normal(size=(count, 1)) * math.sqrt(correlation)
    levels = own * (common + rng.normal(size=(count, series)) * math.sqrt(1.0 - correlation))
    return [run_of(i, [figure(float(x)) for x in row]) for i, row in enumerate(levels)]


def windows_of(
    rng: Generator, windows: int, each: float, correlation: float, level: float = 0.0
) -> list[Histogram]:
    """Windows of log-normal durations whose level is an AR(1) of the given lag-1 correlation."""
    drift, found = float(rng.normal()), []
    for _ in range(windows):
        drift = correlation * drift + float(rng.normal()) * math.sqrt(1.0 - correlation**2)
        count = int(rng.poisson(each))
        found.append(build(rng.lognormal(level - 2.3 + 0.2 * drift, 0.4, count)))
    return found


@functools.cache
def simulated_figures(
    count: int, windows: int, each: float, correlation: float
) -> tuple[QuantileFigure, ...]:
    """Figures of p95 of that many independent runs, from requests up."""
    rng = np.random.default_rng([count, windows, int(each), int(100 * correlation)])
    nothing = [Histogram()] * windows
    found = (
        quantile_figure(windows_of(rng, windows, each, correlation), nothing, 0.95, least_n=200)
        for _ in range(count)
    )
    return tuple(f for f in found if f is not None)


def at_level(one: QuantileFigure, shift: float) -> QuantileFigure:
    """A figure moved by a shift of its logarithm."""
    high = None if one.ln_high_s is None else one.ln_high_s + shift
    return replace(one, ln_s=one.ln_s + shift, ln_high_s=high)


def at_most(target: float, trials: int) -> float:
    """Share that a true proportion of `target` exceeds once in a thousand campaigns."""
    return float(binom.ppf(STRICT, trials, target)) / trials


def at_least(target: float, trials: int) -> float:
    """Share that a true proportion of `target` falls short of once in a thousand campaigns."""
    return float(binom.ppf(1.0 - STRICT, trials, target)) / trials


def false_alarms(
    trials: int, *, baselines: int, series: int, sd: float, correlation: float
) -> tuple[float, float]:
    """Shares of failing rows and of failing gates among unchanged runs."""
    rng = np.random.default_rng([baselines, series, int(1000 * sd), int(10 * correlation)])
    asked = demands(ALPHA, tolerance=0.0)
    rows = gates = 0
    for _ in range(trials):
        runs = drawn_runs(rng, baselines + 1, series, sd, correlation)
        found = compare_runs(runs[:1], runs[1:], asked)
        rows += sum(row.p is not None and row.p <= ALPHA for row in found)
        gates += gate(found) is RowVerdict.FAIL
    return rows / trials / series, gates / trials


def end_to_end(
    trials: int, *, baselines: int, sd: float, alpha: float, pool: int, tolerance: float = 0.0
) -> float:
    """Share of false regressions of runs simulated from requests up, autocorrelation 0.9."""
    figures = simulated_figures(pool, 180, 20.0, 0.9)
    rng = np.random.default_rng([baselines, int(1000 * sd), int(1000 * alpha)])
    asked = demands(alpha, tolerance)
    failed = 0
    for _ in range(trials):
        chosen = rng.choice(len(figures), baselines + 1, replace=False)
        shifts = rng.normal(0.0, sd, baselines + 1)
        runs = [
            run_of(i, [at_level(figures[int(place)], float(shift))])
            for i, (place, shift) in enumerate(zip(chosen, shifts, strict=True))
        ]
        failed += gate(compare_runs(runs[:1], runs[1:], asked)) is RowVerdict.FAIL
    return failed / trials


def share_at_detectable(trials: int, *, baselines: int, candidates: int, sd: float) -> float:
    """How often a rise is found that is what the formula gives for the true noise."""
    rng = np.random.default_rng([baselines, candidates, int(1000 * sd)])
    asked = demands()
    found = 0
    # the rise for the true sd: from runs that show exactly it
    spread = np.concatenate([_exact(candidates, sd), _exact(baselines, sd)])
    truth = compare_runs(
        [run_of(i, [_figure(x)]) for i, x in enumerate(spread[:candidates])],
        [run_of(i, [_figure(x)]) for i, x in enumerate(spread[candidates:])],
        asked,
    )
    rise = math.log1p(truth[0].detectable or 0.0)
    for _ in range(trials):
        drawn = rng.normal(0.0, sd, candidates + baselines)
        drawn[:candidates] += rise
        runs = [run_of(i, [_figure(float(x))]) for i, x in enumerate(drawn)]
        rows = compare_runs(runs[:candidates], runs[candidates:], asked)
        found += rows[0].verdict is RowVerdict.FAIL
    return found / trials


def _exact(count: int, sd: float) -> np.ndarray:
    values = np.linspace(-1.0, 1.0, count) if count > 1 else np.zeros(1)
    return values / values.std(ddof=1) * sd if count > 1 else values


def _figure(ln_s: float) -> QuantileFigure:
    """Figure whose own error does not matter."""
    return figure(ln_s, error=0.001)


def false_passes(trials: int, *, baselines: int, sd: float) -> float:
    """Share of runs that are worse by exactly the margin and yet pass."""
    rng = np.random.default_rng([baselines, int(1000 * sd), 7])
    asked = demands()
    passed = 0
    for _ in range(trials):
        drawn = rng.normal(0.0, sd, baselines + 1)
        drawn[0] += math.log(1.1)
        runs = [run_of(i, [_figure(float(x))]) for i, x in enumerate(drawn)]
        passed += compare_runs(runs[:1], runs[1:], asked)[0].verdict is RowVerdict.PASS
    return passed / trials


def family_alarms(trials: int, *, rows: int, alpha: float) -> float:
    """Share of gates that fail among unchanged runs with many rows."""
    rng = np.random.default_rng(rows)
    asked = demands(alpha, 0.0)
    failed = 0
    for _ in range(trials):
        runs = drawn_runs(rng, 9, rows, 0.05, 0.5)
        failed += gate(compare_runs(runs[:1], runs[1:], asked)) is RowVerdict.FAIL
    return failed / trials


def coverage(trials: int, *, baselines: int, sd: float, pool: int = 0) -> float:
    """Share of intervals at 95 % that hold the true effect.

    With a pool the runs are simulated from requests up, and their own errors, which are floors of
    the variance between runs, make intervals wider; without one those errors do not matter.
    """
    figures = simulated_figures(pool, 180, 20.0, 0.9) if pool else (_figure(0.0),)
    rng = np.random.default_rng([baselines, int(1000 * sd), 3])
    asked, true = demands(0.025), 0.07
    inside = 0
    for _ in range(trials):
        chosen = rng.choice(len(figures), baselines + 1, replace=not pool)
        shifts = rng.normal(0.0, sd, baselines + 1)
        shifts[0] += math.log1p(true)
        runs = [
            run_of(i, [at_level(figures[int(place)], float(shift))])
            for i, (place, shift) in enumerate(zip(chosen, shifts, strict=True))
        ]
        row = compare_runs(runs[:1], runs[1:], asked)[0]
        inside += row.low is not None and row.high is not None and row.low <= true <= row.high
    return inside / trials
