"""Counts of durations in log-linear buckets: merged without loss, asked for quantiles."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BUCKETS_PER_OCTAVE = 128
OCTAVES = 32
BUCKETS = BUCKETS_PER_OCTAVE * OCTAVES
SMALLEST_S = 1e-6
LARGEST_S = 2.0**OCTAVES * 1e-6


def bucket_index(value_s: float) -> int:
    """Bucket that holds a duration.

    Parameters
    ----------
    value_s : float
        Seconds, finite, 0 <= value < `LARGEST_S`.

    Returns
    -------
    int
        0 .. `BUCKETS` - 1; durations under 1 us lie in bucket 0.

    Notes
    -----
    With v in us written m * 2**e, m in [1/2, 1): 128 * (e - 1) + floor(256 * (m - 1/2)). Bucket
    (o, j) is [2**o * (1 + j/128), 2**o * (1 + (j+1)/128)) us, so a midpoint errs by at most 1/256.
    The recorder's hot path inlines this; a test compares both at every edge.
    """
    mantissa, exponent = math.frexp(value_s * 1e6)
    if exponent < 1:
        return 0
    return min(BUCKETS_PER_OCTAVE * (exponent - 1) + int(256.0 * (mantissa - 0.5)), BUCKETS - 1)


def bucket_edges_s(index: int) -> tuple[float, float]:
    """Lower (inclusive) and upper (exclusive) edge of a bucket, in seconds."""
    octave, step = divmod(index, BUCKETS_PER_OCTAVE)
    lower = math.ldexp(1.0 + step / BUCKETS_PER_OCTAVE, octave) * 1e-6
    upper = math.ldexp(1.0 + (step + 1) / BUCKETS_PER_OCTAVE, octave) * 1e-6
    return (0.0 if index == 0 else lower), upper


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Exact counts in a limit's own bucket: samples below the limit, and equal to it."""

    below: int
    equal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Immutable sparse counts of durations.

    Attributes
    ----------
    counts : mapping of int to int
        Bucket index to number of samples (> 0), ascending by index.
    sum_s, min_s, max_s : float
        Exact sum, minimum and maximum in seconds; 0, inf and -inf of no samples.
    splits : mapping of float to Split
        For limits (seconds) that the recorder knew: how the samples of the limit's bucket lie.
        A limit whose bucket is empty needs none.
    """

    counts: Mapping[int, int] = field(default_factory=dict)
    sum_s: float = 0.0
    min_s: float = math.inf
    max_s: float = -math.inf
    splits: Mapping[float, Split] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Number of samples."""
        return sum(self.counts.values())

    @property
    def mean_s(self) -> float | None:
        """Mean in seconds; None of no samples."""
        n = self.n
        return self.sum_s / n if n else None

    def order_bounds_s(self, ranks: Iterable[int]) -> list[tuple[float, float]]:
        """Bounds of order statistics.

        Parameters
        ----------
        ranks : iterable of int
            0-based ranks, each 0 <= k < n.

        Returns
        -------
        list of (float, float)
            Edges of the bucket of each order statistic, clipped to [min, max], seconds.

        Raises
        ------
        ValueError
            If a rank is outside the sample.
        """
        indices = list(self.counts)
        cumulative = list(accumulate(self.counts.values()))
        bounds: list[tuple[float, float]] = []
        for rank in ranks:
            place = bisect_right(cumulative, rank)
            if rank < 0 or place == len(indices):
                raise ValueError(f"rank {rank} is outside a sample of {self.n}")
            lower, upper = bucket_edges_s(indices[place])
            bounds.append((max(lower, self.min_s), min(upper, self.max_s)))
        return bounds

    def quantile_s(self, q: float) -> float | None:
        """Quantile by linear interpolation between order statistics.

        Parameters
        ----------
        q : float
            In [0, 1].

        Returns
        -------
        float or None
            Seconds; None of no samples. An order statistic is its bucket's midpoint clipped to
            [min, max].

        Notes
        -----
        h = q (n - 1), g = h - floor(h), Q = (1 - g) x(floor h) + g x(ceil h): type 7 of Hyndman and
        Fan, the rule of k6.

        References
        ----------
        Hyndman, Fan (1996), "Sample Quantiles in Statistical Packages", definition 7.

        Examples
        --------
        >>> merge([build([0.1, 0.2]), build([0.3])]).quantile_s(1.0)
        0.3
        """
        if not 0.0 <= q <= 1.0:
            raise ValueError(f"a quantile lies in [0, 1], not at {q}")
        n = self.n
        if n == 0:
            return None
        h = q * (n - 1)
        low, high = math.floor(h), math.ceil(h)
        values = [self._midpoint_s(bounds) for bounds in self.order_bounds_s((low, high))]
        if low in (0, n - 1):
            values[0] = self.min_s if low == 0 else self.max_s
        if high in (0, n - 1):
            values[1] = self.min_s if high == 0 else self.max_s
        weight = h - low
        return values[0] if low == high else (1.0 - weight) * values[0] + weight * values[1]

    def count_below(self, limit_s: float) -> tuple[int, int] | None:
        """Exact numbers of samples below, and equal to, a limit.

        Returns
        -------
        (int, int) or None
            None if the limit's bucket holds samples whose side was not recorded.
        """
        bucket = bucket_index(limit_s)
        under = sum(count for index, count in self.counts.items() if index < bucket)
        if bucket not in self.counts:
            return under, 0
        split = self.splits.get(limit_s)
        return None if split is None else (under + split.below, split.equal)

    def _midpoint_s(self, bounds: tuple[float, float]) -> float:
        return (bounds[0] + bounds[1]) / 2.0


class HistogramBuilder:
    """A histogram while it is being filled; one bucket update a sample."""

    __slots__ = ("_limits_by_bucket", "counts", "max_s", "min_s", "splits", "sum_s")

    def __init__(self, limits_s: Iterable[float] = ()) -> None:
        self.counts: dict[int, int] = {}
        self.sum_s = 0.0
        self.min_s = math.inf
        self.max_s = -math.inf
        self.splits: dict[float, list[int]] = {}
        self._limits_by_bucket: dict[int, list[float]] = {}
        for limit_s in limits_s:
            self._limits_by_bucket.setdefault(bucket_index(limit_s), []).append(limit_s)

    def add(self, value_s: float) -> None:
        """Count one duration in seconds, finite and in [0, `LARGEST_S`)."""
        index = bucket_index(value_s)
        self.counts[index] = self.counts.get(index, 0) + 1
        self.sum_s += value_s
        self.min_s = min(self.min_s, value_s)
        self.max_s = max(self.max_s, value_s)
        for limit_s in self._limits_by_bucket.get(index, ()):
            split = self.splits.setdefault(limit_s, [0, 0])
            if value_s < limit_s:
                split[0] += 1
            elif value_s == limit_s:
                split[1] += 1

    def freeze(self) -> Histogram:
        """Return what was counted so far, immutable."""
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


def merge(parts: Iterable[Histogram]) -> Histogram:
    """Sum of histograms: associative, commutative and, but for the rounding of sums, loss-free.

    A limit's split survives if every part with samples in the limit's bucket recorded it.
    """
    kept = [part for part in parts if part.counts]
    if len(kept) == 1:
        return kept[0]
    counts: dict[int, int] = {}
    for part in kept:
        for index, count in part.counts.items():
            counts[index] = counts.get(index, 0) + count
    splits: dict[float, Split] = {}
    for limit_s in {limit for part in kept for limit in part.splits}:
        bucket = bucket_index(limit_s)
        touched = [part for part in kept if bucket in part.counts]
        if all(limit_s in part.splits for part in touched):
            splits[limit_s] = Split(
                below=sum(part.splits[limit_s].below for part in touched),
                equal=sum(part.splits[limit_s].equal for part in touched),
            )
    return Histogram(
        counts=dict(sorted(counts.items())),
        sum_s=math.fsum(part.sum_s for part in kept),
        min_s=min((part.min_s for part in kept), default=math.inf),
        max_s=max((part.max_s for part in kept), default=-math.inf),
        splits=dict(sorted(splits.items())),
    )
