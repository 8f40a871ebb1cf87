"""Where a stretch leaves its level for a while and comes back: what no single division shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from perf_analysis.changes.scan import (
    LEAST_FOR_CORRELATION,
    LEAST_LEVEL,
    correlation_about,
    factor_of,
    normal_scores,
    winsorised,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Shorter stretches have no room for a level, another, and the first again.
LEAST_LENGTH = 20
# Each length that is tried is so much longer than the one before: an end is off by a ninth at most.
_GROWTH = 1.25


class Plateau(NamedTuple):
    """A stretch within a stretch.

    Attributes
    ----------
    start, stop : int
        Values before it, and before what follows it.
    statistic : float
        To be held against `critical.stands_out`, corrected for autocorrelation.
    correlation : float
        Lag-1 correlation about the three levels.
    """

    start: int
    stop: int
    statistic: float
    correlation: float


def best_plateau(values: Floats, *, around: float) -> Plateau | None:
    """Plateau that stands out most from what is before and after it; None without room for one.

    Notes
    -----
    Levin and Kline (1985), Olshen et al. (2004): |S_j - S_i - (j - i) mean| / sqrt(v l (n - l) / n)
    of each stretch of l = j - i values, for lengths that grow by a quarter. The two voters are
    those of `scan` that know a direction: normal scores and winsorised values.
    """
    n = len(values)
    if n < LEAST_LENGTH:
        return None
    scores = normal_scores(values)
    highest, start, length = 0.0, 0, 0
    for width, found in standing_out(np.stack([scores, winsorised(values, scores)])):
        best = int(found.argmax())
        if found.flat[best] > highest:
            highest, length = float(found.flat[best]), width
            start = best % found.shape[-1] + LEAST_LEVEL
    if highest <= 0.0:
        return None
    stop = start + length
    correlation = around
    if n >= LEAST_FOR_CORRELATION:
        correlation = correlation_about(scores, [start, stop])
    return Plateau(start, stop, highest * factor_of(correlation), correlation)


def lengths(n: int) -> list[int]:
    """Lengths of plateaus that are tried amid n values."""
    tried: list[int] = []
    width = float(LEAST_LEVEL)
    while width <= n / 2:
        tried.append(round(width))
        width = max(width * _GROWTH, width + 1.0)
    return tried


def standing_out(scores: Floats) -> Iterator[tuple[int, Floats]]:
    """How far each window of each length stands out from the rest, along the last axis.

    The first window begins, and the last one ends, `LEAST_LEVEL` values within.
    """
    n = scores.shape[-1]
    centred = scores - scores.mean(axis=-1, keepdims=True)
    variance = np.mean(centred**2, axis=-1, keepdims=True)
    sums = np.cumsum(centred, axis=-1) / np.sqrt(np.where(variance > 0.0, variance, 1.0))
    for width in lengths(n):
        inside = sums[..., LEAST_LEVEL - 1 + width : n - LEAST_LEVEL]
        inside = inside - sums[..., LEAST_LEVEL - 1 : n - LEAST_LEVEL - width]
        yield width, np.abs(inside) / math.sqrt(width * (n - width) / n)
