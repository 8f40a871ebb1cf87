"""Where the buckets of a histogram lie: from a duration to its bucket and back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

BUCKETS_PER_OCTAVE = 128
OCTAVES = 32
BUCKETS = BUCKETS_PER_OCTAVE * OCTAVES
SMALLEST_S = 1e-6
LARGEST_S = 2.0**OCTAVES * 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Exact counts in a limit's own bucket: samples below the limit, and equal to it."""

    below: int
    equal: int


def bucket_index(value_s: float) -> int:
    """Bucket that holds a duration.

    Parameters
    ----------
    value_s : float
        Seconds, finite, 0 <= value < `LARGEST_S`.

    Returns
    -------
    int
        0 .. `BUCKETS` - 1; durations under 1 us lie in bucket 0. A limit beyond `LARGEST_S` may be
        asked too, even one whose microseconds overflow: it lies in the last bucket.

    Notes
    -----
    With v in us written m * 2**e, m in [1/2, 1): 128 * (e - 1) + floor(256 * (m - 1/2)). Bucket
    (o, j) is [2**o * (1 + j/128), 2**o * (1 + (j+1)/128)) us, so a midpoint errs by at most 1/256.
    What is kept for later is counted by the bits of floats (`filling`); a test compares both at
    every edge.
    """
    mantissa, exponent = math.frexp(value_s * 1e6)
    if exponent < 1:
        return 0 if mantissa < 1.0 else BUCKETS - 1
    return min(BUCKETS_PER_OCTAVE * (exponent - 1) + int(256.0 * (mantissa - 0.5)), BUCKETS - 1)


@cache
def _lower_edge_s(index: int) -> float:
    """Smallest float that `bucket_index` puts into a bucket."""
    octave, step = divmod(index, BUCKETS_PER_OCTAVE)
    edge_s = math.ldexp(1.0 + step / BUCKETS_PER_OCTAVE, octave) * 1e-6
    # The product v * 1e6 rounds: for a quarter of the edges the nearest float lies one bucket down.
    while index < BUCKETS and bucket_index(edge_s) < index:
        edge_s = math.nextafter(edge_s, math.inf)
    return edge_s


def bucket_edges_s(index: int) -> tuple[float, float]:
    """Lower (inclusive) and upper (exclusive) edge of a bucket, in seconds."""
    return (0.0 if index == 0 else _lower_edge_s(index)), _lower_edge_s(index + 1)
