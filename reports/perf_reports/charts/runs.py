"""Runs against runs: one dot for each, and every tail, so that replication can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_reports import units, wording
from perf_reports.charts import scale
from perf_reports.charts.palette import colour
from perf_reports.charts.sheet import Picture, Sheet
from perf_reports.compare_view import BASE, CANDIDATE
from perf_reports.escape import shorten, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from perf_reports.compare_view import CompareView, Dots

_MS = 1000.0
_ROW, _AROUND = 34.0, 30.0
_LONGEST = 46
_ROLES = {BASE: "before", CANDIDATE: "now"}
_OFFSETS = {BASE: 0.17, CANDIDATE: -0.17}


def draw_dots(view: CompareView) -> Picture | None:
    """One row for each compared quantile, one dot for each run; none where none was compared."""
    rows = [dots for dots in view.dots if dots.base_s and dots.candidate_s]
    if not rows:
        return None
    title = "How much do runs of one side differ? One dot for each run"
    sentence = _dots_said(rows)
    sheet = Sheet(lane_height=_AROUND + _ROW * len(rows))
    lane = sheet.lanes[0]
    lane.set_xscale("log")
    for place, dots in enumerate(rows):
        for side, values in ((BASE, dots.base_s), (CANDIDATE, dots.candidate_s)):
            _scatter(lane, side, values, len(rows) - 1 - place + _OFFSETS[side], named=place == 0)
    values_ms = [v * _MS for dots in rows for v in (*dots.base_s, *dots.candidate_s)]
    ticks = scale.logarithmic(min(values_ms), max(values_ms))
    lane.set_xlim(ticks[0], ticks[-1])
    lane.set_ylim(-0.6, len(rows) - 0.4)
    sheet.bottom(lane, "service time, ms (log)", ticks, scale.labels(ticks))
    # names stand inside: there is no room beside the axis for what may be long
    sheet.axis(lane, "", [], [])
    for place, dots in enumerate(rows):
        lane.annotate(
            shorten(visible(dots.subject), _LONGEST),
            (0.0, len(rows) - 1 - place + 0.33),
            xycoords=("axes fraction", "data"),
            xytext=(5, 0),
            textcoords="offset points",
            color=colour("text"),
            fontsize=9.5,
        )
    sheet.legend(lane)
    return Picture(
        key="dots",
        title=title,
        svg=sheet.finish("dots", title, sentence),
        sentence=sentence,
        columns=("compared", "side", "runs", "lowest", "highest"),
        rows=tuple(row for dots in rows for row in _dot_rows(dots)),
    )


def _scatter(
    lane: Axes, side: str, values: tuple[float, ...], height: float, *, named: bool
) -> None:
    lane.plot(
        [value * _MS for value in values],
        [height] * len(values),
        color=colour(_ROLES[side]),
        linestyle="none",
        marker="o" if side == CANDIDATE else "D",
        markersize=6.0,
        label=side if named else "_",
        gid=f"line:{_ROLES[side]}:{side}",
    )


def _dots_said(rows: list[Dots]) -> str:
    first = rows[0]
    alone = "one run: its interval comes from the other side" if len(first.candidate_s) == 1 else ""
    spread = max(first.base_s) / min(first.base_s) - 1.0
    said = (
        f"Runs of the base differ by up to {units.percent(spread)} in {visible(first.subject)}."
        if len(first.base_s) > 1
        else "A single run of the base: nothing is known of what sets runs apart."
    )
    return f"{said} The candidate has {alone}." if alone else said


def _dot_rows(dots: Dots) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (dots.subject, side, units.count(len(values)), units.duration(min(values)),
         units.duration(max(values)))
        for side, values in ((BASE, dots.base_s), (CANDIDATE, dots.candidate_s))
    )  # fmt: skip


def draw_tails(view: CompareView) -> Picture | None:
    """Every run's service time by quantile, thin; none where no run has enough requests."""
    drawn = [run for run in view.runs if run.curve.points]
    if not drawn:
        return None
    title = "How long are the tails? Service time by quantile, every run"
    worst = max(drawn, key=lambda run: run.curve.points[-1][1])
    last = worst.curve.points[-1]
    sentence = (
        f"The longest tail is that of {worst.side} {worst.run_id}: "
        f"{units.duration(last[1])} at {wording.quantile_name(float(f'{last[0]:.6g}'))}."
    )
    sheet = Sheet(lane_height=220.0)
    lane = sheet.lanes[0]
    lane.set_xscale("log")
    lane.set_yscale("log")
    seen: set[str] = set()
    for run in drawn:
        lane.plot(
            [1.0 / (1.0 - q) for q, _ in run.curve.points],
            [value * _MS for _, value in run.curve.points],
            color=colour(_ROLES[run.side]),
            linewidth=1.1,
            linestyle="-" if run.side == CANDIDATE else (0, (5.0, 2.0)),
            label="_" if run.side in seen else run.side,
            gid=f"line:{_ROLES[run.side]}:{run.side}",
        )
        seen.add(run.side)
    furthest = max(run.curve.points[-1][0] for run in drawn)
    shown = [q for q in (0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999) if q <= max(furthest, 0.9)]
    lane.set_xlim(1.0, 1.25 / (1.0 - max(furthest, 0.9)))
    names = [f"{q * 100.0:.10g} %" for q in shown]
    sheet.bottom(lane, "share of requests that are faster", [1.0 / (1.0 - q) for q in shown], names)
    values_ms = [value * _MS for run in drawn for _, value in run.curve.points]
    ticks = scale.logarithmic(max(min(values_ms), 1e-3), max(values_ms))
    lane.set_ylim(ticks[0], ticks[-1])
    sheet.axis(lane, "service time, ms (log)", ticks, scale.labels(ticks))
    sheet.legend(lane)
    return Picture(
        key="tails",
        title=title,
        svg=sheet.finish("tails", title, sentence),
        sentence=sentence,
        columns=("run", "side", "requests", "furthest quantile", "its value"),
        rows=tuple(
            (run.run_id, run.side, units.count(run.curve.n),
             wording.quantile_name(float(f"{run.curve.points[-1][0]:.6g}")),
             units.duration(run.curve.points[-1][1]))
            for run in drawn
        ),
    )  # fmt: skip
