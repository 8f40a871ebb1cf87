"""How far a level moved, and which single values lie far off their level."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from perf_analysis.changes.model import Effect
from perf_analysis.changes.scan import centre_and_unit, lag_one, median
from perf_analysis.power import t_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_SPIKE = 3.5
_LONGEST_SPIKE = 2
# Standard error of a median in those of a mean, for normal values.
_MEDIAN_ERROR = math.sqrt(math.pi / 2.0)
_MOST_CORRELATION = 0.8
_LARGEST = float(np.finfo(np.float64).max)


def difference(before: Floats, after: Floats) -> Effect:
    """Median after less median before, with its interval, in the unit of the values."""
    estimate, error = _shift(before, after)
    return Effect(*(_bounded(estimate + sign * error) for sign in (0.0, -1.0, 1.0)))


def ratio(before: Floats, after: Floats) -> Effect | None:
    """Median after over median before, with its interval; None unless all values are positive."""
    if min(before.min(), after.min()) <= 0.0:
        return None
    estimate, error = _shift(np.log(before), np.log(after))
    ends = [estimate, estimate - error, estimate + error]
    if max(map(abs, ends)) >= math.log(_LARGEST):
        return None
    return Effect(*map(math.exp, ends))


def _shift(before: Floats, after: Floats) -> tuple[float, float]:
    """Difference of the medians, and half the width of its 95 % interval.

    Notes
    -----
    The error of a median is sqrt(pi / 2) times that of a mean; the spread about both levels is
    pooled, by the median absolute deviation so that spikes do not widen it, and an autocorrelation
    r widens by sqrt((1 + r) / (1 - r)).
    """
    medians = [median(side) for side in (before, after)]
    residuals = np.concatenate([before - medians[0], after - medians[1]])
    n = len(residuals)
    unit = centre_and_unit(residuals)[1] or float(residuals.std())
    correlation = min(max(lag_one(np.clip(residuals, -3.0 * unit, 3.0 * unit)), 0.0),
                      _MOST_CORRELATION)  # fmt: skip
    error = _MEDIAN_ERROR * unit * math.sqrt(1.0 / len(before) + 1.0 / len(after))
    error *= math.sqrt((1.0 + correlation) / (1.0 - correlation))
    return medians[1] - medians[0], t_quantile(n - 2, 0.975) * error


def spikes_of(level: Floats) -> list[int]:
    """Positions of values further than 3.5 robust standard deviations off, alone or in pairs."""
    centre, unit = centre_and_unit(level)
    if unit <= 0.0:
        return []
    far = np.flatnonzero(np.abs(level - centre) > _SPIKE * unit)
    runs = np.split(far, np.flatnonzero(np.diff(far) > 1) + 1)
    return [place for run in runs if len(run) <= _LONGEST_SPIKE for place in run.tolist()]


def _bounded(value: float) -> float:
    return max(-_LARGEST, min(_LARGEST, value))
