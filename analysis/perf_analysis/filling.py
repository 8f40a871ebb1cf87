"""Histograms while they are being filled: one sample at a time, or kept and counted together."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from typing import TYPE_CHECKING

from perf_analysis.grid import (
    BUCKETS,
    BUCKETS_PER_OCTAVE,
    LARGEST_S,
    Split,
    bucket_edges_s,
    bucket_index,
)
from perf_analysis.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Iterable

# The bits of a float below these seven of its mantissa say nothing about its bucket; see `fold`.
_SHIFT = 52 - 7
_FIRST = 1023 * BUCKETS_PER_OCTAVE


class HistogramBuilder:
    """A histogram while it is being filled.

    Attributes
    ----------
    keep : callable
        Takes one duration in seconds that is known to be in [0, `LARGEST_S`), at the price of a
        place in a list. It is counted later, with many others, which costs less than half.
    """

    __slots__ = (
        "_kept", "_limits_by_bucket", "counts", "keep", "max_s", "min_s", "splits", "sum_s",
    )  # fmt: skip

    def __init__(self, limits_s: Iterable[float] = ()) -> None:
        self.counts: dict[int, int] = {}
        self.sum_s = 0.0
        self.min_s = math.inf
        self.max_s = -math.inf
        self.splits: dict[float, list[int]] = {}
        self._kept: list[float] = []
        self.keep = self._kept.append
        self._limits_by_bucket: dict[int, list[float]] = {}
        for limit_s in limits_s:
            self._limits_by_bucket.setdefault(bucket_index(limit_s), []).append(limit_s)

    def add(self, value_s: float) -> None:
        """Count one duration in seconds.

        Raises
        ------
        ValueError
            If it is not finite and in [0, `LARGEST_S`).
        """
        if not 0.0 <= value_s < LARGEST_S:
            raise ValueError(f"a duration lies in [0, {LARGEST_S:.0f}) s, not at {value_s}")
        index = bucket_index(value_s)
        self.counts[index] = self.counts.get(index, 0) + 1
        self.sum_s += value_s
        self.min_s, self.max_s = min(self.min_s, value_s), max(self.max_s, value_s)
        if index in self._limits_by_bucket:
            self._split(index, value_s)

    def _split(self, index: int, value_s: float) -> None:
        """Count a sample exactly beside the limits of its bucket."""
        for limit_s in self._limits_by_bucket[index]:
            split = self.splits.setdefault(limit_s, [0, 0])
            if value_s < limit_s:
                split[0] += 1
            elif value_s == limit_s:
                split[1] += 1

    def __bool__(self) -> bool:
        """Whether there are samples."""
        return bool(self.counts or self._kept)

    def fold(self, most: int | None = None) -> bool:
        """Count what was kept, at most so many samples; return whether some are left.

        Notes
        -----
        A float of 1 and more, by its bits, is 1023 and its octave, then its mantissa: the first
        seven bits of that are the bucket's place in the octave, as in `bucket_index`.
        """
        values = self._kept[:most]
        del self._kept[:most]
        if not values:
            return False
        us = array("d", [value_s * 1e6 + 0.0 for value_s in values])  # no -0.0
        counts = self.counts
        found = Counter([bits >> _SHIFT for bits in array("Q", us.tobytes())])
        for place, count in found.items():
            index = place - _FIRST
            if not 0 <= index < BUCKETS:
                index = 0 if index < 0 else BUCKETS - 1
            counts[index] = counts.get(index, 0) + count
        self.sum_s += math.fsum(values)
        least_s, most_s = min(values), max(values)
        self.min_s, self.max_s = min(self.min_s, least_s), max(self.max_s, most_s)
        for index in self._limits_by_bucket:
            if index in counts:
                lower_s, upper_s = bucket_edges_s(index)
                for value_s in [one for one in values if lower_s <= one < upper_s]:
                    self._split(index, value_s)
        return bool(self._kept)

    def freeze(self) -> Histogram:
        """Return what was counted so far, immutable."""
        self.fold()
        return Histogram(
            counts=dict(sorted(self.counts.items())),
            sum_s=self.sum_s,
            min_s=self.min_s,
            max_s=self.max_s,
            splits={limit: Split(below=b, equal=e) for limit, (b, e) in self.splits.items()},
        )


def build(values_s: Iterable[float], limits_s: Iterable[float] = ()) -> Histogram:
    """Histogram of durations in seconds, exact beside the given limits."""
    builder = HistogramBuilder(limits_s)
    for value_s in values_s:
        builder.add(value_s)
    return builder.freeze()
