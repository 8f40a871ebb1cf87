"""Was the generator healthy: its schedule lag and its CPU, against their limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.saturation import CPU_RATIO, LAG_S
from perf_reports import units
from perf_reports.charts import scale
from perf_reports.charts.frame import Frame
from perf_reports.charts.sheet import Mark, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from perf_reports.drawn import Line, Timeline
    from perf_reports.parts import View

KEY = "generator"
_LAG = Mark(role="lag", label="schedule lag p99")
_CPU = Mark(role="cpu", label="CPU, highest second")
_MS = 1000.0
_PERCENT = 100.0
_ROOM = 1.15


def draw(view: View) -> Picture | None:
    """Lag and CPU on two lanes (CPU alone under closed executors); none of imported runs."""
    timeline = view.timeline
    lag, cpu = _scaled(timeline.lag_p99_s, _MS), _scaled(timeline.cpu_ratio, _PERCENT)
    if not any(value is not None for value in (*lag, *cpu)):
        return None
    title = "Was the generator healthy? Its lag and CPU over time"
    if not view.open_model:
        title = "Was the generator healthy? Its CPU over time"
    sentence = _sentence(view)
    frame = Frame(view, lanes=2 if view.open_model else 1)
    if view.open_model:
        frame.draw(frame.lanes[0], lag, _LAG)
        _axis(frame, frame.lanes[0], lag, ("lag p99, ms", LAG_S * _MS, "limit 10 ms (V6)"))
    frame.draw(frame.lanes[-1], cpu, _CPU)
    limit = ("CPU, %", CPU_RATIO * _PERCENT, "limit 85 % for its p95 (V6)")
    _axis(frame, frame.lanes[-1], cpu, limit)
    return Picture(
        key=KEY,
        title=title,
        svg=frame.finish(KEY, title, sentence),
        sentence=sentence,
        columns=("from", "phase", "schedule lag p99", "CPU, highest"),
        rows=_rows(timeline),
        stops=frame.middles(),
        is_over_time=True,
    )


def _axis(frame: Frame, lane: Axes, line: Line, limit: tuple[str, float, str]) -> None:
    title, at, said = limit
    # above the limit there must be room for its label
    ticks = scale.linear(max([at * _ROOM, *(value for value in line if value is not None)]), 4)
    lane.set_ylim(0.0, ticks[-1] * 1.04)
    frame.axis(lane, title, ticks, scale.labels(ticks))
    frame.limit(lane, at, said, "limit")


def _sentence(view: View) -> str:
    timeline = view.timeline
    parts = []
    lag = [value for value in timeline.lag_p99_s if value is not None]
    if lag:
        parts.append(
            f"Schedule lag p99 of one point reached {units.duration(max(lag))}; "
            f"over the run the limit is {units.duration(LAG_S)}."
        )
    cpu = [value for value in timeline.cpu_ratio if value is not None]
    if cpu:
        parts.append(
            f"CPU of the engine reached {units.percent(max(cpu))} of one processor; "
            f"the limit for its p95 is {units.percent(CPU_RATIO)}."
        )
    return " ".join(parts)


def _scaled(line: Line, factor: float) -> Line:
    return tuple(None if value is None else value * factor for value in line)


def _rows(timeline: Timeline) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            units.length(at),
            timeline.phases[place],
            units.NOT_AVAILABLE if lag is None else units.duration(lag),
            units.NOT_AVAILABLE if cpu is None else units.percent(cpu),
        )
        for place, (at, lag, cpu) in enumerate(
            zip(timeline.at_s, timeline.lag_p99_s, timeline.cpu_ratio, strict=True)
        )
    )
