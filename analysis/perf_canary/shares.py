"""Shares of hits over the last while: sums by window without going through them again."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

_TINY_S = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """Trials, and the least and the most of them that were hits."""

    n: float = 0.0
    least: float = 0.0
    most: float = 0.0


@dataclass(slots=True)
class ShareTrack:
    """Trials by intervals, as running sums."""

    _ends_s: list[float] = field(default_factory=list)
    _sums: list[tuple[float, float, float]] = field(default_factory=lambda: [(0.0, 0.0, 0.0)])

    def add(self, end_s: float, trials: Trials) -> None:
        """Take one interval in; intervals come in order."""
        n, least, most = self._sums[-1]
        self._ends_s.append(end_s)
        self._sums.append((n + trials.n, least + trials.least, most + trials.most))

    def since(self, start_s: float) -> Trials:
        """Trials of the intervals that end after an instant."""
        n, least, most = self._sums[bisect_right(self._ends_s, start_s + _TINY_S)]
        all_n, all_least, all_most = self._sums[-1]
        return Trials(n=all_n - n, least=all_least - least, most=all_most - most)

    @property
    def total(self) -> Trials:
        """All trials."""
        n, least, most = self._sums[-1]
        return Trials(n=n, least=least, most=most)
