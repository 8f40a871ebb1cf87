"""Counts of durations in log-linear buckets: merged without loss, asked for quantiles."""

from __future__ import annotations

import math
import operator
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from perf_analysis.grid import (
    BUCKETS,
    BUCKETS_PER_OCTAVE,
    LARGEST_S,
    OCTAVES,
    SMALLEST_S,
    Split,
    bucket_edges_s,
    bucket_index,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "BUCKETS", "BUCKETS_PER_OCTAVE", "LARGEST_S", "OCTAVES", "SMALLEST_S", "Histogram", "Split",
    "bucket_edges_s", "bucket_index", "merge",
]  # fmt: skip


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
    zeros : int
        How many samples of bucket 0 are known to be 0 exactly.
    """

    counts: Mapping[int, int] = field(default_factory=dict)
    sum_s: float = 0.0
    min_s: float = math.inf
    max_s: float = -math.inf
    splits: Mapping[float, Split] = field(default_factory=dict)
    zeros: int = 0

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
            Least and greatest value that each order statistic can have, in seconds: the first and
            the last float of its bucket, clipped to [min, max]. Rank 0 is the minimum and rank
            n - 1 the maximum, both exactly.

        Raises
        ------
        ValueError
            If a rank is outside the sample.
        """
        indices = list(self.counts)
        cumulative = list(accumulate(self.counts.values()))
        n = cumulative[-1] if cumulative else 0
        bounds: list[tuple[float, float]] = []
        for rank in ranks:
            if not 0 <= rank < n:
                raise ValueError(f"rank {rank} is outside a sample of {n}")
            if rank in {0, n - 1}:
                exact = self.min_s if rank == 0 else self.max_s
                bounds.append((exact, exact))
                continue
            lower, upper = bucket_edges_s(indices[bisect_right(cumulative, rank)])
            last = math.nextafter(upper, 0.0) if rank >= self.zeros else 0.0
            bounds.append((max(lower, self.min_s), min(last, self.max_s)))
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
        >>> from perf_analysis.filling import build
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
        bounds = self.order_bounds_s((low, high))
        below, above = (lower + (upper - lower) / 2.0 for lower, upper in bounds)
        # written so that equal neighbours give their own value, without a rounding
        return below + (h - low) * (above - below)

    def count_below(self, limit_s: float) -> tuple[int, int] | None:
        """Exact numbers of samples below, and equal to, a limit.

        Returns
        -------
        (int, int) or None
            None if the limit's bucket holds samples whose side was not recorded.

        Examples
        --------
        >>> from perf_analysis.filling import build
        >>> build([0.1, 0.2, 0.3], limits_s=[0.2]).count_below(0.2)
        (1, 1)
        """
        if limit_s < 0.0:
            return 0, 0
        bucket = bucket_index(limit_s)
        under = sum(count for index, count in self.counts.items() if index < bucket)
        if bucket not in self.counts:
            return under, 0
        split = self.split_at(limit_s)
        return None if split is None else (under + split.below, split.equal)

    def split_at(self, limit_s: float) -> Split | None:
        """How the samples of a limit's bucket lie, if that is known."""
        if self.zeros and bucket_index(limit_s) == 0 and self.zeros == self.counts.get(0):
            return Split(below=self.zeros * (limit_s > 0.0), equal=self.zeros * (limit_s == 0.0))
        return self.splits.get(limit_s)

    def lowest(self, count: int) -> Histogram:
        """Histogram of the `count` smallest samples, each at most as large as it was.

        For lower bounds only: sum and maximum use lower edges, the last bucket loses its splits.
        """
        if count >= self.n:
            return self
        kept: dict[int, int] = {}
        left = count
        for index, held in self.counts.items():
            if left <= 0:
                break
            kept[index] = min(held, left)
            left -= kept[index]
        if not kept:
            return Histogram()
        whole = kept.keys() - {next(reversed(kept))}
        floors_s = [max(bucket_edges_s(index)[0], self.min_s) for index in kept]
        return Histogram(
            counts=kept,
            sum_s=math.fsum(map(operator.mul, kept.values(), floors_s)),
            min_s=self.min_s,
            max_s=floors_s[-1],
            splits={v: split for v, split in self.splits.items() if bucket_index(v) in whole},
        )


def merge(parts: Iterable[Histogram]) -> Histogram:
    """Sum of histograms: associative, commutative and, but for the rounding of sums, loss-free.

    A limit's split survives if every part with samples in the limit's bucket recorded it.
    """
    kept = [part for part in parts if part.counts]
    if len(kept) == 1:
        return kept[0]
    counts: defaultdict[int, int] = defaultdict(int)
    for part in kept:
        for index, count in part.counts.items():
            counts[index] += count
    splits: dict[float, Split] = {}
    for limit_s in {limit for part in kept for limit in part.splits}:
        bucket = bucket_index(limit_s)
        touched = [part.split_at(limit_s) for part in kept if bucket in part.counts]
        known = [split for split in touched if split]
        if len(known) == len(touched):
            below, equal = sum(one.below for one in known), sum(one.equal for one in known)
            splits[limit_s] = Split(below=below, equal=equal)
    return Histogram(
        counts=dict(sorted(counts.items())),
        sum_s=math.fsum(part.sum_s for part in kept),
        min_s=min((part.min_s for part in kept), default=math.inf),
        max_s=max((part.max_s for part in kept), default=-math.inf),
        splits=dict(sorted(splits.items())),
        zeros=sum(part.zeros for part in kept),
    )
