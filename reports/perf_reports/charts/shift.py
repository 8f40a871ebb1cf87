"""Where the distribution moved: the change of each quantile with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.comparison_wording import change
from perf_reports import units, wording
from perf_reports.charts import scale
from perf_reports.charts.palette import colour
from perf_reports.charts.sheet import Picture, Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from perf_analysis.compared import QuantileShift
    from perf_reports.compare_view import CompareView
    from perf_reports.parts import View

KEY = "shift"
_HEIGHT = 190.0
_PERCENT = 100.0
# Farther than this the axis would hide what is near the margin: marks touch the edge instead.
_FARTHEST = 3.0
_LEVEL = "p95"


def draw(view: View | CompareView) -> Picture | None:
    """One mark per quantile, its interval as a bar, between zero and the margin; none alone."""
    shifts = view.comparison.shift
    if not shifts:
        return None
    title = "Where did it move? Change of service time by quantile"
    sentence = _sentence(view, shifts)
    sheet = Sheet(lane_height=_HEIGHT)
    lane = sheet.lanes[0]
    margin = _margin(view)
    low, high = _reach(shifts, margin)
    _marks(lane, shifts, (low, high))
    names = [wording.quantile_name(shift.q) for shift in shifts]
    # room for the name of the margin behind the last mark
    lane.set_xlim(-0.6, len(shifts) - 0.4 + max(0.6, 0.18 * len(shifts)))
    sheet.bottom(lane, "quantile of all requests together", range(len(shifts)), names)
    ticks = scale.signed(low * _PERCENT, high * _PERCENT)
    lane.set_ylim(ticks[0], ticks[-1])
    sheet.axis(lane, "change, %", ticks, [f"{tick:+.12g}" if tick else "0" for tick in ticks])
    lane.axhline(0.0, color=colour("ink"), linewidth=0.9)
    if margin is not None:
        said = f"margin of {_LEVEL}, {units.percent(margin)}"
        sheet.limit(lane, margin * _PERCENT, said, "limit")
    return Picture(
        key=KEY,
        title=title,
        svg=sheet.finish(KEY, title, sentence),
        sentence=sentence,
        columns=("quantile", "before", "change", "from", "to"),
        rows=tuple(_row(shift) for shift in shifts),
        stops=sheet.places([float(place) for place in range(len(shifts))]),
    )


def _margin(view: View | CompareView) -> float | None:
    return next((row.margin for row in view.comparison.rows if row.metric == _LEVEL), None)


def _reach(shifts: Sequence[QuantileShift], margin: float | None) -> tuple[float, float]:
    known = [end for s in shifts for end in (s.low, s.high, s.effect) if end is not None]
    known += [0.0, (margin or 0.0) * 1.3]
    return max(min(known), -1.0), min(max(known), _FARTHEST)


def _marks(lane: Axes, shifts: Sequence[QuantileShift], ends: tuple[float, float]) -> None:
    for place, shift in enumerate(shifts):
        if shift.low is None and shift.high is None:
            continue
        low = ends[0] if shift.low is None else max(shift.low, ends[0])
        high = ends[1] if shift.high is None else min(shift.high, ends[1])
        lane.plot(
            [place, place],
            [low * _PERCENT, high * _PERCENT],
            color=colour("now"),
            linewidth=2.2,
            solid_capstyle="butt",
        )
        if shift.high is None:
            lane.plot([place], [high * _PERCENT], color=colour("now"), marker="^", markersize=6.0)
    lane.plot(
        range(len(shifts)),
        [min(shift.effect, ends[1]) * _PERCENT for shift in shifts],
        color=colour("now"),
        linestyle="none",
        marker="o",
        markersize=6.0,
        gid="line:now:candidate",
    )


def _sentence(view: View | CompareView, shifts: Sequence[QuantileShift]) -> str:
    worst = max(shifts, key=lambda shift: shift.effect)
    named = wording.quantile_name(worst.q)
    parts = [f"The largest change is {_said(worst.effect)}, of {named}; marks are estimates."]
    if any(shift.low is not None or shift.high is not None for shift in shifts):
        interval = units.percent(1.0 - 2.0 * view.comparison.alpha)
        parts.append(f"Bars are intervals at {interval}, each by itself: to look at, not to gate.")
    else:
        parts.append("With fewer than three runs on the other side no interval is known.")
    if any(shift.low is not None and shift.high is None for shift in shifts):
        parts.append("A triangle: requests that never completed leave the upper end open.")
    return " ".join(parts)


def _row(shift: QuantileShift) -> tuple[str, ...]:
    return (
        wording.quantile_name(shift.q),
        units.duration(shift.reference_s),
        _said(shift.effect),
        units.NOT_AVAILABLE if shift.low is None else _said(shift.low),
        units.NOT_AVAILABLE if shift.high is None else _said(shift.high),
    )


def _said(effect: float) -> str:
    return change(_LEVEL, effect)
