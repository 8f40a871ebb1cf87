"""Series whose change points are known, and how often they are found or made up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from perf_analysis.changes import find_changes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Generator = np.random.Generator
    Floats = NDArray[np.float64]

LEVEL = 100.0
_HISTORIES = Path(__file__).parents[1] / "data/histories.json"


def points_in(values: Floats) -> list[int]:
    """Indices of the change points that are found."""
    return [point.index for point in find_changes(values.tolist()).change_points]


def independent(rng: Generator, n: int) -> Floats:
    """Normal values about one level."""
    return LEVEL + rng.standard_normal(n)


def spiked(rng: Generator, n: int) -> Floats:
    """The same, 3 % of them ten standard deviations higher."""
    return independent(rng, n) + 10.0 * (rng.random(n) < 0.03)


def heavy_tailed(rng: Generator, n: int) -> Floats:
    """Values of Student's t with two degrees of freedom."""
    return LEVEL + rng.standard_t(2, n)


def log_normal(rng: Generator, n: int) -> Floats:
    """Log-normal values, sigma one half."""
    return LEVEL * np.exp(0.5 * rng.standard_normal(n))


def tied(rng: Generator, n: int) -> Floats:
    """Zeros and, of 100, two ones: what a share of failures looks like."""
    return (rng.random(n) < 0.02).astype(float)


def remembering(rng: Generator, n: int, memory: float = 0.3) -> Floats:
    """Autoregressive values of unit variance about one level."""
    values = rng.standard_normal(n)
    for place in range(1, n):
        values[place] = memory * values[place - 1] + values[place] * np.sqrt(1.0 - memory**2)
    return LEVEL + values


def alarms(make: Callable[[Generator, int], Floats], n: int, times: int, seed: int = 1) -> float:
    """Share of series without any change in which one is found."""
    rng = np.random.default_rng(seed)
    return sum(bool(points_in(make(rng, n))) for _ in range(times)) / times


def found_soon(size: float, later: int, times: int, seed: int = 2) -> float:
    """Share of steps after 50 values found within 2, when `later` values have followed."""
    rng = np.random.default_rng(seed)
    hits = 0
    for _ in range(times):
        values = independent(rng, 50 + later)
        values[50:] += size
        hits += any(abs(point - 50) <= 2 for point in points_in(values))
    return hits / times


def intervals(size: float, times: int, seed: int = 3) -> tuple[float, float]:
    """Of steps amid 100 values that are found: intervals that hold them, and the mean width."""
    rng = np.random.default_rng(seed)
    held: list[bool] = []
    widths: list[int] = []
    for _ in range(times):
        values = independent(rng, 100)
        values[50:] += size
        points = find_changes(values.tolist()).change_points
        if len(points) == 1:
            held.append(points[0].first <= 50 <= points[0].last)
            widths.append(points[0].last - points[0].first + 1)
    return sum(held) / len(held), sum(widths) / len(widths)


@dataclass(frozen=True, slots=True)
class Injected:
    """What became of steps put into real histories.

    Attributes
    ----------
    recall, precision : float
        Steps found within 3, and findings that are such steps.
    alarms : float
        Histories, in an order of chance and without a step, in which something is found.
    """

    recall: float
    precision: float
    alarms: float


@cache
def histories() -> tuple[tuple[float, ...], ...]:
    """Real histories of 100 runs."""
    return tuple(tuple(item["values"]) for item in json.loads(_HISTORIES.read_text()))


def injected(rise: float, times: int, seed: int = 4) -> Injected:
    """Permute each real history `times` times, with and without a step at a place of chance."""
    rng = np.random.default_rng(seed)
    hits = findings = false = tried = 0
    for history in histories():
        for _ in range(times):
            values = rng.permutation(np.array(history))
            false += bool(points_in(values))
            place = int(rng.integers(10, len(values) - 9))
            values[place:] *= rise
            points = points_in(values)
            hits += any(abs(point - place) <= 3 for point in points)
            findings += len(points)
            tried += 1
    return Injected(hits / tried, hits / max(1, findings), false / tried)


# P(any change point) in a history without one; the bounds of n = 100 are those that are promised
NULLS = (
    ("independent", independent, 100, 0.025),
    ("3 % spikes", spiked, 100, 0.025),
    ("AR(0.3)", remembering, 100, 0.08),
    ("AR(0.3)", remembering, 50, 0.11),
    ("Student's t, 2 degrees", heavy_tailed, 100, 0.03),
    ("log-normal, sigma 0.5", log_normal, 100, 0.03),
    ("2 % ones among zeros", tied, 100, 0.03),
    ("independent", independent, 30, 0.025),
    ("independent", independent, 200, 0.025),
)
# size in standard deviations, values since, share found within 2
STEPS = ((2.0, 5, 0.72), (3.0, 5, 0.95), (2.0, 8, 0.84), (3.0, 8, 0.96))
# rise at a random place of a real history, recall, precision
RISES = ((1.1, 0.50, 0.69), (1.2, 0.70, 0.75))
