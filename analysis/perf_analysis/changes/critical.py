"""When a division is clear enough: critical values of `scan.best_split`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from perf_analysis.changes.scan import bonus, cusum, normal_scores, winsorised

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# P(any change point) in a history of independent values.
ALPHA = 0.015
# Quantiles 1 - ALPHA of the statistic of n independent normal values, without and with the bonus of
# the newest: (n, without, with), of `simulate(n, newest=..., seed=n, times=simulations(n))`.
TABLE = (
    (8, 2.456, 2.856),
    (10, 2.611, 3.011),
    (12, 2.762, 3.162),
    (15, 2.869, 3.269),
    (20, 3.002, 3.341),
    (25, 3.087, 3.37),
    (30, 3.147, 3.391),
    (40, 3.226, 3.424),
    (50, 3.296, 3.477),
    (60, 3.302, 3.463),
    (80, 3.37, 3.53),
    (100, 3.413, 3.547),
    (130, 3.445, 3.573),
    (160, 3.482, 3.601),
    (200, 3.51, 3.609),
    (300, 3.527, 3.631),
    (400, 3.581, 3.662),
    (600, 3.607, 3.674),
    (1000, 3.638, 3.707),
    (2000, 3.641, 3.717),
    (5000, 3.706, 3.739),
    (10000, 3.792, 3.837),
    (20000, 3.784, 3.864),
)
_LENGTHS, _WITHOUT, _WITH = (np.array(column) for column in zip(*TABLE, strict=True))
# A tie of more than this share of the values makes the table wrong: permutations decide.
_MOST_TIED = 0.1
# So far below the table no permutation is asked.
_MOST_LOWERED = 1.0
_PERMUTATIONS, _MOST_PERMUTED = 1000, 1_000_000
_BATCH = 1_000_000
_SIMULATIONS = ((200, 40_000), (1000, 20_000), (math.inf, 5000))


def exceeds(statistic: float, values: Floats, *, newest: bool) -> bool:
    """Whether a statistic of these values is too high to be chance."""
    limit = critical_value(len(values), newest=newest)
    if statistic <= limit - _MOST_LOWERED:
        return False
    _, counts = np.unique(values, return_counts=True)
    if counts.max() <= _MOST_TIED * len(values):
        return statistic > limit
    return statistic > _permuted(values, newest=newest)


def critical_value(n: int, *, newest: bool) -> float:
    """Critical value for n values, linear in ln n between the sizes of the table."""
    column = _WITH if newest else _WITHOUT
    return float(np.interp(np.log(n), np.log(_LENGTHS), column))


def simulations(n: int) -> int:
    """How many simulated series of n values the table is made of."""
    return next(times for longest, times in _SIMULATIONS if n <= longest)


def simulate(n: int, *, newest: bool, seed: int, times: int) -> Floats:
    """Statistics of `times` series of n independent normal values, ascending."""
    rng = np.random.default_rng(seed)
    found: list[Floats] = []
    size = max(1, _BATCH // n)
    for start in range(0, times, size):
        rows = rng.standard_normal((min(size, times - start), n))
        scores = np.array([normal_scores(row) for row in rows])
        others = np.array([winsorised(row, row) for row in rows])
        found.append(_highest([scores, others], newest=newest))
    return np.sort(np.concatenate(found))


def _permuted(values: Floats, *, newest: bool) -> float:
    """Critical value by permutations of the values themselves; the same ones each time."""
    n = len(values)
    scores = normal_scores(values)
    others = winsorised(values, scores)
    times = max(200, min(_PERMUTATIONS, _MOST_PERMUTED // n))
    orders = np.random.default_rng(n).permuted(np.tile(np.arange(n), (times, 1)), axis=1)
    highest = _highest([scores[orders], others[orders]], newest=newest)
    return float(np.quantile(highest, 1.0 - ALPHA, method="higher"))


def _highest(voters: list[Floats], *, newest: bool) -> Floats:
    added = bonus(voters[0].shape[1], newest=newest)
    highest: Floats = np.max([(cusum(one) + added).max(axis=1) for one in voters], axis=0)
    return highest
