"""What the whole of a history says about its change points: memory, parsimony, drift."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from perf_analysis.changes.scan import LEAST_LENGTH, centre_and_unit, lag_one, memory

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# How far a change point may lie from a large move.
NEAR = 5
# From here on, successive values hang together: a test for independent values says little.
_MUCH_MEMORY = 0.5
_MOST_CORROBORATED, _PENALTY = 5, 3.0
# A slope must be this much better than the levels, by twice the log-likelihood.
_CLEARLY = 6.0
_REACH_OF_SHAPES = 5.0
_MOST_CORRELATION = 0.95
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Drift:
    """A slope, per value, and the change points that stand out from it."""

    points: list[int]
    slope: float


def corroborating(values: Floats) -> list[int] | None:
    """Places near which alone a history with memory may have change points; None without memory.

    Notes
    -----
    STATISTICS.md, 9.2, the global filter: a point stays within `NEAR` of a point of a binary
    segmentation by the modified BIC (Zhang, Siegmund, 2007) with at most 5 points. It applies
    where the differences of successive values show memory: independent values about any levels
    have differences with a lag-1 correlation of -1/2, a random walk 0, smooth curves more.
    """
    return large_moves(values) if memory(values) > _MUCH_MEMORY else None


def large_moves(values: Floats) -> list[int]:
    """Binary segmentation of values in their standard deviations by the modified BIC."""
    n = len(values)
    spread = float(values.std(ddof=1))
    if spread <= 0.0:
        return []
    sums = np.concatenate(([0.0], np.cumsum((values - values.mean()) / spread)))
    bounds = [0, n]
    while len(bounds) < _MOST_CORROBORATED + 2:
        gain, at = max(_best_gain(sums, a, b) for a, b in pairwise(bounds))
        if gain <= _PENALTY * math.log(n):
            break
        bounds = sorted([*bounds, at])
    return bounds[1:-1]


def _best_gain(sums: Floats, start: int, stop: int) -> tuple[float, int]:
    """Gain of the best division of a stretch, and where."""
    at = np.arange(start + 1, stop)
    if not len(at):
        return -math.inf, start
    left, right, whole = at - start, stop - at, stop - start
    gains = (sums[at] - sums[start]) ** 2 / left + (sums[stop] - sums[at]) ** 2 / right
    gains -= (sums[stop] - sums[start]) ** 2 / whole
    gains -= np.log(left) + np.log(right) - math.log(whole)
    best = int(gains.argmax())
    return float(gains[best]), int(at[best])


def drift_of(values: Floats, points: list[int]) -> Drift | None:
    """Slope that describes a history clearly better than its levels alone; None if none does.

    Notes
    -----
    STATISTICS.md, 9.4, BIC_line + 6 <= BIC_step, with the steps that a slope leaves: those that
    do not improve the fit by 2 ln n + 6 beside a slope go, the least one first, and what remains
    stands for the line. Values are winsorised at 5 robust standard deviations; beside a slope, and
    against a single level, n is the number of independent values that the residuals are worth.
    """
    n = len(values)
    centre, unit = centre_and_unit(values)
    if n < LEAST_LENGTH or unit <= 0.0:
        return None
    held = np.clip((values - centre) / unit, -_REACH_OF_SHAPES, _REACH_OF_SHAPES)
    bounds = [0, *points, n]
    about_levels = np.concatenate([held[a:b] - held[a:b].mean() for a, b in pairwise(bounds)])
    fit = _Fit(held, points)
    worth = fit.worth()
    while fit.points:
        place, increase = fit.least()
        if worth * math.log1p(increase / fit.squares) >= 2.0 * math.log(n) + _CLEARLY:
            break
        fit = _Fit(held, [*fit.points[:place], *fit.points[place + 1 :]])
    worth = float(n) if points else worth
    gain = worth * math.log(max(float(about_levels @ about_levels), _LEAST) / fit.squares)
    if gain < (2 * (len(fit.points) - len(points)) + 1) * math.log(n) + _CLEARLY:
        return None
    return Drift(points=fit.points, slope=fit.slope * unit)


class _Fit:
    """Least squares of a slope beside steps at `points`."""

    def __init__(self, values: Floats, points: list[int]) -> None:
        n = len(values)
        time = (np.arange(n) - (n - 1) / 2.0) / n
        steps = [(np.arange(n) >= point) - (n - point) / n for point in points]
        columns = np.array([time, *steps])
        self._inverse = np.linalg.pinv(columns @ columns.T)
        self._heights = self._inverse @ (columns @ values)
        self._residuals = values - values.mean() - self._heights @ columns
        self.points = points
        self.squares = max(float(self._residuals @ self._residuals), _LEAST)
        self.slope = float(self._heights[0]) / n

    def worth(self) -> float:
        """Independent values that the residuals are worth."""
        correlation = min(max(lag_one(self._residuals), 0.0), _MOST_CORRELATION)
        return len(self._residuals) * (1.0 - correlation) / (1.0 + correlation)

    def least(self) -> tuple[int, float]:
        """The step that is missed least, and by how much the squares grow without it."""
        increases = self._heights[1:] ** 2 / np.diag(self._inverse)[1:]
        place = int(increases.argmin())
        return place, float(increases[place])
