"""Quantiles of one stream of durations by windows, and how far each may be off."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc

from perf_analysis.dispersion import block_sums, long_run_variance
from perf_analysis.figures import SHORT, TAIL_THIN, THIN, QuantileFigure
from perf_analysis.histogram import Histogram, bucket_edges_s, merge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST_IN_TAIL = 3
# From so many samples on the plain order statistics are as good, and they are k6's.
PLAIN_FROM = 1000
LEAST_WINDOWS = 20
LEAST_S = 1e-6


class Stream:
    """Durations by windows as arrays: the form in which a run's own error is computed.

    Parameters
    ----------
    windows : sequence of Histogram
        One per window in order of time; windows without samples included.
    """

    def __init__(self, windows: Sequence[Histogram]) -> None:
        total = merge(windows)
        self.total = total
        self.n = total.n
        buckets = np.fromiter(total.counts, dtype=np.int64, count=len(total.counts))
        edges = [bucket_edges_s(int(bucket)) for bucket in buckets]
        self.low = np.array([edge[0] for edge in edges])
        self.high = np.array([edge[1] for edge in edges])
        self.counts = np.fromiter(total.counts.values(), dtype=np.float64, count=len(buckets))
        self.cumulative = np.cumsum(self.counts)
        column = {int(bucket): place for place, bucket in enumerate(buckets)}
        self.by_window = np.zeros((len(windows), len(buckets)))
        for row, window in enumerate(windows):
            for bucket, count in window.counts.items():
                self.by_window[row, column[bucket]] = count

    def interpolated_s(self, q: float) -> float:
        """Quantile of type 7 from order statistics spread evenly inside their buckets."""
        h = min(max(q, 0.0), 1.0) * (self.n - 1)
        low, high = math.floor(h), math.ceil(h)
        below, above = self._order_s(low), self._order_s(high)
        return below + (h - low) * (above - below)

    def above(self, value_s: float) -> Floats:
        """Samples above a value by window; the bucket that holds it is split linearly."""
        place = int(np.searchsorted(self.high, value_s, side="right"))
        if place >= len(self.high):
            return np.zeros(len(self.by_window))
        width = self.high[place] - self.low[place]
        part = min(1.0, max(0.0, (self.high[place] - value_s) / width))
        over: Floats = self.by_window[:, place + 1 :].sum(axis=1) + part * self.by_window[:, place]
        return over

    def _order_s(self, rank: int) -> float:
        place = int(np.searchsorted(self.cumulative, rank, side="right"))
        before = self.cumulative[place] - self.counts[place]
        inside = (rank - before + 0.5) / self.counts[place]
        low, high = self.low[place], self.high[place]
        value = float(low + (high - low) * inside)
        return min(max(value, self.total.min_s), self.total.max_s)


def point_s(histogram: Histogram, q: float) -> float:
    """Quantile of a histogram with at least one sample.

    Notes
    -----
    Type 7 of Hyndman and Fan from 1,000 samples on; below that Harrell-Davis, whose variance is
    smaller: the mean of the order statistics weighted by a beta distribution with
    a = q (n + 1), c = (1 - q) (n + 1).

    References
    ----------
    Harrell, Davis (1982), "A New Distribution-Free Quantile Estimator".
    Hyndman, Fan (1996), "Sample Quantiles in Statistical Packages", definition 7.
    """
    n = histogram.n
    if n >= PLAIN_FROM or q in {0.0, 1.0}:
        return histogram.quantile_s(q) or 0.0
    edges = np.array([bucket_edges_s(bucket) for bucket in histogram.counts])
    middles = np.clip(edges.mean(axis=1), histogram.min_s, histogram.max_s)
    share = np.concatenate([[0.0], np.cumsum(list(histogram.counts.values())) / n])
    weights = np.diff(betainc(q * (n + 1), (1.0 - q) * (n + 1), np.minimum(share, 1.0)))
    return float(weights @ middles)


def quantile_figure(
    windows: Sequence[Histogram], censored: Sequence[Histogram], q: float, *, least_n: int
) -> QuantileFigure | None:
    """Return one quantile with its error; None where a tail holds fewer than three samples.

    Parameters
    ----------
    windows, censored : sequence of Histogram
        Complete samples, and lower bounds of those that never completed, one of each per window.
    q : float
        In (0, 1).
    least_n : int
        Samples from which the quantile may be gated.

    Notes
    -----
    The quantile is linearised: with e_t the number of samples above it in window t minus the
    expected (1 - q) n_t, the share below it errs by sqrt(S T) / n, S the long-run variance of e_t.
    The slope of ln Q over +- that share turns it into an error of ln Q. It is never taken to be
    smaller than for independent samples, nor than what the bucket's width hides.

    References
    ----------
    Bahadur (1966), "A Note on Quantiles in Large Samples"; Woodruff (1952), "Confidence Intervals
    for Medians and Other Position Measures".
    """
    stream = Stream([merge(pair) for pair in zip(windows, censored, strict=True)])
    if stream.n * min(q, 1.0 - q) < LEAST_IN_TAIL:
        return None
    value_s = max(point_s(stream.total, q), LEAST_S)
    error, share_error, dof = _log_error(stream, q)
    flags = [SHORT] if len(windows) < LEAST_WINDOWS else []
    flags += [TAIL_THIN] if share_error > min(q, 1.0 - q) / 2.0 else []
    flags += [THIN] if stream.n < least_n else []
    return QuantileFigure(
        q=q,
        ln_s=math.log(value_s),
        ln_high_s=_ln_high_s(merge(windows), stream, q, value_s),
        error=error,
        dof=dof,
        n=stream.n,
        n_effective=q * (1.0 - q) / share_error**2,
        flags=tuple(flags),
    )


def share_terms(windows: Sequence[Histogram], q: float) -> tuple[Floats, float]:
    """What each window adds to the error of ln Q, and the slope that it was scaled by.

    The excess over the expected number of samples above the quantile, as a share of all samples,
    times the slope of ln Q over that share, taken across its error.
    """
    stream = Stream(windows)
    excess = _excess(stream, q)
    slope = _slope(stream, q, _share_error(stream, q, excess)[0])
    terms: Floats = slope * excess / stream.n
    return terms, slope


def _excess(stream: Stream, q: float) -> Floats:
    sizes = stream.by_window.sum(axis=1)
    excess: Floats = stream.above(stream.interpolated_s(q)) - (1.0 - q) * sizes
    return excess


def _share_error(stream: Stream, q: float, excess: Floats) -> tuple[float, int]:
    independent = math.sqrt(q * (1.0 - q) / stream.n)
    if len(excess) < LEAST_WINDOWS:
        # too few windows to see how they hang together: twice the error of independent samples
        return 2.0 * independent, max(1, len(excess) - 1)
    blocks, length = block_sums(excess)
    within = math.sqrt(long_run_variance(blocks, length) * len(excess)) / stream.n
    return max(within, independent), len(blocks) - 1


def _slope(stream: Stream, q: float, share_error: float) -> float:
    width = min(max(share_error, 1.0 / stream.n), min(q, 1.0 - q) / 2.0)
    upper = max(stream.interpolated_s(q + width), LEAST_S)
    lower = max(stream.interpolated_s(q - width), LEAST_S)
    return math.log(upper / lower) / (2.0 * width)


def _log_error(stream: Stream, q: float) -> tuple[float, float, int]:
    """Errors of ln Q and of the share below it, and their degrees of freedom."""
    share_error, dof = _share_error(stream, q, _excess(stream, q))
    hidden = _bucket_log_width(stream, stream.interpolated_s(q)) / math.sqrt(12.0)
    return max(_slope(stream, q, share_error) * share_error, hidden), share_error, dof


def _bucket_log_width(stream: Stream, value_s: float) -> float:
    place = min(int(np.searchsorted(stream.high, value_s, side="right")), len(stream.high) - 1)
    low, high = max(float(stream.low[place]), LEAST_S), max(float(stream.high[place]), LEAST_S)
    return math.log(high / low)


def _ln_high_s(complete: Histogram, stream: Stream, q: float, value_s: float) -> float | None:
    """Logarithm of the quantile with censored samples at +infinity; None where it is that."""
    if complete.n == stream.n:
        return math.log(value_s)
    h = q * (stream.n - 1)
    if math.ceil(h) >= complete.n:
        return None
    low, high = complete.order_bounds_s((math.floor(h), math.ceil(h)))
    below, above = sum(low) / 2.0, sum(high) / 2.0
    high_s = below + (h - math.floor(h)) * (above - below)
    return math.log(max(high_s, value_s, LEAST_S))
