"""What every chart shares: lanes, axes, limits, legends, and bytes that are always the same."""

from __future__ import annotations

import io
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from perf_analysis.verdict import Verdict
from perf_reports.charts import svg
from perf_reports.charts.palette import colour

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes

WIDTH = 860.0
LANE_HEIGHT = 176.0
_UNITS_PER_INCH = 72.0
_LEFT, _RIGHT, _TOP, _BOTTOM, _BETWEEN = 58.0, 14.0, 42.0, 40.0, 34.0
_FONT = 11.5
SMALL = 10.5
# Above this share of a lane the label of a limit would meet the marks at the top.
_HIGH = 0.75
VERDICT_WORDS = {
    Verdict.PASS: "held",
    Verdict.FAIL: "breached",
    Verdict.INCONCLUSIVE: "inconclusive",
}
VERDICT_ROLES = {
    Verdict.PASS: "held",
    Verdict.FAIL: "breached",
    Verdict.INCONCLUSIVE: "undecided",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One chart as it stands in a page: what it asks, the figure, and what it shows in words.

    Attributes
    ----------
    stops : tuple of float
        Where each row of the table stands in the drawing, from its left edge in its own units.
    is_over_time : bool
        Whether it shares its time axis with others, row by row.
    """

    key: str
    title: str
    svg: str
    sentence: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    stops: tuple[float, ...] = ()
    is_over_time: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How one line is drawn: by colour, dash and width, so that no one of them is needed."""

    role: str
    label: str
    dashes: str | tuple[float, tuple[float, ...]] = "-"
    width: float = 1.6


class Sheet:
    """Lanes below each other in one drawing; equal heights, one width.

    Parameters
    ----------
    lanes : int
    lane_height : float
        In units of the drawing.
    """

    def __init__(self, lanes: int = 1, lane_height: float = LANE_HEIGHT) -> None:
        self._lane_height = lane_height
        height = _TOP + _BOTTOM + lanes * lane_height + (lanes - 1) * _BETWEEN
        self._figure = Figure(figsize=(WIDTH / _UNITS_PER_INCH, height / _UNITS_PER_INCH))
        FigureCanvasSVG(self._figure)
        self._figure.patch.set_visible(False)
        self.lanes = tuple(self._lane(number, height) for number in range(lanes))

    def _lane(self, number: int, height: float) -> Axes:
        top = height - _TOP - number * (self._lane_height + _BETWEEN)
        lane = self._figure.add_axes(
            (
                _LEFT / WIDTH,
                (top - self._lane_height) / height,
                (WIDTH - _LEFT - _RIGHT) / WIDTH,
                self._lane_height / height,
            )
        )
        lane.patch.set_visible(False)
        lane.set_axisbelow(True)
        for side in ("top", "right"):
            lane.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            lane.spines[side].set_color(colour("ink"))
        lane.tick_params(colors=colour("ink"), labelcolor=colour("text"), labelsize=SMALL, length=3)
        lane.grid(visible=True, axis="y", color=colour("grid"), linewidth=0.8)
        lane.xaxis.set_major_locator(NullLocator())
        return lane

    def places(self, values: Sequence[float]) -> tuple[float, ...]:
        """Where values of the horizontal axis stand in the drawing, in its units from the left."""
        lane = self.lanes[0]
        to_share = lane.transData + lane.transAxes.inverted()
        shares = [float(to_share.transform((value, 1.0))[0]) for value in values]
        return tuple(_LEFT + share * (WIDTH - _LEFT - _RIGHT) for share in shares)

    def limit(self, lane: Axes, at: float, label: str, role: str, *, is_left: bool = False) -> None:
        """Draw a limit as a labelled horizontal line; the axis must have its range by now."""
        height = lane.transAxes.inverted().transform(lane.transData.transform((0.0, at)))[1]
        under = height > _HIGH
        lane.axhline(at, color=colour(role), linewidth=1.1, linestyle=(0, (6.0, 3.0)), zorder=3)
        lane.annotate(
            label,
            (0.0 if is_left else 1.0, at),
            xycoords=("axes fraction", "data"),
            xytext=(4 if is_left else -4, -4 if under else 3),
            textcoords="offset points",
            ha="left" if is_left else "right",
            va="top" if under else "bottom",
            color=colour(role),
            fontsize=SMALL,
        )

    def axis(self, lane: Axes, title: str, ticks: Sequence[float], labels: Sequence[str]) -> None:
        """Label the value axis."""
        lane.set_ylabel(title, color=colour("text"), fontsize=SMALL)
        lane.yaxis.set_major_locator(FixedLocator(list(ticks)))
        lane.yaxis.set_minor_locator(NullLocator())
        lane.yaxis.set_major_formatter(FixedFormatter(list(labels)))

    def bottom(self, lane: Axes, title: str, ticks: Sequence[float], labels: Sequence[str]) -> None:
        """Label the horizontal axis."""
        lane.set_xlabel(title, color=colour("text"), fontsize=SMALL)
        lane.xaxis.set_major_locator(FixedLocator(list(ticks)))
        lane.xaxis.set_minor_locator(NullLocator())
        lane.xaxis.set_major_formatter(FixedFormatter(list(labels)))

    def legend(self, lane: Axes) -> None:
        """Name the lines above a lane; in the first one above the names of the phases."""
        if lane.get_legend_handles_labels()[0]:
            above = 20.0 if lane is self.lanes[0] else 4.0
            lane.legend(
                loc="lower left",
                bbox_to_anchor=(0.0, 1.0 + above / self._lane_height),
                ncols=8,
                frameon=False,
                fontsize=SMALL,
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
    with mpl.rc_context(), warnings.catch_warnings():
        # text stays text: the reader's fonts draw what matplotlib's own have no glyph for
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)
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
