"""When a division is clear enough: critical values of `scan.best_split`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perf_analysis.changes.scan import bonus, cusum, normal_scores, winsorised

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# P(any change point) in a history of independent values.
ALPHA = 0.018
# Quantiles 1 - ALPHA of the statistic of n independent normal values, without and with the bonus of
# the newest: (n, without, with), of `simulate(n, newest=..., seed=n, times=simulations(n))`.
TABLE = (
    (8, 2.433, 2.833),
    (10, 2.607, 3.007),
    (12, 2.74, 3.14),
    (15, 2.827, 3.227),
    (20, 2.963, 3.29),
    (25, 3.055, 3.328),
    (30, 3.107, 3.345),
    (40, 3.177, 3.379),
    (50, 3.246, 3.425),
    (60, 3.258, 3.413),
    (80, 3.325, 3.477),
    (100, 3.358, 3.494),
    (130, 3.401, 3.517),
    (160, 3.426, 3.546),
    (200, 3.453, 3.557),
    (300, 3.468, 3.573),
    (400, 3.533, 3.609),
    (600, 3.549, 3.635),
    (1000, 3.585, 3.671),
    (2000, 3.597, 3.665),
    (5000, 3.664, 3.708),
    (10000, 3.73, 3.768),
    (20000, 3.727, 3.79),
)
_LENGTHS, _WITHOUT, _WITH = (np.array(column) for column in zip(*TABLE, strict=True))
# A tie of more than this share of the values makes the table wrong: permutations decide.
_MOST_TIED = 0.1
_PERMUTATIONS, _MOST_PERMUTED = 1000, 1_000_000
_BATCH = 1_000_000


def exceeds(statistic: float, values: Floats, *, newest: bool) -> bool:
    """Whether a statistic of these values is too high to be chance."""
    limit = critical_value(len(values), newest=newest)
    _, counts = np.unique(values, return_counts=True)
    if counts.max() <= _MOST_TIED * len(values):
        return statistic > limit
    return statistic > limit - 1.0 and statistic > _permuted(values, newest=newest)


def critical_value(n: int, *, newest: bool) -> float:
    """Critical value for n values, linear in ln n between the sizes of the table."""
    column = _WITH if newest else _WITHOUT
    return float(np.interp(np.log(n), np.log(_LENGTHS), column))


def simulations(n: int) -> int:
    """How many simulated series of n values the table is made of."""
    if n <= 200:
        return 40_000
    return 20_000 if n <= 1000 else 5000


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
