"""One quantile compared between runs: the run is the unit of replication, not the request."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perf_analysis.power import Noise, noncentrality, rise_of, t_quantile, t_upper_tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.figures import QuantileFigure
    from perf_analysis.limits import Limits
    from perf_analysis.shrinkage import Prior

# Equal baselines must not make a change of 0.1 % certain.
LEAST_SD = 0.01
LEAST_FOR_RANKS = 8
LEAST_RUNS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEffect:
    """Difference of two log quantiles with all that follows from it.

    Attributes
    ----------
    estimate : float
        Candidate minus reference; exp of it is the ratio.
    low, high : float
        Interval at 1 - 2 alpha, censored samples taken both ways; high may be infinite.
    error, dof : float
        Standard error and its degrees of freedom.
    p : float
        Of "worse than the tolerance", one-sided.
    noise : Noise
        What further runs would bring.
    """

    estimate: float
    low: float
    high: float
    error: float
    dof: float
    p: float
    noise: Noise

    def detectable(self, limits: Limits, alpha: float) -> float:
        """Smallest rise, as a ratio minus 1, that a test at alpha would find 4 times in 5.

        From the variance alone, never from the observed effect.
        """
        return rise_of(limits.tolerance + noncentrality(self.dof, alpha) * self.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Log quantiles of the candidate's and the reference runs, at least one of each."""

    candidates: tuple[QuantileFigure, ...]
    reference: tuple[QuantileFigure, ...]
    resolution_s: float = 0.0

    @property
    def dof(self) -> int:
        """Degrees of freedom of the variance between these runs."""
        return len(self.candidates) + len(self.reference) - 2

    @property
    def variance(self) -> float:
        """Variance between runs, pooled over both sides; 0 without degrees of freedom."""
        return (_squares(self.candidates) + _squares(self.reference)) / self.dof if self.dof else 0

    @property
    def level_s(self) -> float:
        """Geometric mean of the reference."""
        return math.exp(_mean(figure.ln_s for figure in self.reference))

    @property
    def floor(self) -> float:
        """Smallest credible variance between runs.

        Notes
        -----
        1 % of the level; what a rounded source hides; and the within-run error, which the variance
        between runs contains.
        """
        return max(
            LEAST_SD**2,
            (self.resolution_s / self.level_s) ** 2,
            _mean(figure.error**2 for figure in self.reference),
        )

    @property
    def floored(self) -> float:
        """Variance between runs, raised to its floor."""
        return max(self.variance, self.floor)


def compare_levels(sides: Sides, prior: Prior, limits: Limits) -> LogEffect:
    """Compare log quantiles of runs.

    Parameters
    ----------
    sides : Sides
        With at least one degree of freedom.
    prior : Prior
        Of the rows compared on the same quantile.
    limits : Limits
        Tolerance and margin as logarithms of ratios.

    Notes
    -----
    d is the difference of means; its variance s2 (1/m + 1/n) uses the moderated, floored variance
    between runs, and where the candidate's own within-run error is larger than the baselines', the
    excess is added. Censored samples enter at their lower bounds for one end of the interval and at
    infinity for the other.

    References
    ----------
    Smyth (2004) for the moderated t; Kalibera, Jones (2013), "Rigorous Benchmarking in Reasonable
    Time", for runs as the unit.
    """
    m, n = len(sides.candidates), len(sides.reference)
    moderated, dof = prior.moderate(sides.floored, sides.dof)
    variance = max(moderated, sides.floor)
    within_base = _mean(figure.error**2 for figure in sides.reference)
    within_candidate = _mean(figure.error**2 for figure in sides.candidates)
    error = math.sqrt(variance * (1.0 / m + 1.0 / n) + max(0.0, within_candidate - within_base) / m)
    estimate = _level(sides.candidates) - _level(sides.reference)
    least = _level(sides.candidates) - _highest(sides.reference)
    greatest = _highest(sides.candidates) - _level(sides.reference)
    reach = t_quantile(dof, 1.0 - limits.alpha) * error
    return LogEffect(
        estimate=estimate,
        low=least - reach,
        high=greatest + reach,
        error=error,
        dof=dof,
        p=t_upper_tail(dof, (least - limits.tolerance) / error),
        noise=Noise(
            sd=math.sqrt(variance),
            within_base=within_base,
            within_candidate=within_candidate,
            prior_dof=dof - sides.dof,
            candidates=m,
            baselines=n,
        ),
    )


def is_robust(sides: Sides, effect: LogEffect, *, failed: bool) -> bool:
    """Whether ranks agree: a cross-check that never decides; True with fewer than 8 baselines.

    Notes
    -----
    The Hodges-Lehmann ratio (the median of all differences) lies in the interval, and a single
    failing candidate is among the two worst of all runs.

    References
    ----------
    Hodges, Lehmann (1963), "Estimates of Location Based on Rank Tests".
    """
    base = np.array([figure.ln_s for figure in sides.reference])
    if len(base) < LEAST_FOR_RANKS:
        return True
    candidates = np.array([figure.ln_s for figure in sides.candidates])
    shift = float(np.median(candidates[:, None] - base[None, :]))
    worse = int((base >= candidates.min()).sum())
    among_the_worst = not failed or len(candidates) > 1 or worse <= 1
    return effect.low <= shift <= effect.high and among_the_worst


def _level(figures: Sequence[QuantileFigure]) -> float:
    return _mean(figure.ln_s for figure in figures)


def _highest(figures: Sequence[QuantileFigure]) -> float:
    """Mean with censored samples at +infinity."""
    return _mean(math.inf if f.ln_high_s is None else f.ln_high_s for f in figures)


def _mean(values: object) -> float:
    numbers = list(values)  # type: ignore[call-overload]  # an iterable of floats
    return math.fsum(numbers) / len(numbers)


def _squares(figures: Sequence[QuantileFigure]) -> float:
    centre = _level(figures)
    return math.fsum((figure.ln_s - centre) ** 2 for figure in figures)
