"""The frame that all charts over time share: lanes, time axis, phase bands, limits, bytes."""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from perf_analysis.series import SUSTAINED
from perf_analysis.verdict import Verdict
from perf_reports.charts import svg
from perf_reports.charts.palette import colour

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes

    from perf_reports.parts import Line, View

WIDTH = 860.0
LANE_HEIGHT = 176.0
_UNITS_PER_INCH = 72.0
_LEFT, _RIGHT, _TOP, _BOTTOM, _BETWEEN = 58.0, 14.0, 42.0, 40.0, 34.0
_FONT, _SMALL = 11.5, 10.5
FEW_POINTS = 5
MOST_TICKS = 9
_NARROWEST_NAMED = 0.07
# Above this share of a lane the label of a limit would meet the marks at the top.
_HIGH = 0.75
VERDICT_WORDS = {
    Verdict.PASS: "held",
    Verdict.FAIL: "breached",
    Verdict.INCONCLUSIVE: "inconclusive",
}
_STEPS_S = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200)
_LONG_S = 180.0
VERDICT_ROLES = {
    Verdict.PASS: "held",
    Verdict.FAIL: "breached",
    Verdict.INCONCLUSIVE: "undecided",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One chart as it stands in a page: what it asks, the figure, and what it shows in words."""

    key: str
    title: str
    svg: str
    sentence: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How one line is drawn: by colour, dash and width, so that no one of them is needed."""

    role: str
    label: str
    dashes: str | tuple[float, tuple[float, ...]] = "-"
    width: float = 1.6


class Frame:
    """Lanes on one time axis, over the phases of a run."""

    def __init__(self, view: View, lanes: int = 1) -> None:
        self._view = view
        height = _TOP + _BOTTOM + lanes * LANE_HEIGHT + (lanes - 1) * _BETWEEN
        self._figure = Figure(figsize=(WIDTH / _UNITS_PER_INCH, height / _UNITS_PER_INCH))
        FigureCanvasSVG(self._figure)
        self._figure.patch.set_visible(False)
        self.end_s = max(len(view.timeline.at_s) * view.timeline.point_s, 1.0)
        self.lanes = tuple(self._lane(number, height) for number in range(lanes))
        self._time_ticks(self.lanes[-1])
        for place, lane in enumerate(self.lanes):
            self._bands(lane, named=place == 0)

    def _lane(self, number: int, height: float) -> Axes:
        top = height - _TOP - number * (LANE_HEIGHT + _BETWEEN)
        lane = self._figure.add_axes(
            (
                _LEFT / WIDTH,
                (top - LANE_HEIGHT) / height,
                (WIDTH - _LEFT - _RIGHT) / WIDTH,
                LANE_HEIGHT / height,
            )
        )
        lane.patch.set_visible(False)
        lane.set_axisbelow(True)
        for side in ("top", "right"):
            lane.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            lane.spines[side].set_color(colour("ink"))
        lane.tick_params(
            colors=colour("ink"), labelcolor=colour("text"), labelsize=_SMALL, length=3
        )
        lane.grid(visible=True, axis="y", color=colour("grid"), linewidth=0.8)
        lane.set_xlim(0.0, self.end_s)
        lane.xaxis.set_major_locator(NullLocator())
        return lane

    def _time_ticks(self, lane: Axes) -> None:
        step = next((s for s in _STEPS_S if self.end_s / s <= MOST_TICKS), self.end_s / MOST_TICKS)
        places = [step * number for number in range(int(self.end_s / step) + 1)]
        long = self.end_s > _LONG_S
        lane.xaxis.set_major_locator(FixedLocator(places))
        lane.xaxis.set_major_formatter(
            FixedFormatter([_clock(at) if long else f"{at:g}" for at in places])
        )
        unit = "minutes:seconds" if long else "seconds"
        lane.set_xlabel(f"{unit} since the start", color=colour("text"), fontsize=_SMALL)

    def _bands(self, lane: Axes, *, named: bool) -> None:
        """Phases as bands; only what is judged is undimmed."""
        judged = any(span.phase == SUSTAINED for span in self._view.spans)
        for span in self._view.spans:
            start_s = span.start_s
            end_s = self.end_s if span.phase == "drain" else min(span.end_s, self.end_s)
            if end_s <= start_s:
                continue
            if judged and span.phase != SUSTAINED:
                lane.axvspan(start_s, end_s, facecolor=colour("band"), edgecolor="none", zorder=0)
            if named and (end_s - start_s) / self.end_s >= _NARROWEST_NAMED:
                lane.annotate(
                    span.phase,
                    ((start_s + end_s) / 2.0, 1.0),
                    xycoords=("data", "axes fraction"),
                    xytext=(0, 3),
                    textcoords="offset points",
                    ha="center",
                    color=colour("text"),
                    fontsize=_SMALL,
                )

    def draw(self, lane: Axes, line: Line, mark: Mark) -> None:
        """Draw one line over time, with dots where it would not be seen: few or lonely points."""
        timeline = self._view.timeline
        middles = [at + timeline.point_s / 2.0 for at in timeline.at_s]
        values = [float("nan") if value is None else value for value in line]
        if not any(value is not None for value in line):
            return
        lane.plot(
            middles,
            values,
            color=colour(mark.role),
            linestyle=mark.dashes,
            linewidth=mark.width,
            label=mark.label,
            gid=f"line:{mark.role}",
            solid_capstyle="butt",
        )
        lonely = _lonely(line)
        if lonely:
            lane.plot(
                [middles[place] for place in lonely],
                [values[place] for place in lonely],
                color=colour(mark.role),
                linestyle="none",
                marker="o",
                markersize=4.5,
            )

    def bars(
        self, lane: Axes, line: Line, below: Sequence[float], look: tuple[str, str, str]
    ) -> None:
        """Stack bars of one point's width on `below`; `look` is role, hatch and label.

        All bars are one path: as shapes of their own, 150 of them are most of a page.
        """
        role, hatch, label = look
        timeline = self._view.timeline
        shapes = [
            Path(
                [(at, low), (at + timeline.point_s, low), (at + timeline.point_s, low + value),
                 (at, low + value), (at, low)],
                closed=True,
            )
            for at, low, value in zip(timeline.at_s, below, line, strict=True)
            if value
        ]  # fmt: skip
        lane.add_patch(
            PathPatch(
                Path.make_compound_path(*shapes),
                facecolor=colour(role),
                edgecolor=colour("ink"),
                linewidth=0.0,
                hatch=hatch,
                label=label,
            )
        )

    def limit(self, lane: Axes, at: float, label: str, role: str) -> None:
        """Draw a limit as a labelled horizontal line; the axis must have its range by now."""
        height = lane.transAxes.inverted().transform(lane.transData.transform((0.0, at)))[1]
        under = height > _HIGH
        lane.axhline(at, color=colour(role), linewidth=1.1, linestyle=(0, (6.0, 3.0)), zorder=3)
        lane.annotate(
            label,
            (1.0, at),
            xycoords=("axes fraction", "data"),
            xytext=(-4, -4 if under else 3),
            textcoords="offset points",
            ha="right",
            va="top" if under else "bottom",
            color=colour(role),
            fontsize=_SMALL,
        )

    def axis(self, lane: Axes, title: str, ticks: Sequence[float], labels: Sequence[str]) -> None:
        """Label the value axis."""
        lane.set_ylabel(title, color=colour("text"), fontsize=_SMALL)
        lane.yaxis.set_major_locator(FixedLocator(list(ticks)))
        lane.yaxis.set_minor_locator(NullLocator())
        lane.yaxis.set_major_formatter(FixedFormatter(list(labels)))

    def legend(self, lane: Axes) -> None:
        """Name the lines above a lane; in the first one above the names of the phases."""
        if lane.get_legend_handles_labels()[0]:
            above = 20.0 if lane is self.lanes[0] else 4.0
            lane.legend(
                loc="lower left",
                bbox_to_anchor=(0.0, 1.0 + above / LANE_HEIGHT),
                ncols=8,
                frameon=False,
                fontsize=_SMALL,
                labelcolor=colour("text"),
                borderaxespad=0.0,
                handlelength=2.4,
                columnspacing=1.6,
            )

    def finish(self, chart: str, name: str, description: str) -> str:
        """SVG for the page; equal data give equal bytes."""
        sink = io.StringIO()
        unsaid = {"Date": None, "Creator": None, "Format": None, "Type": None}
        self._figure.savefig(sink, format="svg", metadata=unsaid)
        return svg.clean(sink.getvalue(), chart=chart, name=name, description=description)


@contextmanager
def settings() -> Iterator[None]:
    """Set matplotlib up for equal bytes everywhere, whatever the user's own configuration says."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(
            {
                "svg.hashsalt": "perfproof",
                "svg.fonttype": "none",
                "text.parse_math": False,
                "font.size": _FONT,
                "hatch.linewidth": 0.8,
                "path.simplify": False,
            }
        )
        yield


def _clock(at_s: float) -> str:
    minutes, seconds = divmod(round(at_s), 60)
    return f"{minutes}:{seconds:02d}"


def _lonely(line: Line) -> list[int]:
    """Points without a neighbour, or all where there are few: a line alone would not show them."""
    present = [place for place, value in enumerate(line) if value is not None]
    if len(line) < FEW_POINTS:
        return present
    known = set(present)
    return [place for place in present if not known & {place - 1, place + 1}]
