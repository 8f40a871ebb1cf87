"""Change points of a series of numbers."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from perf_analysis.changes.effect import difference, ratio, spikes_of
from perf_analysis.changes.model import Better, ChangePoint, Changes, Direction, Level
from perf_analysis.changes.scan import median
from perf_analysis.changes.segment import interval, search, settle
from perf_analysis.changes.structure import drift_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

# Beyond, squares overflow; no measurement in any unit comes near.
LARGEST = 1e150


def find_changes(
    values: Sequence[float | None], *, better: Better | None = None, breaks: Sequence[int] = ()
) -> Changes:
    """Return what happened to the level of a series; the same values give the same answer.

    Parameters
    ----------
    values : sequence of float or None
        One per run, in order. None and what is not finite is a gap.
    better : Better, optional
        The good direction, if there is one.
    breaks : sequence of int
        Indices at which something else begins: each stretch is looked at by itself.

    Raises
    ------
    ValueError
        A value beyond 1e150.

    Notes
    -----
    STATISTICS.md, section 9, with one setting for everything. A change point needs the permission
    of a test (`scan`, `critical`); in a history whose values hang together it must be large beside
    the whole history as well; and where a slope describes the history better than levels alone, it
    is called a drift, and only what stands out from the slope is a change (`structure`).

    Examples
    --------
    >>> found = find_changes([10.0, 10.1, 9.9, 10.2, 10.0, None, 13.0, 13.1, 12.9, 13.2, 13.0])
    >>> [(point.index, point.first, point.last) for point in found.change_points]
    [(6, 5, 6)]
    """
    bounds = sorted({0, len(values), *(at for at in breaks if 0 < at < len(values))})
    parts = [_stretch(values[a:b], a, better) for a, b in pairwise(bounds)]
    return Changes(
        n=sum(part.n for part in parts),
        size=len(values),
        change_points=tuple(point for part in parts for point in part.change_points),
        levels=tuple(level for part in parts for level in part.levels),
        spikes=tuple(index for part in parts for index in part.spikes),
        drift=any(part.drift for part in parts),
    )


def _stretch(values: Sequence[float | None], offset: int, better: Better | None) -> Changes:
    """Changes of a stretch that begins at index `offset`."""
    numbers = np.array([math.nan if value is None else value for value in values], dtype=float)
    places = np.flatnonzero(np.isfinite(numbers))
    kept = numbers[places]
    if not len(kept):
        return Changes(n=0, size=len(values), change_points=(), levels=(), spikes=(), drift=False)
    if np.abs(kept).max() > LARGEST:
        raise ValueError(f"a value beyond {LARGEST:g} cannot be looked at")
    points = settle(kept, search(kept))
    drift = drift_of(kept, points)
    points, slope = (points, 0.0) if drift is None else (drift.points, drift.slope)
    flat = kept - slope * np.arange(len(kept))
    bounds = [0, *points, len(kept)]
    indices = places + offset
    return Changes(
        n=len(kept),
        size=len(values),
        change_points=tuple(
            _point(kept, bounds[place : place + 3], indices, slope, better)
            for place in range(len(points))
        ),
        levels=_levels(
            [kept[a:b] for a, b in pairwise(bounds)],
            [offset, *(int(indices[at]) for at in points), offset + len(values)],
        ),
        spikes=tuple(
            int(indices[a + at]) for a, b in pairwise(bounds) for at in spikes_of(flat[a:b])
        ),
        drift=drift is not None,
    )


def _point(
    kept: Floats,
    window: list[int],
    indices: Indices,
    slope: float,
    better: Better | None,
) -> ChangePoint:
    """Change point amid a window [start, at, stop]; a slope is followed to where it lies."""
    start, at, stop = window
    level = kept[start:stop] - slope * (np.arange(start, stop) - at)
    before, after = level[: at - start], level[at - start :]
    first, last = interval(level, at - start)
    moved = difference(before, after)
    is_up = (moved.estimate or float(after.mean() - before.mean())) > 0.0
    return ChangePoint(
        index=int(indices[at]),
        # a gap just before belongs to the interval
        first=int(indices[start + first - 1]) + 1,
        last=int(indices[start + last]),
        direction=Direction.UP if is_up else Direction.DOWN,
        effect_ratio=ratio(before, after),
        difference=moved,
        before=median(before),
        after=median(after),
        improved=None if better is None else is_up is (better is Better.HIGHER),
    )


def _levels(sides: list[Floats], bounds: list[int]) -> tuple[Level, ...]:
    return tuple(
        Level(start=start, stop=stop, n=len(side), median=median(side))
        for side, (start, stop) in zip(sides, pairwise(bounds), strict=True)
    )
