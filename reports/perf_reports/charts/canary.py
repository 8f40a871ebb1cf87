"""A canary beside its control over time: traffic, errors, durations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_documents.canary_looks import Answer
from perf_documents.canary_rules import CANARY, CONTROL
from perf_reports import units
from perf_reports.charts import scale
from perf_reports.charts.frame import TimeSheet
from perf_reports.charts.palette import colour
from perf_reports.charts.sheet import LANE_HEIGHT, SMALL, Mark, Picture
from perf_reports.escape import shorten, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from matplotlib.axes import Axes

    from perf_reports.canary_timeline import ArmLines, Limit, Line, Watched

_MS, _PERCENT = 1000.0, 100.0
# a mark at the very end of the axis would be cut in half
_BEYOND = 1.02
# part of the axis that an answer takes, and of a span that it leaves
_ROOM, _UNANSWERED = 0.17, 0.6
_LONGEST = 40
MARKS = {
    CANARY: Mark(role="now", label=CANARY, width=2.0),
    CONTROL: Mark(role="control", label=CONTROL, dashes=(0, (5.0, 2.0))),
}
_ANSWER_ROLES = {Answer.PROMOTE: "held", Answer.ROLLBACK: "breached", Answer.HOLD: "undecided"}
_SHARE = Mark(role="now", label="canary's share", width=2.0)


class WatchSheet(TimeSheet):
    """Lanes over the time of a watch, with the end of each warm-up and the decision."""

    def __init__(
        self, watched: Watched, lanes: int = 1, *, lane_height: float = LANE_HEIGHT
    ) -> None:
        end_s = max(watched.at_s[-1] * _BEYOND, 1.0)
        super().__init__(end_s, lanes, lane_height=lane_height, since="the watch began")
        self._watched = watched
        for place, lane in enumerate(self.lanes):
            self._phases(lane, named=place == 0)
            self._decisions(lane, named=place == 0)

    def stops(self) -> tuple[float, ...]:
        """Where each row of the table stands in the drawing."""
        return self.places(self._watched.at_s)

    def line(self, lane: Axes, values: Line, mark: Mark) -> None:
        """Draw one line of the watch."""
        self.curve(lane, self._watched.at_s, values, mark)

    def _phases(self, lane: Axes, *, named: bool) -> None:
        reached_s = 0.0
        for start_s, end_s in self._watched.warm_ups:
            self._watching(lane, reached_s, start_s, named=named)
            self.span(lane, start_s, end_s, "warm-up" if named else "", dimmed=True)
            lane.axvline(end_s, color=colour("limit"), linewidth=1.0, linestyle=(0, (1.0, 2.0)))
            reached_s = end_s
        self._watching(lane, reached_s, self._watched.at_s[-1], named=named)

    def _watching(self, lane: Axes, start_s: float, end_s: float, *, named: bool) -> None:
        """Name the time after a warm-up, beside the answer that may end it."""
        decided = any(start_s < at_s <= end_s for at_s, _ in self._watched.decisions)
        until_s = start_s + (end_s - start_s) * (_UNANSWERED if decided else 1.0)
        self.span(lane, start_s, until_s, "watch" if named else "", dimmed=False)

    def _decisions(self, lane: Axes, *, named: bool) -> None:
        """A mark where a step was decided; its answer in words where there is room for it."""
        free_s = 0.0
        for at_s, answer in self._watched.decisions:
            lane.axvline(at_s, color=colour(_ANSWER_ROLES[answer]), linewidth=2.0, zorder=4)
            if named and (at_s - free_s >= _ROOM * self.end_s or not free_s):
                self._say(lane, at_s, answer)
                free_s = at_s

    def _say(self, lane: Axes, at_s: float, answer: Answer) -> None:
        is_before = at_s > _ROOM * self.end_s
        lane.annotate(
            f"{answer.value} {units.length(at_s)}",
            (at_s, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(3 if is_before else -3, 4),
            textcoords="offset points",
            ha="right" if is_before else "left",
            color=colour(_ANSWER_ROLES[answer]),
            fontsize=SMALL,
            fontweight="bold",
        )


def draw_traffic(watched: Watched) -> Picture:
    """Requests per second of each arm, and the canary's part of them."""
    title = "How much did the canary take? Requests per second and share of traffic"
    sheet = WatchSheet(watched, lanes=2)
    upper, lower = sheet.lanes
    highest = _highest(arm.rate for arm in watched.arms.values())
    for name, arm in watched.arms.items():
        sheet.line(upper, arm.rate, MARKS[name])
    _up(sheet, upper, "requests per second", highest)
    percents = tuple(None if one is None else one * _PERCENT for one in watched.share)
    sheet.line(lower, percents, _SHARE)
    _up(sheet, lower, "share of traffic, %", _highest([percents]))
    sheet.legend(upper)
    sheet.legend(lower)
    last = next((one for one in reversed(watched.share) if one is not None), None)
    taken = "is not known" if last is None else f"was {units.percent(last)} since its step began"
    sentence = f"The canary's share of requests {taken}."
    lines = [arm.rate for arm in watched.arms.values()]
    return Picture(
        key="traffic",
        title=title,
        svg=sheet.finish("traffic", title, sentence),
        sentence=sentence,
        columns=("at", "phase", *(f"{name}, per s" for name in watched.arms), "canary's share"),
        rows=table_rows(watched, [*([_rate(v) for v in line] for line in lines),
                                  [_percent(v) for v in watched.share]]),
        stops=sheet.stops(),
        is_over_time=True,
    )  # fmt: skip


def draw_errors(watched: Watched) -> Picture:
    """Share of errors of each arm, over the last minute, against the rules' limits."""
    title = "Does the canary fail more? Share of errors, last minute"
    sheet = WatchSheet(watched)
    lane = sheet.lanes[0]
    drawn = {
        name: tuple(None if one is None else one * _PERCENT for one in arm.errors)
        for name, arm in watched.arms.items()
    }
    for name, percents in drawn.items():
        sheet.line(lane, percents, MARKS[name])
    limits = [one.value * _PERCENT for one in watched.error_limits]
    _up(sheet, lane, "errors, % of requests", _highest([*drawn.values(), limits]))
    _limits(sheet, lane, watched.error_limits, _PERCENT)
    sheet.legend(lane)
    sentence = _highest_said(
        "share of errors", {name: arm.errors for name, arm in watched.arms.items()}, _percent
    )
    return Picture(
        key="errors",
        title=title,
        svg=sheet.finish("errors", title, sentence),
        sentence=sentence,
        columns=("at", "phase", *watched.arms),
        rows=table_rows(watched, [[_percent(v) for v in a.errors] for a in watched.arms.values()]),
        stops=sheet.stops(),
        is_over_time=True,
    )


def draw_p95(watched: Watched) -> Picture | None:
    """p95 of each arm over the last minute; none where no durations were read."""
    if not any(value is not None for arm in watched.arms.values() for value in arm.p95_s):
        return None
    title = "Is the canary slower? p95 of the last minute"
    sheet = WatchSheet(watched)
    lane = sheet.lanes[0]
    for name, arm in watched.arms.items():
        sheet.line(lane, tuple(None if v is None else v * _MS for v in arm.p95_s), MARKS[name])
        _clipped(lane, watched, name, arm)
    limits = [one.value * _MS for one in watched.p95_limits]
    lines = [[None if v is None else v * _MS for v in a.p95_s] for a in watched.arms.values()]
    _up(sheet, lane, "p95, ms", _highest([*lines, limits]))
    _limits(sheet, lane, watched.p95_limits, _MS)
    sheet.legend(lane)
    sentence = _p95_said(watched)
    return Picture(
        key="p95",
        title=title,
        svg=sheet.finish("p95", title, sentence),
        sentence=sentence,
        columns=("at", "phase", *watched.arms),
        rows=table_rows(watched, [_durations(arm) for arm in watched.arms.values()]),
        stops=sheet.stops(),
        is_over_time=True,
    )


def table_rows(watched: Watched, columns: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Rows of a chart's table: time, phase, and the figures of each point."""
    times = (units.length(at) for at in watched.at_s)
    return tuple(zip(times, watched.phases, *columns, strict=True))


def _clipped(lane: Axes, watched: Watched, name: str, arm: ArmLines) -> None:
    """Open triangles where only a lower bound of p95 is known."""
    places = [place for place, clipped in enumerate(arm.clipped) if clipped]
    if places:
        lane.plot(
            [watched.at_s[place] for place in places],
            [(arm.p95_s[place] or 0.0) * _MS for place in places],
            color=colour(MARKS[name].role),
            markerfacecolor="none",
            linestyle="none",
            marker="^",
            markersize=6.0,
            label=f"{name}: at least",
            gid=f"line:{MARKS[name].role}:{name}: at least",
        )


def _p95_said(watched: Watched) -> str:
    said = _highest_said("p95", {name: arm.p95_s for name, arm in watched.arms.items()}, _duration)
    if not any(any(arm.clipped) for arm in watched.arms.values()):
        return said
    return (
        f"{said} Triangles lie at the last bound of the source's histogram: p95 is at least that, "
        "and how much more nobody knows."
    )


def _highest_said(what: str, lines: dict[str, Line], text: Callable[[float], str]) -> str:
    parts = []
    for name, line in lines.items():
        known = [value for value in line if value is not None]
        if known:
            parts.append(f"{text(max(known))} of the {name}")
        else:
            parts.append(f"unknown of the {name}")
    return f"The highest {what}: {', '.join(parts)}."


def _durations(arm: ArmLines) -> list[str]:
    return [
        f"{'≥ ' if clipped else ''}{_duration(value)}"
        for value, clipped in zip(arm.p95_s, arm.clipped, strict=True)
    ]


def _limits(sheet: TimeSheet, lane: Axes, limits: Sequence[Limit], factor: float) -> None:
    for one in limits:
        said = f"{shorten(visible(one.rule), _LONGEST)} {visible(one.when)}"
        # a decision stands at the right end
        sheet.limit(lane, one.value * factor, shorten(said, 2 * _LONGEST), "limit", is_left=True)


def _up(sheet: TimeSheet, lane: Axes, title: str, highest: float) -> None:
    """A value axis from zero."""
    ticks = scale.linear(highest, 4)
    lane.set_ylim(0.0, scale.top(highest))
    sheet.axis(lane, title, ticks, scale.labels(ticks))


def _highest(lines: Iterable[Sequence[float | None]]) -> float:
    return max((v for line in lines for v in line if v is not None), default=0.0)


def _rate(value: float | None) -> str:
    return units.NOT_AVAILABLE if value is None else units.number(value)


def _percent(value: float | None) -> str:
    return units.NOT_AVAILABLE if value is None else units.percent(value)


def _duration(value: float | None) -> str:
    return units.NOT_AVAILABLE if value is None else units.duration(value)
