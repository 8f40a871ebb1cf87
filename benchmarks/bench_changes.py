"""How long it takes to find the change points of one long series: `make bench`.

Counted in the time of the processor, so that a busy neighbour does not count.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from perf_analysis.changes import find_changes

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

POINTS, TARGET_S = 3446, 0.1
LONG, LONG_S = 10_000, 0.2
pytestmark = pytest.mark.benchmark(timer=time.process_time)


def levels(n: int, every: int) -> list[float]:
    """Normal values whose level moves by three standard deviations now and then."""
    rng = np.random.default_rng(1)
    values = 100.0 + rng.standard_normal(n)
    for place in range(every, n, every):
        values[place:] += 3.0 * rng.choice([-1.0, 1.0])
    return [float(value) for value in values]


@pytest.mark.parametrize(
    ("n", "every", "target_s"),
    [(POINTS, POINTS, TARGET_S), (POINTS, 400, TARGET_S), (LONG, 1000, LONG_S)],
)
def bench_long_series(benchmark: BenchmarkFixture, n: int, every: int, target_s: float) -> None:
    found = benchmark(find_changes, levels(n, every))
    assert abs(len(found.change_points) - (n - 1) // every) <= 1
    assert benchmark.stats is not None
    assert benchmark.stats["min"] <= target_s


def bench_random_walk(benchmark: BenchmarkFixture) -> None:
    walk = np.cumsum(np.random.default_rng(2).standard_normal(POINTS))
    benchmark(find_changes, walk.tolist())
    assert benchmark.stats is not None
    assert benchmark.stats["min"] <= TARGET_S
