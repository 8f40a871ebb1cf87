"""The tail: service time by quantile, on an axis that gives each further nine the same room."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from perf_analysis.compared import BASELINES
from perf_analysis.series import CONTROL
from perf_reports import units, wording
from perf_reports.charts import scale
from perf_reports.charts.palette import colour
from perf_reports.charts.sheet import Mark, Picture, Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from perf_analysis.compared import QuantileShift
    from perf_reports.drawn import Curve
    from perf_reports.parts import View

KEY = "tail"
_MS = 1000.0
_HEIGHT = 220.0
_MARKS = {
    True: Mark(role="control", label="control", dashes=(0, (5.0, 2.0))),
    False: Mark(role="now", label="candidate", width=1.8),
}
_TICKS = (0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999, 0.999999)
_TABLE = (0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999)


def draw(view: View) -> Picture | None:
    """Curves of candidate and control, and the levels of stored runs; none of an empty run."""
    curves = view.distribution.curves
    if not curves:
        return None
    title = "How long is the tail? Service time by quantile"
    sentence = _sentence(view, curves)
    levels = view.comparison.shift if view.comparison.source == BASELINES else ()
    sheet = Sheet(lane_height=_HEIGHT)
    lane = sheet.lanes[0]
    lane.set_xscale("log")
    lane.set_yscale("log")
    for curve in curves:
        _line(lane, curve, _MARKS[curve.target == CONTROL])
    _levels(lane, levels)
    _axes(sheet, lane, curves, levels)
    sheet.legend(lane)
    return Picture(
        key=KEY,
        title=title,
        svg=sheet.finish(KEY, title, sentence),
        sentence=sentence,
        columns=("quantile", *(curve.target for curve in curves), *(["baselines"] * bool(levels))),
        rows=_rows(curves, levels),
        stops=sheet.places([1.0 / (1.0 - q) for q in _TABLE]),
    )


def _line(lane: Axes, curve: Curve, mark: Mark) -> None:
    lane.plot(
        [1.0 / (1.0 - q) for q, _ in curve.points],
        [value * _MS for _, value in curve.points],
        color=colour(mark.role),
        linestyle=mark.dashes,
        linewidth=mark.width,
        label=mark.label,
        gid=f"line:{mark.role}:{mark.label}",
        solid_capstyle="butt",
    )


def _levels(lane: Axes, levels: Sequence[QuantileShift]) -> None:
    """Lowest, middle and highest of the stored runs, at the quantiles that are kept of them."""
    for place, level in enumerate(levels):
        at = 1.0 / (1.0 - level.q)
        lane.plot(
            [at, at],
            [level.lowest_s * _MS, level.highest_s * _MS],
            color=colour("before"),
            linewidth=5.0,
            solid_capstyle="butt",
            alpha=1.0,
            label="baselines, lowest to highest" if place == 0 else "_",
        )


def _axes(
    sheet: Sheet, lane: Axes, curves: Sequence[Curve], levels: Sequence[QuantileShift]
) -> None:
    furthest = max(curve.points[-1][0] for curve in curves)
    furthest = max([furthest, 0.9, *(level.q for level in levels)])
    shown = [q for q in _TICKS if q <= furthest + 1e-9]
    lane.set_xlim(1.0, 1.25 / (1.0 - furthest))
    names = [f"{q * 100.0:.10g} %" for q in shown]
    sheet.bottom(lane, "share of requests that are faster", [1.0 / (1.0 - q) for q in shown], names)
    values = [value * _MS for curve in curves for _, value in curve.points]
    values += [end * _MS for level in levels for end in (level.lowest_s, level.highest_s)]
    ticks = scale.logarithmic(max(min(values), 1e-3), max(values))
    lane.set_ylim(ticks[0], ticks[-1])
    sheet.axis(lane, "service time, ms (log)", ticks, scale.labels(ticks))


def _sentence(view: View, curves: Sequence[Curve]) -> str:
    mine = curves[0]
    middle, last = _at(mine, 0.5), mine.points[-1]
    named = wording.quantile_name(float(f"{last[0]:.6g}"))
    half = units.NOT_AVAILABLE if middle is None else units.duration(middle)
    end = f"The line ends at {named}, {units.duration(last[1])}: ten requests lie above it."
    parts = [f"Half of {units.count(mine.n)} requests ({_phase(view)}) took at most {half}.", end]
    if mine.censored:
        parts.append(
            f"{units.count(mine.censored)} requests never completed: beyond the line's end no "
            "duration is known."
        )
    return " ".join(parts)


def _phase(view: View) -> str:
    return "whole schedule" if view.phase == "all" else view.phase


def _at(curve: Curve, q: float) -> float | None:
    """Value of the drawn line, straight between its points on both logarithmic axes."""
    points = [(-math.log1p(-at), math.log(value)) for at, value in curve.points if value > 0]
    wanted = -math.log1p(-q)
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 <= wanted <= x1:
            return math.exp(y0 + (y1 - y0) * (wanted - x0) / (x1 - x0))
    return None


def _rows(curves: Sequence[Curve], levels: Sequence[QuantileShift]) -> tuple[tuple[str, ...], ...]:
    def said(value: float | None) -> str:
        return units.NOT_AVAILABLE if value is None else units.duration(value)

    known = {level.q: level.reference_s for level in levels}
    return tuple(
        (
            f"{q * 100.0:.10g} %",
            *(said(_at(curve, q)) for curve in curves),
            *((said(known.get(q)),) if levels else ()),
        )
        for q in _TABLE
    )
