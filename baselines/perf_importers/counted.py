"""Durations that a source has counted by value: as histograms, and spread over failures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perf_analysis.grid import LARGEST_S, bucket_index
from perf_analysis.histogram import Histogram
from perf_analysis.series import DRAIN, SUSTAINED, Cell, Measured, SeriesKey, Slot, Span
from perf_importers.failures import ASSERTION
from perf_importers.rows import unstated

if TYPE_CHECKING:
    from collections.abc import Mapping

    Times = Mapping[float, int]


def histogram_of(times: Times) -> Histogram:
    """Histogram of counts by seconds; ValueError for durations beyond an hour."""
    kept = {value: count for value, count in sorted(times.items()) if count}
    if not kept:
        return Histogram()
    if max(kept) >= LARGEST_S:
        raise ValueError(f"a duration of {max(kept):g} s; expected 0 to {LARGEST_S:.0f}")
    counts: dict[int, int] = {}
    for value, count in kept.items():
        bucket = bucket_index(value)
        counts[bucket] = counts.get(bucket, 0) + count
    return Histogram(
        counts=counts,
        sum_s=math.fsum(value * count for value, count in kept.items()),
        min_s=min(kept),
        max_s=max(kept),
    )


def cells_of(
    n: int, failed: int, *, service: Times | None = None, latency: Times | None = None
) -> dict[str, Cell]:
    """Cells by failure class of requests of which nobody knows whose durations are whose.

    Parameters
    ----------
    n, failed : int
        Requests, and failed ones among them.
    service, latency : mapping of float to int
        Counts by seconds, of at most n requests.

    Notes
    -----
    The failed requests get an even share of the durations, in order of size: all figures over both
    are exact.
    """
    if failed > n:
        raise ValueError(f"{failed} of {n} requests failed")
    fields = {"service": service or {}, "latency": latency or {}}
    for times in fields.values():
        if sum(times.values()) > n:
            raise ValueError(f"{sum(times.values())} durations of {n} requests")
    parts = {name: _share(times, failed, n) for name, times in fields.items()}
    rest = {
        name: {value: count - parts[name].get(value, 0) for value, count in times.items()}
        for name, times in fields.items()
    }
    found = {ASSERTION: _cell(failed, parts), "": _cell(n - failed, rest)}
    return {error: cell for error, cell in found.items() if cell.n}


def _cell(n: int, times: Mapping[str, Times]) -> Cell:
    return Cell(n=n, service=histogram_of(times["service"]), latency=histogram_of(times["latency"]))


def _share(times: Times, failed: int, n: int) -> dict[float, int]:
    """Counts of an even share of all samples, in order of their size; rounded down in total.

    At most `failed` of them, and of the rest at most the others: n - failed.
    """
    found: dict[float, int] = {}
    seen = 0
    for value, count in sorted(times.items()):
        before, seen = seen * failed // n, seen + count
        part = seen * failed // n - before
        if part:
            found[value] = part
    return found


def measured_of(
    cells: Mapping[SeriesKey, Cell],
    length_s: float,
    shows: frozenset[str],
    *,
    open_model: bool = False,
) -> Measured:
    """What a run of such cells measured: one window as long as the run."""
    return Measured(
        window_s=length_s,
        spans=(
            Span(phase=SUSTAINED, start_s=0.0, end_s=length_s),
            Span(phase=DRAIN, start_s=length_s, end_s=length_s),
        ),
        open_model=open_model,
        series={key: {Slot(SUSTAINED, 0): cell} for key, cell in sorted(cells.items())},
        scenarios={},
        unstated=unstated(shows),
    )
