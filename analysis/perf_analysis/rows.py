"""One row at a time: a metric of a series compared between runs, before the family is known."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from perf_analysis.compared import ERROR_RATE, TOTAL, quantile_of
from perf_analysis.error_rates import Failures, compare_error_rates
from perf_analysis.figures import TAIL_THIN, THIN
from perf_analysis.limits import Limits
from perf_analysis.power import rise_of, room_for_decision, runs_needed, times_as_long
from perf_analysis.runlevel import Sides, compare_levels, is_robust
from perf_analysis.shrinkage import fit_prior
from perf_analysis.thresholds import LEAST_SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perf_analysis.compared import Demands
    from perf_analysis.figures import SeriesFigures
    from perf_analysis.runlevel import LogEffect
    from perf_analysis.shrinkage import Prior

SLOWER, IMPROVED, NOT_ROBUST, CENSORED = "slower", "improved", "not robust", "censored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One metric of one series on both sides; a side may hold nothing."""

    label: str
    metric: str
    candidates: tuple[SeriesFigures, ...]
    reference: tuple[SeriesFigures, ...]
    resolution_s: float
    runs: int
    reference_runs: int

    @property
    def q(self) -> float | None:
        """Quantile; None for the error rate."""
        return quantile_of(self.metric)

    def sides(self) -> Sides | None:
        """Quantiles of either side, of the runs that have one; None where a side has none."""
        if self.q is None:
            return None
        candidates = tuple(f for s in self.candidates if (f := s.quantile(self.q)))
        reference = tuple(f for s in self.reference if (f := s.quantile(self.q)))
        if not candidates or not reference:
            return None
        resolution_s = max(self.resolution_s, *(f.resolution_s for f in (*candidates, *reference)))
        return Sides(candidates=candidates, reference=reference, resolution_s=resolution_s)

    def is_judgeable(self, series: SeriesFigures) -> bool:
        """Whether a run has enough requests behind this metric (V2)."""
        if self.q is None:
            return series.n >= LEAST_SAMPLES
        figure = series.quantile(self.q)
        return figure is not None and THIN not in figure.flags

    @property
    def is_candidate_thin(self) -> bool:
        """Whether any candidate run lacks the series, or requests behind it."""
        judged = [series for series in self.candidates if self.is_judgeable(series)]
        return len(judged) < self.runs

    @property
    def is_known(self) -> bool:
        """Whether most reference runs have the series with enough requests."""
        judged = [series for series in self.reference if self.is_judgeable(series)]
        return 2 * len(judged) > self.reference_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What the figures of a pair say, whatever the family will demand.

    Attributes
    ----------
    candidate, reference : float
        Levels: seconds, or shares.
    effect, low, high : float
        Relative change, or difference of shares; `high` may be infinite.
    p : float
        Of "worse than the tolerance", one-sided.
    harmless : bool
        Whether a change of the size of the margin is excluded, at alpha.
    detectable : callable
        From a level alpha to the rise that would be found 4 times in 5; None where unknown.
    notes : tuple of str
    advice : str
        What would decide, if this does not.
    """

    candidate: float
    reference: float
    effect: float
    low: float
    high: float
    p: float
    harmless: bool
    detectable: Callable[[float], float | None]
    notes: tuple[str, ...] = ()
    advice: str = ""


def estimate_level(pair: Pair, sides: Sides, prior: Prior, demands: Demands) -> Estimate:
    """Compare a quantile, the reference having three runs at least."""
    limits = level_limits(pair.metric, demands)
    effect = compare_levels(sides, prior, limits)
    is_censored = any(figure.ln_high_s != figure.ln_s for figure in sides.candidates)
    notes = level_notes(effect, limits, is_censored=is_censored)
    if not is_robust(sides, effect, failed=effect.p <= demands.alpha):
        notes = (*notes, NOT_ROBUST)
    made = level_estimate(effect, sides.level_s, limits, is_thin=has_thin_tail(sides))
    return replace(made, notes=notes, advice=advise_runs(effect, limits))


def level_estimate(effect: LogEffect, level_s: float, limits: Limits, *, is_thin: bool) -> Estimate:
    """Estimate of a log effect against a level; a thin tail proves no harmlessness."""

    def detectable(alpha: float) -> float | None:
        if is_thin or math.isinf(rise_of(effect.high)):
            return None
        rise = effect.detectable(limits, alpha)
        return rise if math.isfinite(rise) else None

    return Estimate(
        candidate=level_s * math.exp(effect.estimate),
        reference=level_s,
        effect=math.expm1(effect.estimate),
        low=math.expm1(effect.low),
        high=rise_of(effect.high),
        p=effect.p,
        harmless=effect.high < limits.margin and not is_thin,
        detectable=detectable,
    )


def estimate_rate(pair: Pair, demands: Demands) -> Estimate | None:
    """Compare error rates; None where a side has no request."""
    failed = sum(series.failed for series in pair.candidates)
    return rate_estimate(
        (failed, sum(series.n for series in pair.candidates)),
        [(series.failed, series.n) for series in pair.reference],
        max(series.dispersion for series in (*pair.candidates, *pair.reference)),
        demands,
    )


def rate_estimate(
    candidate: tuple[int, int],
    reference: Sequence[tuple[int, int]],
    dispersion: float,
    demands: Demands,
) -> Estimate | None:
    """Compare failed of all requests of the candidate with those of each reference run."""
    limits = rate_limits(ERROR_RATE, demands)
    found = compare_error_rates(
        Failures(x=candidate[0], n=candidate[1]),
        [Failures(x=failed, n=n) for failed, n in reference],
        limits=limits,
        phi_w=dispersion,
    )
    if found is None:
        return None
    harmless = found.upper < limits.margin
    factor = found.factor_needed
    return Estimate(
        candidate=found.p1,
        reference=found.p2,
        effect=found.difference,
        low=found.low,
        high=found.high,
        p=found.p_fail,
        harmless=harmless,
        detectable=found.detectable,
        notes=_direction(found.low, found.high, limits) if harmless else (),
        advice=(
            ""
            if factor is None or factor <= 1.0
            else f"about {math.ceil(factor * 10) / 10:g} times as many requests would decide"
        ),
    )


def level_limits(metric: str, demands: Demands) -> Limits:
    """Tolerance and margin of a quantile as logarithms of ratios."""
    return Limits(
        tolerance=math.log1p(demands.tolerance[metric]),
        margin=math.log1p(demands.margins[metric]),
        alpha=demands.alpha,
    )


def rate_limits(metric: str, demands: Demands) -> Limits:
    """Tolerance and margin of the error rate as differences of shares."""
    return Limits(
        tolerance=demands.tolerance[metric], margin=demands.margins[metric], alpha=demands.alpha
    )


def has_thin_tail(sides: Sides) -> bool:
    """Whether the error of a candidate's quantile reaches half of its tail: it proves nothing."""
    return any(TAIL_THIN in figure.flags for figure in sides.candidates)


def priors_of(pairs: Sequence[Pair]) -> dict[str, Prior]:
    """Prior of the variance between runs, by metric."""
    known: dict[str, list[Sides]] = {}
    for pair in pairs:
        sides = pair.sides()
        if sides is not None and pair.label != TOTAL:
            known.setdefault(pair.metric, []).append(sides)
    return {
        metric: fit_prior([s.floored for s in rows], [float(s.dof) for s in rows])
        for metric, rows in known.items()
    }


def advise_runs(effect: LogEffect, limits: Limits) -> str:
    """How many more runs, or how much longer ones, would decide."""
    room = room_for_decision(effect.estimate, limits.tolerance, limits.margin)
    more = runs_needed(effect.noise, room, limits.alpha)
    longer = times_as_long(effect.noise, effect.dof, room, limits.alpha)
    ways: list[str] = []
    if more is not None and more != (0, 0):
        ways.append(_runs(*more))
    if longer is not None and longer > 1.0:
        ways.append(f"a profile {math.ceil(longer * 10) / 10:g} times as long")
    if not ways:
        return "not reachable at this noise by more runs; use --control"
    return " or ".join(ways) + " would decide, or --control"


def _runs(candidates: int, reference: int) -> str:
    noun = "run" if candidates == 1 else "runs"
    text = f"{candidates} more {noun} of the candidate"
    return f"{text} and {reference} more baselines" if reference else text


def level_notes(effect: LogEffect, limits: Limits, *, is_censored: bool) -> tuple[str, ...]:
    """Notes of a compared quantile."""
    notes = _direction(effect.low, effect.high, limits) if effect.high < limits.margin else ()
    return (*notes, CENSORED) if is_censored else notes


def _direction(low: float, high: float, limits: Limits) -> tuple[str, ...]:
    """Notes of a row that passes: surely beyond the tolerance in either direction."""
    if low > limits.tolerance:
        return (SLOWER,)
    return (IMPROVED,) if high < -limits.tolerance else ()
