"""More than one mode: how durations were spread, group of windows by group of windows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matplotlib.patches import PathPatch
from matplotlib.path import Path

from perf_reports import units
from perf_reports.charts import scale
from perf_reports.charts.frame import Frame
from perf_reports.charts.palette import HEAT, colour
from perf_reports.charts.sheet import LANE_HEIGHT, Picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

    from perf_reports.drawn import Heat
    from perf_reports.parts import View

KEY = "heat"
_MS = 1000.0


def draw(view: View) -> Picture | None:
    """Bins of durations over time, darker where more requests were; none without requests."""
    heat = view.distribution.heat
    if heat is None:
        return None
    trend = view.timeline.trend
    title = f"More than one mode? {trend.capitalize()} over time, by how many requests"
    sentence = _sentence(heat, trend)
    frame = Frame(view)
    lane = frame.lanes[0]
    ends = math.log10(heat.low_s * _MS), math.log10(heat.high_s * _MS)
    _cells(lane, heat, ends)
    lane.set_ylim(*ends)
    ticks = [
        tick
        for tick in scale.logarithmic(heat.low_s * _MS, heat.high_s * _MS)
        if heat.low_s * _MS <= tick <= heat.high_s * _MS
    ]
    places = [math.log10(tick) for tick in ticks]
    frame.axis(lane, f"{trend}, ms (log)", places, scale.labels(ticks))
    return Picture(
        key=KEY,
        title=title,
        svg=frame.finish(KEY, title, sentence),
        sentence=sentence,
        columns=("from", "requests", "most in", "share of them"),
        rows=tuple(_table(heat)),
        stops=frame.places([(place + 0.5) * heat.group_s for place in range(len(heat.counts))]),
    )


def _cells(lane: Axes, heat: Heat, ends: tuple[float, float]) -> None:
    """Thick strokes instead of boxes: a run of equal cells is one stroke, a step is one path."""
    bins = len(heat.counts[0])
    height = (ends[1] - ends[0]) / bins
    strokes: dict[int, list[Path]] = {}
    for row in range(bins):
        y = ends[0] + (row + 0.5) * height
        for first, last, step in _runs(heat, row):
            ends_s = [(first * heat.group_s, y), (last * heat.group_s, y)]
            strokes.setdefault(step, []).append(Path(ends_s))
    for step, paths in sorted(strokes.items()):
        lane.add_patch(
            PathPatch(
                Path.make_compound_path(*paths),
                facecolor="none",
                edgecolor=colour(HEAT[step]),
                linewidth=LANE_HEIGHT / bins + 0.15,
                capstyle="butt",
            )
        )


def _runs(heat: Heat, row: int) -> Iterator[tuple[int, int, int]]:
    """Neighbouring groups of one step: first, one past the last, step."""
    first, step = 0, -1
    for place, found in enumerate([*_steps(heat, row), -1]):
        if found != step:
            if step >= 0:
                yield first, place, step
            first, step = place, found


def _steps(heat: Heat, row: int) -> list[int]:
    """Step of each group: by its share against the largest share of any; -1 where empty."""
    largest = _largest_share(heat)
    steps: list[int] = []
    for counts in heat.counts:
        total = sum(counts)
        part = counts[row] / total / largest if total else 0.0
        steps.append(min(len(HEAT), math.ceil(part * len(HEAT))) - 1)
    return steps


def _largest_share(heat: Heat) -> float:
    return max(max(counts) / sum(counts) for counts in heat.counts if sum(counts))


def _ends_s(heat: Heat, row: int) -> tuple[float, float]:
    bins = len(heat.counts[0])
    ratio = heat.high_s / heat.low_s
    low, high = (heat.low_s * ratio ** (place / bins) for place in (row, row + 1))
    return low, high


def _sentence(heat: Heat, trend: str) -> str:
    total = [sum(column) for column in zip(*heat.counts, strict=True)]
    busiest = max(range(len(total)), key=lambda row: total[row])
    low, high = _ends_s(heat, busiest)
    share = units.percent(total[busiest] / sum(total))
    return (
        f"Most requests, {share} of all, took {units.duration(low)} to {units.duration(high)}; "
        f"{trend} lay between {units.duration(heat.low_s)} and {units.duration(heat.high_s)}. "
        f"Each column is {units.length(heat.group_s)}, the strongest colour the largest share of a "
        f"column ({units.percent(_largest_share(heat))}); two bands are two modes."
    )


def _table(heat: Heat) -> Iterator[tuple[str, ...]]:
    for place, counts in enumerate(heat.counts):
        total = sum(counts)
        busiest = max(range(len(counts)), key=lambda row: counts[row])
        low, high = _ends_s(heat, busiest)
        yield (
            units.length(place * heat.group_s),
            units.count(total),
            f"{units.duration(low)} to {units.duration(high)}" if total else units.NOT_AVAILABLE,
            units.percent(counts[busiest] / total) if total else units.NOT_AVAILABLE,
        )
