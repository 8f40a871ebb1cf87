"""Candidate and control measured side by side: what both arms shared cancels in the difference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perf_analysis.dispersion import block_sums, long_run_variance
from perf_analysis.power import Noise, t_quantile, t_upper_tail
from perf_analysis.quantiles import LEAST_WINDOWS, quantile_figure, share_terms
from perf_analysis.runlevel import LEAST_RUNS, LogEffect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.figures import QuantileFigure
    from perf_analysis.limits import Limits
    from perf_analysis.reduction import Window

# Two instances of one version differ by their layout, cores and caches, for as long as they live.
INSTANCE_SD = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedWindows:
    """One series in one round: both arms, window by window, over the same seconds."""

    candidate: Sequence[Window]
    control: Sequence[Window]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundDifference:
    """Difference of the log quantiles of one round.

    Attributes
    ----------
    estimate, low, high : float
        Censored samples at their lower bounds; taken against the candidate, and in its favour.
    variance : float
        Of the estimate, from windows.
    dof : int
        Of the variance.
    level_s : float
        Of the control.
    is_thin : bool
        Whether the error of the difference reaches half of the tail.
    """

    estimate: float
    low: float
    high: float
    variance: float
    dof: int
    level_s: float
    is_thin: bool


def round_difference(pair: PairedWindows, q: float, least_n: int) -> RoundDifference | None:
    """Difference within one round; None where an arm has too few samples.

    Notes
    -----
    Both quantiles are linearised, so that the window value of the log ratio is
    u_t = slope_c e_c,t / n_c - slope_k e_k,t / n_k: noise that both arms share in a second cancels
    before any variance is taken. It works at any share of the arms, where the ratio of block
    quantiles is biased.

    References
    ----------
    Bulej et al. (2020), "Duet Benchmarking: Improving Measurement Accuracy in the Cloud".
    """
    arms = [_figure(windows, q, least_n) for windows in (pair.candidate, pair.control)]
    candidate, control = arms
    if candidate is None or control is None:
        return None
    variance, dof, slope = _variance(pair, q, (candidate, control))
    high = math.inf if candidate.ln_high_s is None else candidate.ln_high_s
    control_high = math.inf if control.ln_high_s is None else control.ln_high_s
    return RoundDifference(
        estimate=candidate.ln_s - control.ln_s,
        low=candidate.ln_s - control_high,
        high=high - control.ln_s,
        variance=variance,
        dof=dof,
        level_s=math.exp(control.ln_s),
        # of the difference: what both arms share makes each one's own tail thin, and cancels
        is_thin=math.sqrt(variance) > slope * min(q, 1.0 - q) / 2.0,
    )


def combine(rounds: Sequence[RoundDifference], limits: Limits, *, restarted: bool) -> LogEffect:
    """Effect that rounds show together.

    Parameters
    ----------
    rounds : sequence of RoundDifference
        At least one.
    limits : Limits
        As logarithms of ratios.
    restarted : bool
        Whether both targets were started anew for each: only then are rounds replicates.

    Notes
    -----
    From three restarted rounds on, the round is the unit: instance effects are inside its variance,
    which is never taken below that of the windows nor below an instance's 1 %. Fewer rounds cannot
    see what an instance keeps for its life, so an instance's variance is added.
    """
    count = len(rounds)
    within = math.fsum(r.variance for r in rounds) / count
    if restarted and count >= LEAST_RUNS:
        between = float(np.var([r.estimate for r in rounds], ddof=1))
        variance = max(between, within, INSTANCE_SD**2)
        dof = float(count - 1)
    else:
        variance = within + INSTANCE_SD**2
        dof = float(sum(r.dof for r in rounds))
    error = math.sqrt(variance / count)
    low = math.fsum(r.low for r in rounds) / count
    high = math.fsum(r.high for r in rounds) / count
    reach = t_quantile(dof, 1.0 - limits.alpha) * error
    return LogEffect(
        estimate=math.fsum(r.estimate for r in rounds) / count,
        low=low - reach,
        high=high + reach,
        error=error,
        dof=dof,
        p=t_upper_tail(dof, (low - limits.tolerance) / error),
        noise=Noise(
            sd=math.sqrt(variance),
            within_base=within,
            within_candidate=within,
            prior_dof=0.0,
            candidates=count,
            baselines=count,
        ),
    )


def _figure(windows: Sequence[Window], q: float, least_n: int) -> QuantileFigure | None:
    complete = [window.complete for window in windows]
    if not any(histogram.counts for histogram in complete):
        return None
    return quantile_figure(complete, [w.censored for w in windows], q, least_n=least_n)


def _variance(
    pair: PairedWindows, q: float, figures: tuple[QuantileFigure, QuantileFigure]
) -> tuple[float, int, float]:
    """Variance of the difference of log quantiles, its degrees of freedom, and the mean slope."""
    windows = min(len(pair.candidate), len(pair.control))
    (candidate, slope_1), (control, slope_2) = (
        share_terms([w.samples() for w in arm], q) for arm in (pair.candidate, pair.control)
    )
    slope = (slope_1 + slope_2) / 2.0
    if windows < LEAST_WINDOWS:
        # too few to see what cancels: the arms as if they were independent
        return sum(figure.error**2 for figure in figures), max(1, windows - 1), slope
    blocks, length = block_sums(candidate[-windows:] - control[-windows:])
    variance = long_run_variance(blocks, length) * windows
    # what the buckets' width hides does not cancel
    hidden = sum((2.0 / 256.0) ** 2 / 12.0 for _ in figures)
    return variance + hidden, len(blocks) - 1, slope
