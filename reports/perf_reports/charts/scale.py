"""Ticks at round values, on linear and logarithmic axes."""

from __future__ import annotations

import math
from itertools import takewhile

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_PER_DECADE = (1.0, 2.0, 5.0)
_MOST_LABELS = 7


def linear(highest: float, intervals: int = 5) -> list[float]:
    """Return round ticks from 0 to the first one at or above `highest`.

    Examples
    --------
    >>> linear(103.0)
    [0.0, 25.0, 50.0, 75.0, 100.0, 125.0]
    """
    if not highest > 0:
        return [0.0, 1.0]
    rough = highest / intervals
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(scale * s for s in _STEPS if scale * s >= rough * (1.0 - 1e-9))
    return [step * number for number in range(math.ceil(highest / step - 1e-9) + 1)]


def signed(lowest: float, highest: float, intervals: int = 6) -> list[float]:
    """Return round ticks around 0 that enclose both ends.

    Examples
    --------
    >>> signed(-6.0, 13.0)
    [-10.0, -5.0, 0.0, 5.0, 10.0, 15.0]
    """
    reach = max(highest - lowest, 1e-9)
    step = linear(reach, intervals)[1]
    first, last = math.floor(lowest / step + 1e-9), math.ceil(highest / step - 1e-9)
    return [step * number for number in range(min(first, 0), max(last, 0, first + 1) + 1)]


def logarithmic(lowest: float, highest: float) -> list[float]:
    """Return ticks at 1, 2 and 5 of each decade that enclose the values, or at whole decades.

    Examples
    --------
    >>> logarithmic(3.0, 60.0)
    [2.0, 5.0, 10.0, 20.0, 50.0, 100.0]
    """
    # a decade to spare on both sides: just below a power of ten, log10 rounds up to it
    first = math.floor(math.log10(lowest)) - 1
    last = math.ceil(math.log10(highest)) + 2
    grid = [step * 10.0**decade for decade in range(first, last) for step in _PER_DECADE]
    inside = _enclosing(grid, lowest, highest)
    if len(inside) > _MOST_LABELS:
        inside = _enclosing([10.0**decade for decade in range(first, last)], lowest, highest)
    return [float(f"{tick:.3g}") for tick in inside]


def top(highest: float) -> float:
    """Return the end of a linear axis: a little room above the highest value."""
    return highest * 1.08 if highest > 0 else 1.0


def labels(ticks: list[float]) -> list[str]:
    """Return ticks as text: `0`, `2.5`, `1,000`."""
    return [f"{tick:,.12g}" for tick in ticks]


def _enclosing(grid: list[float], lowest: float, highest: float) -> list[float]:
    below = len(list(takewhile(lambda tick: tick <= lowest, grid)))
    above = len(list(takewhile(lambda tick: tick < highest, grid)))
    return grid[max(0, below - 1) : max(above, below) + 1]
