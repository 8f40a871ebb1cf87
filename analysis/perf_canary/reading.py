"""What a source says at one instant: counters, or why there are none; never a NaN."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

# Upper bound in seconds, and requests at or under it; ascending, the last bound is infinite.
Buckets = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Raw cumulative counters of one arm; `buckets` is None where durations are unknown."""

    requests: float
    errors: float
    buckets: Buckets | None = None

    def __post_init__(self) -> None:
        values = [self.requests, self.errors]
        bounds = [bound for bound, _ in self.buckets or ()]
        counts = [count for _, count in self.buckets or ()]
        if not all(math.isfinite(value) and value >= 0.0 for value in values + counts):
            raise ValueError("a counter is finite and not negative")
        if self.errors > self.requests:
            raise ValueError(f"{self.errors:g} errors of {self.requests:g} requests")
        if self.buckets is not None and (
            not bounds or bounds[-1] != math.inf or any(a >= b for a, b in pairwise(bounds))
        ):
            raise ValueError("buckets ascend and end at +Inf")
        if any(a > b for a, b in pairwise(counts)):
            raise ValueError("a bucket holds at least what the one below it holds")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoData:
    """Why there is no reading; `restarted` where counters began anew, so that nothing is kept."""

    why: str
    restarted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """Health requests of our own so far, and how many were not answered well."""

    asked: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that is known at one instant; `control` and `probes` are None where none is asked."""

    t_s: float
    canary: Counters | NoData
    control: Counters | NoData | None = None
    probes: Probes | None = None


class Source(Protocol):
    """Where readings come from."""

    def read(self, t_s: float) -> Reading:
        """Return what is known at an instant, in seconds of the source's own time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Requests of one arm between two readings; `buckets` as in `Counters`."""

    start_s: float
    end_s: float
    requests: float
    errors: float
    buckets: Buckets | None

    @property
    def timed(self) -> float:
        """Requests whose duration is known."""
        return self.buckets[-1][1] if self.buckets else 0.0

    def above(self, limit_s: float) -> tuple[float, float]:
        """Least and most requests slower than a limit: equal where the limit is a bucket's bound.

        Examples
        --------
        >>> Interval(start_s=0, end_s=10, requests=9, errors=0,
        ...          buckets=((1.0, 4.0), (2.5, 7.0), (math.inf, 9.0))).above(2.0)
        (2.0, 5.0)
        """
        least = most = self.timed
        for bound_s, count in self.buckets or ():
            if bound_s <= limit_s:
                most = self.timed - count
            if bound_s >= limit_s:
                least = self.timed - count
                break
        return least, min(most, self.timed)


def difference(
    before: Counters, after: Counters, start_s: float, end_s: float
) -> Interval | NoData:
    """What happened between two readings; no data where a counter went back."""
    if after.requests < before.requests or after.errors < before.errors:
        return NoData(why="a counter went back: restarted", restarted=True)
    requests, errors = after.requests - before.requests, after.errors - before.errors
    if errors > requests:
        return NoData(why=f"{errors:g} errors of {requests:g} requests: read at different times")
    buckets = _bucket_difference(before.buckets, after.buckets)
    if isinstance(buckets, NoData):
        return buckets
    return Interval(start_s=start_s, end_s=end_s, requests=requests, errors=errors, buckets=buckets)


def _bucket_difference(before: Buckets | None, after: Buckets | None) -> Buckets | NoData | None:
    if after is None:
        return None
    if before is None:
        # the first observation makes the series: until then there was none
        return after
    if [bound for bound, _ in before] != [bound for bound, _ in after]:
        return NoData(why="other buckets than before: restarted", restarted=True)
    counts = [now - was for (_, was), (_, now) in zip(before, after, strict=True)]
    if any(count < 0.0 for count in counts):
        return NoData(why="a bucket went back: restarted", restarted=True)
    if any(low > high for low, high in pairwise(counts)):
        return NoData(why="buckets read at different times")
    return tuple((bound, count) for (bound, _), count in zip(after, counts, strict=True))


def add_buckets(parts: Sequence[Buckets]) -> Buckets:
    """Sum of histograms of the same bounds; of others, what the last bounds are of."""
    if not parts:
        return ()
    bounds = [bound for bound, _ in parts[-1]]
    same = [part for part in parts if [bound for bound, _ in part] == bounds]
    return tuple(
        (bound, math.fsum(part[at][1] for part in same)) for at, bound in enumerate(bounds)
    )
