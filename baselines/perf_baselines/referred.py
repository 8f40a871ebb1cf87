"""Stored runs that a change point refers to: those between which the level moved last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.changes import find_changes
from perf_baselines.trend_series import series_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perf_baselines.record import Record

# Runs of either level that show that it moved, where it has so many.
SHOWN = 10


def around_changes(records: Iterable[Record]) -> dict[str, str]:
    """Runs around the last change point of each series, each with the reason in words."""
    kept: dict[str, str] = {}
    for series in series_of(records):
        found = find_changes(series.values, better=series.better, breaks=series.breaks)
        if not found.change_points:
            continue
        point = found.change_points[-1]
        first = max(0, point.first - SHOWN)
        for record in series.records[first : point.last + SHOWN]:
            kept.setdefault(record.run_id, f"{series.name} changed near it")
    return kept
