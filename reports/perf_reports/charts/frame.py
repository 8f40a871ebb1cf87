"""The frame that all charts over time share: lanes, time axis, phase bands, limits, bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.patches import PathPatch
from matplotlib.path import Path

from perf_analysis.series import SUSTAINED
from perf_reports.charts.palette import colour
from perf_reports.charts.sheet import LANE_HEIGHT, SMALL, Mark, Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from perf_reports.drawn import Line
    from perf_reports.parts import View

FEW_POINTS = 5
MOST_TICKS = 9
_NARROWEST_NAMED = 0.07
_STEPS_S = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200)
_LONG_S = 180.0


class TimeSheet(Sheet):
    """Lanes on one time axis.

    Parameters
    ----------
    end_s : float
    lanes : int
    lane_height : float
    since : str
        What time is counted from.
    """

    def __init__(
        self,
        end_s: float,
        lanes: int = 1,
        *,
        lane_height: float = LANE_HEIGHT,
        since: str = "the start",
    ) -> None:
        super().__init__(lanes, lane_height)
        self.end_s = end_s
        for lane in self.lanes:
            lane.set_xlim(0.0, end_s)
        self._time_ticks(self.lanes[-1], since)

    def _time_ticks(self, lane: Axes, since: str) -> None:
        step = next((s for s in _STEPS_S if self.end_s / s <= MOST_TICKS), self.end_s / MOST_TICKS)
        places = [step * number for number in range(int(self.end_s / step) + 1)]
        long = self.end_s > _LONG_S
        unit = "minutes:seconds" if long else "seconds"
        said = [_clock(at) if long else f"{at:g}" for at in places]
        self.bottom(lane, f"{unit} since {since}", places, said)

    def span(self, lane: Axes, start_s: float, end_s: float, name: str, *, dimmed: bool) -> None:
        """One phase: a band where it is dimmed, its name above where there is room."""
        if dimmed:
            lane.axvspan(start_s, end_s, facecolor=colour("band"), edgecolor="none", zorder=0)
        if name and (end_s - start_s) / self.end_s >= _NARROWEST_NAMED:
            lane.annotate(
                name,
                ((start_s + end_s) / 2.0, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                color=colour("text"),
                fontsize=SMALL,
            )

    def curve(self, lane: Axes, at_s: Sequence[float], line: Line, mark: Mark) -> None:
        """Draw one line over time, with dots where it would not be seen: few or lonely points."""
        values = [float("nan") if value is None else value for value in line]
        if not any(value is not None for value in line):
            return
        lane.plot(
            at_s,
            values,
            color=colour(mark.role),
            linestyle=mark.dashes,
            linewidth=mark.width,
            label=mark.label,
            gid=f"line:{mark.role}:{mark.label}",
            solid_capstyle="butt",
        )
        lonely = _lonely(line)
        if lonely:
            lane.plot(
                [at_s[place] for place in lonely],
                [values[place] for place in lonely],
                color=colour(mark.role),
                linestyle="none",
                marker="o",
                markersize=4.5,
            )


class Frame(TimeSheet):
    """Lanes on one time axis, over the phases of a run."""

    def __init__(self, view: View, lanes: int = 1) -> None:
        super().__init__(max(len(view.timeline.at_s) * view.timeline.point_s, 1.0), lanes)
        self._view = view
        for place, lane in enumerate(self.lanes):
            self._bands(lane, named=place == 0)

    def _bands(self, lane: Axes, *, named: bool) -> None:
        """Phases as bands; only what is judged is undimmed."""
        judged = any(span.phase == SUSTAINED for span in self._view.spans)
        for span in self._view.spans:
            end_s = self.end_s if span.phase == "drain" else min(span.end_s, self.end_s)
            if end_s <= span.start_s:
                continue
            name = span.phase if named else ""
            dimmed = judged and span.phase != SUSTAINED
            self.span(lane, span.start_s, end_s, name, dimmed=dimmed)

    def middles(self) -> tuple[float, ...]:
        """Where each point of the timeline stands in the drawing."""
        return self.places(self._middles_s())

    def draw(self, lane: Axes, line: Line, mark: Mark) -> None:
        """Draw one line of the timeline."""
        self.curve(lane, self._middles_s(), line, mark)

    def _middles_s(self) -> list[float]:
        timeline = self._view.timeline
        return [at + timeline.point_s / 2.0 for at in timeline.at_s]

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
                gid=f"line:{role}:{label}",
            )
        )


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
