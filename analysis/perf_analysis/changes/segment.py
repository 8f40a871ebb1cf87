"""All change points of a stretch: by recursion, then each looked at between its neighbours."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from perf_analysis.changes.critical import exceeds, stands_out
from perf_analysis.changes.plateau import best_plateau
from perf_analysis.changes.scan import LEAST_LENGTH, best_split
from perf_analysis.changes.structure import NEAR, corroborating

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from perf_analysis.changes.scan import Split

    Floats = NDArray[np.float64]

# -2 ln(1 - sqrt(0.95)): quantile of the likelihood ratio of where a change is (Hansen, 2000)
_LIKELIHOOD_RATIO = 7.35
_LEAST_LEFT = 1e-12


def search(values: Floats) -> list[int]:
    """Change points by recursion: a stretch is divided where a test allows it, then both parts.

    The test of the whole stretch comes first, so that its error rate is that of the search.
    """
    large = corroborating(values)
    found: list[int] = []
    pending = [(0, len(values), 0.0)]
    while pending:
        start, stop, around = pending.pop()
        if not _has_any(large, start, stop):
            continue
        stretch = values[start:stop]
        newest = stop == len(values)
        split = best_split(stretch, newest=newest, around=around)
        if split is None:
            continue
        points, correlation = [start + split.at], split.correlation
        if not _is_allowed(split, stretch, newest=newest):
            plateau = best_plateau(stretch, around=around)
            if plateau is None or not stands_out(plateau.statistic, stretch):
                continue
            points = [start + plateau.start, start + plateau.stop]
            correlation = plateau.correlation
        found += points
        pending += [(a, b, correlation) for a, b in pairwise([start, *points, stop])]
    return sorted(at for at in found if _has_any(large, at, at))


def _has_any(large: list[int] | None, start: int, stop: int) -> bool:
    """Whether a large move is near, where one is asked for."""
    return large is None or any(start - NEAR <= at <= stop + NEAR for at in large)


def settle(values: Floats, points: list[int]) -> list[int]:
    """Each change point where it lies best between its neighbours; those that do not hold go."""
    settled = list(points)
    known: dict[tuple[int, int], _Best] = {}
    while settled:
        weak = [
            (best.strength, place)
            for place in range(len(settled))
            for best in [_best(values, _window(values, settled, place), known)]
            if not best.holds
        ]
        if not weak:
            break
        del settled[min(weak)[1]]
    for place in range(len(settled)):
        # one after the other: a moved point bounds the next one
        best = _best(values, _window(values, settled, place), known)
        if best.at is not None:
            settled[place] = best.at
    return settled


def interval(values: Floats, at: int) -> tuple[int, int]:
    """First and last position of a change point amid two levels, with 95 % confidence.

    Notes
    -----
    STATISTICS.md, 9.5: with lr_k = -n ln(1 - T_k^2 / n), all k with lr_max - lr_k <= 7.35.
    """
    split = best_split(values, newest=False, around=0.0)
    if split is None:
        return at, at
    n = len(values)
    ratios = -n * np.log1p(-np.minimum(split.profile**2 / n, 1.0 - _LEAST_LEFT))
    likely = np.flatnonzero(ratios.max() - ratios <= _LIKELIHOOD_RATIO) + 1
    return min(at, int(likely[0])), max(at, int(likely[-1]))


def _window(values: Floats, points: list[int], place: int) -> tuple[int, int]:
    bounds = [0, *points, len(values)]
    return bounds[place], bounds[place + 2]


class _Best(NamedTuple):
    """Best division of a window: how strong, whether it may be one, and where."""

    strength: float
    holds: bool
    at: int | None


def _best(values: Floats, window: tuple[int, int], known: dict[tuple[int, int], _Best]) -> _Best:
    """Best division of a window; looked up if known."""
    if window not in known:
        start, stop = window
        newest = stop == len(values)
        split = best_split(values[start:stop], newest=newest, around=0.0)
        if split is None:
            known[window] = _Best(0.0, holds=False, at=None)
        else:
            # too short a window for a test: what the recursion allowed stays
            holds = stop - start < LEAST_LENGTH or _is_allowed(
                split, values[start:stop], newest=newest
            )
            known[window] = _Best(split.statistic, holds, start + split.at)
    return known[window]


def _is_allowed(split: Split, stretch: Floats, *, newest: bool) -> bool:
    if len(stretch) < LEAST_LENGTH or not math.isfinite(split.statistic):
        return False
    return exceeds(split.statistic, stretch, newest=newest)
