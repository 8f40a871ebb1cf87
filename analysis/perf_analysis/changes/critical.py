"""When a division is clear enough: critical values of `scan.best_split`."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from perf_analysis.changes.plateau import standing_out
from perf_analysis.changes.scan import bonus, normal_scores, vote, winsorised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# P(any division) in a history of independent values.
ALPHA = 0.015
# Quantiles 1 - ALPHA of the statistic of n independent normal values, without and with the bonus of
# the newest: (n, without, with), of `simulate(n, newest=..., seed=n, times=simulations(n))`.
TABLE = (
    (8, 2.464, 2.864),
    (10, 2.607, 3.007),
    (12, 2.772, 3.172),
    (15, 2.857, 3.257),
    (20, 3.008, 3.341),
    (25, 3.087, 3.379),
    (30, 3.148, 3.391),
    (40, 3.25, 3.438),
    (50, 3.31, 3.487),
    (60, 3.321, 3.488),
    (80, 3.417, 3.56),
    (100, 3.461, 3.593),
    (130, 3.512, 3.651),
    (160, 3.569, 3.671),
    (200, 3.577, 3.685),
    (300, 3.631, 3.755),
    (400, 3.672, 3.759),
    (600, 3.694, 3.79),
    (1000, 3.703, 3.806),
    (2000, 3.771, 3.819),
    (5000, 3.774, 3.839),
    (10000, 3.917, 3.956),
    (20000, 3.917, 3.968),
)
_LENGTHS, _WITHOUT, _WITH = (np.array(column) for column in zip(*TABLE, strict=True))
# P(any plateau) in a history of independent values in which no division is allowed.
PLATEAU_ALPHA = 0.004
# Quantiles 1 - PLATEAU_ALPHA of `simulate_plateaus(n, seed=n, times=...)`: `simulations(n)` times
# up to 1,000 values, 2,000 times up to 5,000, 500 times beyond.
PLATEAUS = (
    (20, 3.406),
    (25, 3.565),
    (30, 3.699),
    (40, 3.887),
    (50, 4.009),
    (60, 4.109),
    (80, 4.192),
    (100, 4.265),
    (130, 4.373),
    (160, 4.464),
    (200, 4.48),
    (300, 4.623),
    (400, 4.682),
    (600, 4.86),
    (1000, 4.919),
    (2000, 5.185),
    (5000, 5.299),
    (10000, 5.315),
    (20000, 5.499),
)
_PLATEAU_LENGTHS, _PLATEAU_VALUES = (np.array(column) for column in zip(*PLATEAUS, strict=True))
# A tie of more than this share of the values makes the table wrong: permutations decide.
_MOST_TIED = 0.1
# So far below the table no permutation is asked.
_MOST_LOWERED = 1.0
_PERMUTATIONS, _MOST_PERMUTED, _PERMUTED_AT_ONCE = 1000, 500_000, 10_000
_BATCH = 1_000_000
_SIMULATIONS = ((200, 20_000), (1000, 10_000), (math.inf, 5000))


def exceeds(statistic: float, values: Floats, *, newest: bool) -> bool:
    """Whether a statistic of these values is too high to be chance."""
    limit = critical_value(len(values), newest=newest)
    if statistic <= limit - _MOST_LOWERED:
        return False
    _, counts = np.unique(values, return_counts=True)
    if counts.max() <= _MOST_TIED * len(values):
        return statistic > limit
    highest = partial(_highest, newest=newest)
    return _is_rare(statistic, values, highest, ALPHA)


def critical_value(n: int, *, newest: bool) -> float:
    """Critical value for n values, linear in ln n between the sizes of the table."""
    column = _WITH if newest else _WITHOUT
    return float(np.interp(np.log(n), np.log(_LENGTHS), column))


def stands_out(statistic: float, values: Floats) -> bool:
    """Whether the statistic of a plateau amid these values is too high to be chance."""
    limit = float(np.interp(np.log(len(values)), np.log(_PLATEAU_LENGTHS), _PLATEAU_VALUES))
    if statistic <= limit - _MOST_LOWERED:
        return False
    _, counts = np.unique(values, return_counts=True)
    if counts.max() <= _MOST_TIED * len(values):
        return statistic > limit
    return _is_rare(statistic, values, _highest_plateau, PLATEAU_ALPHA)


def simulations(n: int) -> int:
    """How many simulated series of n values the table is made of."""
    return next(times for longest, times in _SIMULATIONS if n <= longest)


def simulate(n: int, *, newest: bool, seed: int, times: int) -> Floats:
    """Statistics of `times` series of n independent normal values, ascending."""
    drawn = _drawn(n, seed, times)
    return np.sort(np.concatenate([_highest(*rows, newest=newest) for rows in drawn]))


def simulate_plateaus(n: int, *, seed: int, times: int) -> Floats:
    """The same for plateaus."""
    drawn = _drawn(n, seed, times)
    return np.sort(np.concatenate([_highest_plateau(*rows) for rows in drawn]))


def _drawn(n: int, seed: int, times: int) -> Iterator[tuple[Floats, Floats]]:
    """Normal scores and winsorised values of series of n independent normal values, in batches."""
    rng = np.random.default_rng(seed)
    size = max(1, _BATCH // n)
    for start in range(0, times, size):
        rows = rng.standard_normal((min(size, times - start), n))
        scores = np.array([normal_scores(row) for row in rows])
        yield scores, np.array([winsorised(row, row) for row in rows])


def _is_rare(
    statistic: float, values: Floats, highest: Callable[[Floats, Floats], Floats], alpha: float
) -> bool:
    """Whether a statistic is above the quantile 1 - `alpha` of permutations of the values.

    The same permutations each time; no more of them than it takes to say that it is not.
    """
    n = len(values)
    times = max(200, min(_PERMUTATIONS, _MOST_PERMUTED // n))
    # so many may reach it: the quantile is the next higher of the sorted ones
    spare = times - 1 - math.ceil((times - 1) * (1.0 - alpha))
    scores = normal_scores(values)
    others = winsorised(values, scores)
    rng = np.random.default_rng(n)
    size = max(1, _PERMUTED_AT_ONCE // n)
    reached = 0
    for start in range(0, times, size):
        orders = np.tile(np.arange(n), (min(size, times - start), 1))
        orders = rng.permuted(orders, axis=1)
        reached += int(np.sum(highest(scores[orders], others[orders]) >= statistic))
        if reached > spare:
            return False
    return True


def _highest(scores: Floats, clipped: Floats, *, newest: bool) -> Floats:
    raised = vote(scores, clipped) + bonus(scores.shape[1], newest=newest)
    highest: Floats = raised.max(axis=(1, 2))
    return highest


def _highest_plateau(scores: Floats, clipped: Floats) -> Floats:
    highest = np.zeros(len(scores))
    for voter in (scores, clipped):
        for _, found in standing_out(voter):
            highest = np.maximum(highest, found.max(axis=1))
    return highest
