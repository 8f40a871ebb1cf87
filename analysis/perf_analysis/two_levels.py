"""How far one stretch of runs lies from another: Welch's interval, the run as the unit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from perf_analysis.changes import Effect
from perf_analysis.power import t_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_BEFORE = 5
LEAST_AFTER = 3
# equal runs must not make a change of 0.1 % certain
_LEAST_SD = 0.01


def ratio_of_levels(
    before: Sequence[float], after: Sequence[float], *, alpha: float
) -> Effect | None:
    """Ratio of two geometric means with its interval at 1 - alpha; None with too few runs.

    Notes
    -----
    Welch (1947) on the logarithms, each variance at least that of a standard deviation of 1 %.
    """
    if min(before, default=0.0) <= 0.0 or min(after, default=0.0) <= 0.0:
        return None
    found = _welch(np.log(before), np.log(after), alpha, _LEAST_SD)
    return found and Effect(*(math.exp(value) for value in found))


def difference_of_levels(
    before: Sequence[float], after: Sequence[float], *, alpha: float
) -> Effect | None:
    """Difference of two means with its interval at 1 - alpha; None with too few runs."""
    found = _welch(np.asarray(before), np.asarray(after), alpha, 0.0)
    return found and Effect(*found)


def _welch(
    before: np.ndarray, after: np.ndarray, alpha: float, least_sd: float
) -> tuple[float, float, float] | None:
    if len(before) < LEAST_BEFORE or len(after) < LEAST_AFTER:
        return None
    parts = [max(float(side.var(ddof=1)), least_sd**2) / len(side) for side in (before, after)]
    variance = sum(parts)
    estimate = float(after.mean() - before.mean())
    if variance == 0.0:
        return estimate, estimate, estimate
    freedom = sum(p**2 / (len(s) - 1) for p, s in zip(parts, (before, after), strict=True))
    reach = t_quantile(variance**2 / freedom, 1.0 - alpha / 2.0) * math.sqrt(variance)
    return estimate, estimate - reach, estimate + reach
