"""What the newest run does to the trend: starts a change of level, or confirms one."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.changes import ChangePoint, Level
    from perf_baselines.history import History
    from perf_baselines.trend_series import TrendSeries
    from perf_documents.run import Run

LEAST_RUNS = 8
MOST_RUNS = 200
# a run this far off, in robust standard deviations, and by this share, may start a change
_FAR = 3.5
_LEAST_RATIO = 0.05
_LEAST_SHARE = 0.0025
_MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """The series that says most of the newest run.

    Attributes
    ----------
    confirmed : ChangePoint or None
        The change that is found with this run and was not without it.
    commit : str
        With which that change began.
    value, level, runs : float, float, int
        Of the newest run, and of the runs before it where it may start a change.
    more : int
        Further series of the same kind.
    """

    series: TrendSeries
    confirmed: ChangePoint | None
    commit: str
    value: float
    level: float
    runs: int
    more: int


def newest_of(history: History, run: Run) -> Newest | None:
    """What a stored run does to the trend of its profile, environment and branch.

    Cheap where there is no trend: with fewer than 8 runs nothing is imported and nothing read.
    """
    if len(history.stamps()) < LEAST_RUNS:
        return None
    from perf_baselines.trend_series import series_of  # noqa: PLC0415  # scipy, as said

    newest = history.list(MOST_RUNS, run.plan.profile, run.target.environment)
    records = [record for record in newest if record.branch == run.git.get("branch", "")]
    if len(records) < LEAST_RUNS:
        return None
    ended = [one for one in series_of(records) if one.records[-1].run_id == run.run_id]
    confirming = [found for one in ended if (found := _confirmed(one)) is not None]
    if confirming:
        return _most(confirming)
    return _most([found for one in ended if (found := _started(one)) is not None])


def _most(found: Sequence[Newest]) -> Newest | None:
    """The largest by its own level, with the number of the others."""
    if not found:
        return None
    largest = max(found, key=lambda one: abs(one.value - one.level) / (abs(one.level) or 1.0))
    return replace(largest, more=len(found) - 1)


def _piece(series: TrendSeries) -> tuple[int, list[float | None]]:
    """Start of the runs since the load last changed, and their values."""
    start = series.breaks[-1] if series.breaks else 0
    return start, list(series.values[start:])


def _confirmed(series: TrendSeries) -> Newest | None:
    from perf_analysis.changes import find_changes  # noqa: PLC0415  # scipy, as said

    start, values = _piece(series)
    if not values or values[-1] is None:
        return None
    found = find_changes(values, better=series.better)
    if not found.change_points:
        return None
    last = found.change_points[-1]
    before = find_changes(values[:-1], better=series.better)
    if any(last.first <= point.index <= last.last for point in before.change_points):
        return None
    return Newest(
        series=series,
        confirmed=last,
        commit=series.records[start + last.index].commit,
        value=last.after,
        level=last.before,
        runs=found.levels[-1].n,
        more=0,
    )


def _started(series: TrendSeries) -> Newest | None:
    from perf_analysis.changes import find_changes  # noqa: PLC0415  # scipy, as said

    _, values = _piece(series)
    newest = values[-1] if values else None
    if newest is None:
        return None
    levels = find_changes(values[:-1], better=series.better).levels
    from perf_baselines.trend_points import SHARE  # noqa: PLC0415  # scipy, as said

    level = [value for value in _of(values, levels) if value is not None]
    if len(level) < LEAST_RUNS - 1:
        return None
    middle = statistics.median(level)
    spread = _MAD_TO_SD * statistics.median([abs(value - middle) for value in level])
    least = _LEAST_SHARE if series.of.kind == SHARE else _LEAST_RATIO * middle
    if abs(newest - middle) <= max(_FAR * spread, least):
        return None
    return Newest(
        series=series,
        confirmed=None,
        commit="",
        value=newest,
        level=middle,
        runs=len(level),
        more=0,
    )


def _of(values: Sequence[float | None], levels: Sequence[Level]) -> Sequence[float | None]:
    """Values of the last level, without the newest run."""
    return values[levels[-1].start : -1] if levels else ()
