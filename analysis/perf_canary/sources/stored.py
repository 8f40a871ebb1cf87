"""Readings from a stored run: its candidate as the canary, its control as the control."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perf_analysis.grid import BUCKETS, BUCKETS_PER_OCTAVE, bucket_edges_s
from perf_analysis.series import CANDIDATE, DRAIN
from perf_analysis.series import CONTROL as CONTROL_TARGET
from perf_canary.reading import Counters
from perf_canary.sources.timeline import Instant, Timeline
from perf_documents.canary_rules import CANARY, CONTROL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from perf_analysis.series import Cell, Measured
    from perf_documents.run import Run

# four bounds to the octave: as fine as a service's own histogram ever is
_STEP = BUCKETS_PER_OCTAVE // 4
# beyond every bound: what never completed, and what never began
_NEVER = BUCKETS
# every bound there can be: readings of one run that is going on must agree on them
BOUNDS = (*range(_STEP, BUCKETS - 1, _STEP), BUCKETS - 1)
TARGETS = {CANARY: CANDIDATE, CONTROL: CONTROL_TARGET}


@dataclass(slots=True)
class Tally:
    """Requests of one arm, by what became of them and by the bound their duration lies under."""

    requests: int = 0
    errors: int = 0
    slow: Counter[int] = field(default_factory=Counter)

    def add(self, cell: Cell, *, failed: bool) -> None:
        """Take requests of one series in."""
        self.requests += cell.n
        self.errors += cell.n if failed else 0
        for index, count in cell.service.counts.items():
            self.slow[min((index // _STEP + 1) * _STEP, BUCKETS - 1)] += count
        self.slow[_NEVER] += cell.n - cell.service.n

    def drop(self, count: int) -> None:
        """Take arrivals in that found every VU busy: failures of the target."""
        self.requests += count
        self.errors += count
        self.slow[_NEVER] += count

    def counters(self, bounds: Sequence[int]) -> Counters:
        """Cumulative counters, with buckets up to each bound."""
        below, buckets = 0, []
        for bound in bounds:
            below += self.slow[bound]
            buckets.append((bucket_edges_s(bound)[0], float(below)))
        buckets.append((math.inf, float(below + self.slow[_NEVER])))
        return Counters(
            requests=float(self.requests), errors=float(self.errors), buckets=tuple(buckets)
        )


def story_of(run: Run, every_s: float) -> Timeline:
    """Timeline of a run in its own time, a reading every so many seconds.

    Requests count where they began; the drain is left out.
    """
    measured = run.measured
    arms = {arm: counts for arm, target in TARGETS.items() if (counts := _counts(measured, target))}
    bounds = sorted({bound for counts in arms.values() for one in counts.values()
                     for bound in one.slow if bound != _NEVER})  # fmt: skip
    story = Timeline()
    windows = 1 + max((max(counts) for counts in arms.values()), default=-1)
    step = max(1, round(every_s / measured.window_s))
    for arm, counts in arms.items():
        for window, counters in _growing(counts, windows, bounds):
            if window % step == 0 or window == windows:
                instant = story.instants.setdefault(window * measured.window_s, Instant())
                instant.arms[arm] = counters
    return story


def _counts(measured: Measured, target: str) -> dict[int, Tally]:
    """Counts of one target by window."""
    found: dict[int, Tally] = {}
    for key, slots in measured.series.items():
        if key.target != target:
            continue
        for slot, cell in slots.items():
            if slot.phase != DRAIN:
                found.setdefault(slot.window, Tally()).add(cell, failed=bool(key.error_class))
    for name in measured.names_of(target):
        for slot, arrivals in measured.scenarios[name].items():
            if arrivals.dropped:
                found.setdefault(slot.window, Tally()).drop(arrivals.dropped)
    return found


def _growing(
    counts: Mapping[int, Tally], windows: int, bounds: list[int]
) -> Iterator[tuple[int, Counters]]:
    """Counters before the first window, and after each."""
    total = Tally()
    yield 0, total.counters(bounds)
    for window in range(windows):
        one = counts.get(window, Tally())
        total.requests += one.requests
        total.errors += one.errors
        total.slow.update(one.slow)
        yield window + 1, total.counters(bounds)
