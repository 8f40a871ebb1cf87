"""Iterations of one scenario and slot, while they are counted."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from perf_analysis.filling import HistogramBuilder
from perf_loadtests.timing import encode_filled

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True)
class IterationCell:
    """A `ScenarioCell` while it is being filled; the driver counts straight into it."""

    planned: int = 0
    started: int = 0
    dropped: int = 0
    late_drops: int = 0
    unsent: int = 0
    finished: int = 0
    failed: int = 0
    abandoned: int = 0
    faulted: int = 0
    vus_busy_max: int = 0
    vus: int = 0
    vu_seconds_planned: float = 0.0
    vu_seconds: float = 0.0
    lag: HistogramBuilder = field(default_factory=HistogramBuilder)
    vu_wait: HistogramBuilder = field(default_factory=HistogramBuilder)
    iteration: HistogramBuilder = field(default_factory=HistogramBuilder)
    dropped_latency: HistogramBuilder = field(default_factory=HistogramBuilder)

    def add_to(self, totals: dict[str, int]) -> None:
        """Add what is counted to totals by name."""
        for name in totals:
            totals[name] += getattr(self, name)

    def encode(self, rest: Callable[[], None]) -> dict[str, object]:
        """Return the cell as JSON without what is zero or empty; see `Recorder.take`."""
        coded: dict[str, object] = {}
        for spec in fields(self):
            value = getattr(self, spec.name)
            if isinstance(value, HistogramBuilder):
                if value:
                    coded[spec.name] = encode_filled(value, rest)
            elif value:
                coded[spec.name] = value
        return coded
