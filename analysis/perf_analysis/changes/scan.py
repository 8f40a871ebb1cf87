"""Where one level of a stretch gives way to another, and how clearly: a weighted CUSUM."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# A level has at least so many values: one alone, or two, are a spike.
LEAST_LEVEL = 3
# Shorter stretches are not searched.
LEAST_LENGTH = 8
# A change among the newest values gets a part of the error rate of its own: it is the one that
# people wait for. Its statistic is raised before it is held against its own critical values.
NEWEST, NEWEST_BONUS = 12, 0.4
# How far a value counts, in robust standard deviations from the median.
REACH = 3.0
_MAD_TO_SD = 1.4826
_ROUNDING = 1e-9
# Residuals correlated less than this cannot be told from independent ones in a short stretch.
_LEAST_CORRELATION = 0.2
# More is corrected no further: beyond, `structure` asks for corroboration instead.
_MOST_CORRELATION = 0.5
# In less, a correlation is not measured but taken from the stretch around.
_LEAST_FOR_CORRELATION = 40


@dataclass(frozen=True, slots=True)
class Split:
    """The best division of a stretch in two.

    Attributes
    ----------
    at : int
        Values before the division.
    statistic : float
        To be held against `critical.critical_value`, corrected for autocorrelation.
    profile : array of float
        The statistic of each division, without the bonus of the newest: element k - 1 belongs to
        k values before it.
    correlation : float
        Lag-1 correlation about the two levels.
    """

    at: int
    statistic: float
    profile: Floats
    correlation: float


def best_split(values: Floats, *, newest: bool, around: float) -> Split | None:
    """Best division of a stretch; None where all values are equal or there are too few.

    Parameters
    ----------
    newest : bool
        Whether the stretch ends with the history: its last `NEWEST` divisions get the bonus.
    around : float
        Correlation of the stretch around, for one too short to have its own.

    Notes
    -----
    STATISTICS.md, 9.1, with a second voter. T_k = |S_k - k mean| / sqrt(v k (n - k) / n) of the
    normal scores of the ranks, which no outlier can move, and of the winsorised values, which say
    more about changes of a few standard deviations; the higher one counts, and says where.
    A lag-1 correlation r of the residuals multiplies it by sqrt((1 - r) / (1 + r)).
    """
    n = len(values)
    if n < 2 * LEAST_LEVEL:
        return None
    scores = normal_scores(values)
    profiles = [cusum(scores), cusum(winsorised(values, scores))]
    raised = [profile + bonus(n, newest=newest) for profile in profiles]
    best = max(range(2), key=lambda voter: raised[voter].max())
    at = int(raised[best].argmax()) + 1
    if profiles[best][at - 1] <= 0.0:
        return None
    correlation = _correlation(scores, at) if n >= _LEAST_FOR_CORRELATION else around
    factor = _factor(correlation)
    return Split(
        at=at,
        statistic=float(raised[best].max()) * factor,
        profile=profiles[best] * factor,
        correlation=correlation,
    )


def bonus(n: int, *, newest: bool) -> Floats:
    """What is added to the statistic of each division of n values; -inf where none may be."""
    added = np.full(n - 1, -math.inf)
    added[LEAST_LEVEL - 1 : n - LEAST_LEVEL] = 0.0
    if newest:
        added[max(0, n - 1 - NEWEST) :] += NEWEST_BONUS
    return added


def cusum(scores: Floats) -> Floats:
    """Standardised partial sums of scores, along the last axis; zeros where all are equal."""
    n = scores.shape[-1]
    centred = scores - scores.mean(axis=-1, keepdims=True)
    variance = np.mean(centred**2, axis=-1, keepdims=True)
    before = np.arange(1, n)
    scale = np.sqrt(np.where(variance > 0.0, variance, 1.0) * (before * (n - before) / n))
    standardised: Floats = np.abs(np.cumsum(centred, axis=-1)[..., :-1]) / scale
    return standardised


def normal_scores(values: Floats) -> Floats:
    """Quantiles of the standard normal distribution at the mid-ranks of values."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2.0
    scores: Floats = ndtri((ranks - 0.5) / len(values))[places]
    return scores


def winsorised(values: Floats, scores: Floats) -> Floats:
    """Values in robust standard deviations from their median, at most `REACH`.

    Where more than half of the values are equal there is no such unit: the scores are returned.
    """
    centre, unit = centre_and_unit(values)
    return np.clip((values - centre) / unit, -REACH, REACH) if unit > 0.0 else scores


def centre_and_unit(values: Floats) -> tuple[float, float]:
    """Median, and the standard deviation by the median absolute deviation."""
    centre = float(np.median(values))
    return centre, _MAD_TO_SD * float(np.median(np.abs(values - centre)))


def lag_one(residuals: Floats) -> float:
    """Lag-1 correlation of residuals; 0 where they are all 0."""
    total = float(residuals @ residuals)
    return float(residuals[1:] @ residuals[:-1]) / total if total > 0.0 else 0.0


def _correlation(scores: Floats, at: int) -> float:
    """Lag-1 correlation about the levels on either side, corrected for its bias."""
    sides = [side - side.mean() for side in (scores[:at], scores[at:])]
    residuals = np.concatenate(sides)
    # what rounding leaves of equal values is no residual
    residuals[np.abs(residuals) < _ROUNDING] = 0.0
    found = lag_one(residuals)
    return found + (1.0 + 3.0 * found) / len(scores)


def _factor(correlation: float) -> float:
    if correlation <= _LEAST_CORRELATION:
        return 1.0
    held = min(correlation, _MOST_CORRELATION)
    return math.sqrt((1.0 - held) / (1.0 + held))
