"""One arm of a canary: its counts so far, and how slow it was of late."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perf_canary.reading import Interval, NoData, add_buckets
from perf_canary.tracks import ArmTrack
from perf_documents.canary_looks import ArmLook

if TYPE_CHECKING:
    from perf_canary.reading import Buckets, Counters

RECENT_S = 60.0
SHOWN_Q = 0.95


@dataclass(slots=True)
class ArmWatch:
    """Counts of one arm since the beginning."""

    _track: ArmTrack = field(default_factory=ArmTrack)
    _recent: deque[tuple[float, Buckets]] = field(default_factory=deque)
    _last: Interval | NoData = field(default_factory=lambda: NoData(why="no reading yet"))
    looks: int = 0
    with_data: int = 0

    def take(self, counters: Counters | NoData, t_s: float) -> Interval | NoData:
        """Return what happened since the last reading."""
        had_any = self.looks > 0
        interval = self._last = self._track.take(counters, t_s)
        # the first reading is only what the others are subtracted from
        self.looks += 1
        has_data = isinstance(interval, Interval) and interval.requests > 0.0
        self.with_data += had_any and has_data
        if isinstance(interval, Interval) and interval.buckets:
            self._recent.append((t_s, interval.buckets))
        return interval

    @property
    def requests(self) -> float:
        """Requests since the beginning."""
        return self._track.requests

    @property
    def has_data(self) -> bool:
        """Whether the last reading said something."""
        return isinstance(self._last, Interval) and self._last.requests > 0.0

    @property
    def data_share(self) -> float:
        """Part of the looks, the first aside, that had data."""
        return self.with_data / (self.looks - 1) if self.looks > 1 else 0.0

    @property
    def why(self) -> str:
        """Why the last reading says nothing; empty where it does."""
        if isinstance(self._last, NoData):
            return self._last.why
        return "" if self._last.requests else "no requests"

    def look(self, t_s: float) -> ArmLook:
        """Return the figures of this look."""
        while self._recent and self._recent[0][0] <= t_s - RECENT_S:
            self._recent.popleft()
        value_s, clipped = quantile_of(add_buckets([b for _, b in self._recent]), SHOWN_Q)
        last = self._last if isinstance(self._last, Interval) else None
        return ArmLook(
            requests=last.requests if last else None,
            errors=last.errors if last else None,
            total_requests=self._track.requests,
            total_errors=self._track.errors,
            p95_s=value_s,
            clipped=clipped,
            why=self.why,
        )


def quantile_of(buckets: Buckets, q: float) -> tuple[float | None, bool]:
    """Quantile by straight lines inside buckets, and whether it lies beyond the last bound.

    Prometheus' own `histogram_quantile` gives the last finite bound there, without a word.

    Examples
    --------
    >>> quantile_of(((0.1, 50.0), (0.2, 100.0), (float("inf"), 100.0)), 0.75)
    (0.15000000000000002, False)
    """
    if not buckets or buckets[-1][1] <= 0.0:
        return None, False
    rank, below_s, below = q * buckets[-1][1], 0.0, 0.0
    for bound_s, count in buckets:
        if count >= rank and count > below:
            if math.isinf(bound_s):
                return below_s, True
            return below_s + (bound_s - below_s) * (rank - below) / (count - below), False
        below_s, below = bound_s, count
    return None, False
