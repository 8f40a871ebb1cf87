"""What failed when: failures per second, stacked by class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_reports import units, wording
from perf_reports.charts import scale
from perf_reports.charts.frame import Frame
from perf_reports.charts.sheet import Picture

if TYPE_CHECKING:
    from perf_reports.drawn import Timeline
    from perf_reports.parts import View

KEY = "failures"
# no dots: drawn as curves, one such pattern is larger than all other marks of a chart
_HATCHES = ("", "///", "\\\\\\", "xx", "---", "|||", "++")


def draw(view: View) -> Picture | None:
    """Failures per second by class; none where nothing failed."""
    timeline = view.timeline
    if not timeline.failures:
        return None
    title = "What failed when? Failures per second by class"
    sentence = _sentence(view)
    frame = Frame(view)
    lane = frame.lanes[0]
    below = [0.0] * len(timeline.at_s)
    for place, (name, line) in enumerate(timeline.failures):
        look = (f"class{place + 1}", _HATCHES[place], name)
        frame.bars(lane, line, below, look)
        below = [under + (value or 0.0) for under, value in zip(below, line, strict=True)]
    highest = max(below, default=0.0)
    ticks = scale.linear(highest, 4)
    lane.set_ylim(0.0, scale.top(highest))
    frame.axis(lane, "failures per second", ticks, scale.labels(ticks))
    frame.legend(lane)
    return Picture(
        key=KEY,
        title=title,
        svg=frame.finish(KEY, title, sentence),
        sentence=sentence,
        columns=("from", "phase", *(name for name, _ in timeline.failures)),
        rows=_rows(timeline),
        stops=frame.middles(),
        is_over_time=True,
    )


def _sentence(view: View) -> str:
    timeline = view.timeline
    sums = [
        sum(value or 0.0 for value in values)
        for values in zip(*(line for _, line in timeline.failures), strict=True)
    ]
    affected = sum(value > 0 for value in sums)
    highest = max(sums)
    at = timeline.at_s[sums.index(highest)]
    return (
        f"{wording.failures_said(view.failures, view.total.failed_of)} "
        f"Failures fell into {affected} of {len(sums)} points of "
        f"{units.length(timeline.point_s)}; most at {units.length(at)}: {units.rate(highest)}."
    )


def _rows(timeline: Timeline) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            units.length(at),
            timeline.phases[place],
            *(units.number(line[place] or 0.0) for _, line in timeline.failures),
        )
        for place, at in enumerate(timeline.at_s)
    )
