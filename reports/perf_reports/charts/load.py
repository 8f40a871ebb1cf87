"""Was the load offered: what was planned, what began and what ended, per second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_reports import units, wording
from perf_reports.charts import scale
from perf_reports.charts.frame import Frame
from perf_reports.charts.sheet import VERDICT_ROLES, VERDICT_WORDS, Mark, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from perf_reports.drawn import Timeline
    from perf_reports.parts import View

KEY = "load"
# Share of the axis below zero at least, so that single lost arrivals can be seen.
_LEAST_BELOW = 0.12
_PLANNED = Mark(role="planned", label="planned", dashes=(0, (4.0, 2.0)), width=2.6)
_STARTED = Mark(role="started", label="started", width=1.5)
_PRESENT = Mark(role="started", label="present", width=1.5)
_ENDED = Mark(role="ended", label="requests ended", width=1.5)


def draw(view: View) -> Picture:
    """Planned against started arrivals (or VUs), and requests ended, on two lanes."""
    timeline = view.timeline
    noun = "iterations per second" if view.open_model else "virtual users"
    title = f"Was the load offered? {noun.capitalize()}, planned against achieved"
    sentence = _sentence(view)
    frame = Frame(view, lanes=2)
    upper, lower = frame.lanes
    frame.draw(upper, timeline.planned, _PLANNED)
    frame.draw(upper, timeline.started, _STARTED if view.open_model else _PRESENT)
    _lost(frame, upper, timeline)
    _upper_axis(frame, upper, view)
    frame.draw(lower, timeline.ended, _ENDED)
    _lower_axis(frame, lower, view)
    frame.legend(upper)
    frame.legend(lower)
    return Picture(
        key=KEY,
        title=title,
        svg=frame.finish(KEY, title, sentence),
        sentence=sentence,
        columns=(
            "from", "phase", "planned", "started", "dropped", "unsent", "requests ended",
        ),
        rows=_rows(timeline),
        stops=frame.middles(),
        is_over_time=True,
    )  # fmt: skip


def _lost(frame: Frame, lane: Axes, timeline: Timeline) -> None:
    """Dropped and unsent arrivals as bars downward: load that was planned and never began."""
    dropped = tuple(-(value or 0.0) for value in timeline.dropped)
    unsent = tuple(-(value or 0.0) for value in timeline.unsent)
    zeros = [0.0] * len(dropped)
    if any(dropped):
        frame.bars(lane, dropped, zeros, ("dropped", "", "dropped"))
    if any(unsent):
        frame.bars(lane, unsent, dropped, ("unsent", "///", "unsent"))


def _upper_axis(frame: Frame, lane: Axes, view: View) -> None:
    timeline = view.timeline
    highest = max((v for v in (*timeline.planned, *timeline.started) if v), default=0.0)
    lost = [(d or 0.0) + (u or 0.0) for d, u in zip(timeline.dropped, timeline.unsent, strict=True)]
    ticks = scale.linear(highest)
    below = scale.linear(max(lost), 1)[1:] if any(lost) else []
    ticks = [*(-tick for tick in reversed(below)), *ticks]
    lane.set_ylim(min(ticks[0], -_LEAST_BELOW * ticks[-1] * bool(below)), scale.top(highest))
    names = [
        "" if tick < 0 and -tick < _LEAST_BELOW * ticks[-1] else label
        for tick, label in zip(ticks, scale.labels([abs(tick) for tick in ticks]), strict=True)
    ]
    title = "iterations per second" if view.open_model else "virtual users"
    frame.axis(lane, title, ticks, names)
    if below:
        lane.axhline(0.0, color="#3a4046", linewidth=0.8)


def _lower_axis(frame: Frame, lane: Axes, view: View) -> None:
    limits = [
        result
        for result in view.thresholds
        if (result.threshold.metric, result.threshold.aggregation) == ("http_reqs", "rate")
        and not result.threshold.selector
    ]
    values = [value for value in view.timeline.ended if value]
    highest = max([*values, *(result.threshold.limit for result in limits)], default=0.0)
    ticks = scale.linear(highest, 4)
    lane.set_ylim(0.0, scale.top(highest))
    frame.axis(lane, "requests per second", ticks, scale.labels(ticks))
    for result in limits:
        said = f"http_reqs {result.threshold.expression}, {VERDICT_WORDS[result.verdict]}"
        frame.limit(lane, result.threshold.limit, said, VERDICT_ROLES[result.verdict])


def _sentence(view: View) -> str:
    timeline = view.timeline
    unit = "iterations per second" if view.open_model else "VUs"
    planned = [value for value in timeline.planned if value]
    if not planned:
        return "No load was planned or recorded."
    started = max((value for value in timeline.started if value), default=0.0)
    ended = max((value for value in timeline.ended if value), default=0.0)
    offered = f"up to {units.number(max(planned))} {unit}, achieved up to {units.number(started)}"
    parts = [f"Planned were {offered}; at most {units.number(ended)} requests ended per second."]
    if view.open_model:
        losses = (("dropped", timeline.dropped), ("unsent", timeline.unsent))
        names = [name for name, line in losses if any(line)]
        said = f"Some arrivals were {wording.joined(names)} (bars below zero)." if names else ""
        parts.append(said or "No arrival was dropped or unsent.")
    return " ".join(parts)


def _rows(timeline: Timeline) -> tuple[tuple[str, ...], ...]:
    lines = (timeline.planned, timeline.started, timeline.dropped, timeline.unsent, timeline.ended)
    return tuple(
        (
            units.length(at),
            timeline.phases[place],
            *(units.number(line[place] or 0.0) for line in lines),
        )
        for place, at in enumerate(timeline.at_s)
    )
