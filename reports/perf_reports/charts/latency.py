"""How long requests took over time, against the limits on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.compared import BASELINES
from perf_reports import units, wording
from perf_reports.charts import scale
from perf_reports.charts.frame import Frame
from perf_reports.charts.palette import colour
from perf_reports.charts.sheet import VERDICT_ROLES, VERDICT_WORDS, Mark, Picture
from perf_reports.endpoints import P95, QUANTILES
from perf_reports.timeline import VALUES_ABOVE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from perf_analysis.compared import QuantileShift
    from perf_analysis.verdict import ThresholdResult
    from perf_reports.drawn import Line, Timeline
    from perf_reports.parts import View

KEY = "latency"
_METRICS = {"http_req_duration": "service time", "http_req_latency": "latency"}
_MARKS = (
    Mark(role="p50", label="p50", dashes=(0, (1.5, 1.5)), width=1.5),
    Mark(role="p95", label="p95", width=2.2),
    Mark(role="p99", label="p99", dashes=(0, (5.0, 2.0)), width=1.5),
)
_SERVICE = Mark(role="service", label="p95 of service time", width=0.9)
_CONTROL = Mark(role="control", label="control p95, service time", dashes=(0, (5.0, 2.0)))
_MS = 1000.0
_ROOM = 1.5


def draw(view: View) -> Picture:
    """Quantiles of latency per point (service time under closed executors), logarithmic."""
    timeline = view.timeline
    lines = (timeline.p50_s, timeline.p95_s, timeline.p99_s)
    title = f"How long did requests take? {timeline.trend.capitalize()} over time"
    sentence = _sentence(view, lines)
    frame = Frame(view)
    lane = frame.lanes[0]
    if view.open_model:
        frame.draw(lane, _in_ms(timeline.service_p95_s), _SERVICE)
    _references(frame, view)
    for line, mark in zip(lines, _MARKS, strict=True):
        frame.draw(lane, _in_ms(line), mark)
    limits = _limits(view)
    _value_axis(frame, lane, view, limits)
    for result in limits:
        frame.limit(
            lane, result.threshold.limit, _limit_said(result), VERDICT_ROLES[result.verdict]
        )
    _unfinished(lane, timeline)
    frame.legend(lane)
    return Picture(
        key=KEY,
        title=title,
        svg=frame.finish(KEY, title, sentence),
        sentence=sentence,
        columns=(
            "from",
            "phase",
            "p50",
            "p95",
            "p99",
            "p95 of service time",
            *(["control p95"] * bool(timeline.control_p95_s)),
            "never completed",
        ),
        rows=_rows(timeline),
        stops=frame.middles(),
        is_over_time=True,
    )


def _references(frame: Frame, view: View) -> None:
    """p95 of the control over time, or the level of the baselines over the judged phase.

    Of accepted runs there are levels and no windows: a line from the lowest to the highest run.
    """
    lane = frame.lanes[0]
    if view.timeline.control_p95_s:
        frame.draw(lane, _in_ms(view.timeline.control_p95_s), _CONTROL)
    level = _baseline(view)
    if level is None:
        return
    low_ms, high_ms = level.lowest_s * _MS, level.highest_s * _MS
    for span in view.spans:
        if span.phase == view.phase and span.length_s > 0:
            ends = (span.start_s, min(span.end_s, frame.end_s))
            lane.fill_between(
                ends, low_ms, high_ms, facecolor=colour("before"), alpha=0.25, linewidth=0.0
            )
            lane.plot(
                ends, [level.reference_s * _MS] * 2, color=colour("before"), linewidth=1.4,
                linestyle=(0, (2.0, 2.0)), label="baselines p95, service time",
                gid="line:before:baselines p95",
            )  # fmt: skip


def _baseline(view: View) -> QuantileShift | None:
    """Level of p95 of the accepted runs."""
    if view.comparison.source != BASELINES:
        return None
    return next((shift for shift in view.comparison.shift if shift.q == P95), None)


def _value_axis(frame: Frame, lane: Axes, view: View, limits: list[ThresholdResult]) -> None:
    timeline = view.timeline
    drawn = [timeline.p50_s, timeline.p95_s, timeline.p99_s]
    drawn += [timeline.service_p95_s] if view.open_model else []
    values = [value * _MS for line in drawn for value in line if value]
    values += [value * _MS for value in timeline.control_p95_s if value]
    level = _baseline(view)
    values += [level.lowest_s * _MS, level.highest_s * _MS] if level else []
    # above a limit there must be room for its label
    values += [result.threshold.limit * _ROOM for result in limits if result.threshold.limit > 0]
    ticks = scale.logarithmic(min(values, default=1.0), max(values, default=1000.0))
    lane.set_yscale("log")
    lane.set_ylim(ticks[0], ticks[-1])
    name = f"{timeline.trend}, ms (log)"
    frame.axis(lane, name, ticks, scale.labels(ticks))


def _unfinished(lane: Axes, timeline: Timeline) -> None:
    """Arrows at the top: something began there that never completed, so no line is high enough."""
    places = [
        at + timeline.point_s / 2.0
        for at, number in zip(timeline.at_s, timeline.unfinished, strict=True)
        if number
    ]
    if places:
        lane.plot(
            places,
            [0.965] * len(places),
            transform=lane.get_xaxis_transform(),
            linestyle="none",
            marker="^",
            markersize=4.5,
            color="#a8321b",
            label="never completed",
            gid="line:unfinished:never completed",
            clip_on=False,
        )


def _limits(view: View) -> list[ThresholdResult]:
    """Limits on a quantile of all requests: what a line over time may be held against."""
    return [
        result
        for result in view.thresholds
        if result.threshold.metric in _METRICS
        and result.threshold.q is not None
        and not result.threshold.selector
    ]


def _limit_said(result: ThresholdResult) -> str:
    threshold = result.threshold
    return (
        f"{_METRICS[threshold.metric]} {threshold.expression} ms, {VERDICT_WORDS[result.verdict]}"
    )


def _sentence(view: View, lines: tuple[Line, ...]) -> str:
    timeline = view.timeline
    judged = [
        (value, at)
        for value, at, phase in zip(lines[1], timeline.at_s, timeline.phases, strict=True)
        if value is not None and view.phase in (phase, "all")
    ]
    parts = []
    if judged:
        low, high = min(judged), max(judged)
        parts.append(
            f"p95 of {timeline.trend} lay between {units.duration(low[0])} and "
            f"{units.duration(high[0])} (points of {units.length(timeline.point_s)}, "
            f"{_phase_said(view)}); highest at {units.length(high[1])}."
        )
    for q, line in zip(QUANTILES, lines, strict=True):
        if not any(value is not None for value in line):
            needs = round(VALUES_ABOVE / (1.0 - q))
            parts.append(
                f"{wording.quantile_name(q)} is not drawn: it takes {needs} requests in one point."
            )
    number = sum(timeline.unfinished)
    if number:
        nouns = ("request", "arrival") if view.open_model else ("request",)
        noun = " or ".join(wording.plural(noun, number) for noun in nouns)
        parts.append(f"{units.count(number)} {noun} never completed.")
    if not view.open_model:
        parts.append("Closed model: no intended start, so service time only.")
    return " ".join(parts)


def _phase_said(view: View) -> str:
    return "whole schedule" if view.phase == "all" else view.phase


def _in_ms(line: Line) -> Line:
    return tuple(None if value is None else value * _MS for value in line)


def _rows(timeline: Timeline) -> tuple[tuple[str, ...], ...]:
    def said(value: float | None) -> str:
        return units.NOT_AVAILABLE if value is None else units.duration(value)

    return tuple(
        (
            units.length(at),
            timeline.phases[place],
            said(timeline.p50_s[place]),
            said(timeline.p95_s[place]),
            said(timeline.p99_s[place]),
            said(timeline.service_p95_s[place]),
            *(said(value) for value in timeline.control_p95_s[place : place + 1]),
            units.count(timeline.unfinished[place]),
        )
        for place, at in enumerate(timeline.at_s)
    )
