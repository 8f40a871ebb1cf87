"""Where one level of a stretch gives way to another, and how clearly: a weighted CUSUM."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

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
_LARGEST_IN_UNITS = 1e150
_ROUNDING = 1e-9
# Residuals correlated less than this cannot be told from independent ones in a short stretch.
_LEAST_CORRELATION = 0.2
# More is corrected no further: beyond, `structure` asks for corroboration instead.
_MOST_CORRELATION = 0.5
# In less, a correlation is not measured but taken from the stretch around.
LEAST_FOR_CORRELATION = 40
# Standard error of a correlation by differences, at 100 values.
_UNSURE = 0.2


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
        T_k of each division by the clearer of the first two voters, 0 where there may be none:
        element k - 1 belongs to k values before it.
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
    STATISTICS.md, 9.1, with three voters; the highest one counts, and says where. T_k =
    |S_k - k mean| / sqrt(v k (n - k) / n) of the normal scores of the ranks, which no outlier can
    move; of the winsorised values, which say more about changes of a few standard deviations; and
    sqrt(sum T_k^2) - 1 of the odd Legendre polynomials of the ranks, of degree 1, 3 and 5: where
    values have several modes, all of them move within the spread of the whole. Even polynomials,
    which would answer to a change of the spread, have no vote.
    A lag-1 correlation r of the residuals multiplies it by sqrt((1 - r) / (1 + r)).
    """
    n = len(values)
    if n < 2 * LEAST_LEVEL:
        return None
    scores = normal_scores(values)
    profiles = vote(scores, winsorised(values, scores))
    raised = profiles + bonus(n, newest=newest)
    best, place = divmod(int(raised.argmax()), n - 1)
    if profiles[best, place] <= 0.0:
        return None
    correlation = around
    if n >= LEAST_FOR_CORRELATION:
        correlation = correlation_about(scores, [place + 1])
    factor = factor_of(correlation)
    levels = profiles[:2] * np.isfinite(bonus(n, newest=False))
    return Split(
        at=place + 1,
        statistic=float(raised[best, place]) * factor,
        profile=levels[int(levels.max(axis=1).argmax())] * factor,
        correlation=correlation,
    )


def vote(scores: Floats, clipped: Floats) -> Floats:
    """Profiles of the three voters, one a row of the next-to-last axis."""
    x = 2.0 * ndtr(scores) - 1.0
    square = x * x
    # Legendre polynomials of degree 1, 3 and 5, without the factors that a CUSUM divides out
    odd = (x, x * (5.0 * square - 3.0), x * ((63.0 * square - 70.0) * square + 15.0))
    profiles = cusum(np.stack([scores, clipped, *odd], axis=-2))
    third = np.sqrt(np.sum(profiles[..., 2:, :] ** 2, axis=-2)) - 1.0
    return np.concatenate([profiles[..., :2, :], third[..., None, :]], axis=-2)


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
    weights = np.sqrt(before * (n - before) / n)
    centred /= np.sqrt(np.where(variance > 0.0, variance, 1.0))
    standardised: Floats = np.abs(np.cumsum(centred, axis=-1)[..., :-1]) / weights
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
    """Median, and the standard deviation by the median absolute deviation.

    A unit so small that the values, in it, would be no numbers any more is 0.
    """
    centre = median(values)
    away = np.abs(values - centre)
    unit = _MAD_TO_SD * median(away)
    return centre, unit if unit * _LARGEST_IN_UNITS > float(away.max()) else 0.0


def median(values: Floats) -> float:
    """Median of finite values: `np.median` takes most of its time to look for others."""
    half = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, half)[half])
    low, high = np.partition(values, (half - 1, half))[half - 1 : half + 1].tolist()
    return float((low + high) / 2.0)


def lag_one(residuals: Floats) -> float:
    """Lag-1 correlation of residuals; 0 where they are all 0."""
    total = float(residuals @ residuals)
    return float(residuals[1:] @ residuals[:-1]) / total if total > 0.0 else 0.0


def correlation_about(scores: Floats, points: list[int]) -> float:
    """Lag-1 correlation about the levels between points, corrected for its bias.

    No more than the differences of successive values allow, which further steps hardly change:
    those of values that hang together by r, about any levels, correlate by -(1 - r) / 2.
    """
    bounds = [0, *points, len(scores)]
    sides = [scores[a:b] - scores[a:b].mean() for a, b in pairwise(bounds)]
    residuals = np.concatenate(sides)
    # what rounding leaves of equal values is no residual
    residuals[np.abs(residuals) < _ROUNDING] = 0.0
    found = lag_one(residuals)
    corrected = found + (1.0 + 3.0 * found) / len(scores)
    return min(corrected, memory(scores) + _UNSURE)


def memory(values: Floats) -> float:
    """0 for independent values about levels, 1 for a random walk, more for smooth curves.

    By the differences of successive values, those beyond `REACH` left out: they are steps.
    """
    if len(values) < LEAST_LENGTH:
        return 0.0
    steps = np.diff(values)
    centre, unit = centre_and_unit(steps)
    if unit <= 0.0:
        return 0.0
    held = (steps - centre) / unit
    is_kept = np.abs(held) <= REACH
    held = np.where(is_kept, held - held[is_kept].mean(), 0.0)
    pairs = np.count_nonzero(is_kept[1:] & is_kept[:-1])
    products = float(held[1:] @ held[:-1]) / pairs if pairs else 0.0
    squares = float(held @ held) / np.count_nonzero(is_kept)
    return 1.0 + 2.0 * products / squares if squares > 0.0 else 0.0


def factor_of(correlation: float) -> float:
    """What a statistic is multiplied with for the lag-1 correlation of its residuals."""
    if correlation <= _LEAST_CORRELATION:
        return 1.0
    held = min(correlation, _MOST_CORRELATION)
    return math.sqrt((1.0 - held) / (1.0 + held))
