"""Runs drawn from a known model: what a comparison says of them can be counted."""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binom

from perf_analysis.compared import Demands
from perf_analysis.figures import QuantileFigure, RunFigures, SeriesFigures
from perf_analysis.histogram import Histogram, build
from perf_analysis.quantiles import quantile_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    Generator = np.random.Generator

N = 20_000
STRICT = 0.999


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
