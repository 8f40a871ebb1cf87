"""What a run measured over time: at most 150 points, each one window or several merged."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median_low
from typing import TYPE_CHECKING

from perf_analysis.failure_classes import DROPPED
from perf_analysis.histogram import merge
from perf_analysis.series import (
    CANDIDATE,
    CONTROL,
    DRAIN,
    Cell,
    ScenarioCell,
    add_cells,
    add_scenario_cells,
)
from perf_reports.drawn import Line, Timeline
from perf_reports.endpoints import QUANTILES, candidate_series, quantile

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_analysis.series import Measured
    from perf_documents.run import Run

MOST_POINTS = 150
# Thin runs get longer points, so that p99 can be drawn, as long as this many remain.
ENOUGH_POINTS = 30
ENOUGH_REQUESTS = 100
MOST_CLASSES = 6
OTHER = "other"
# A point is drawn where one value lies above it: over time the picture as a whole is the evidence.
VALUES_ABOVE = 1


NO_TIMELINE = Timeline(
    point_s=1.0, windows=0, at_s=(), phases=(), trend="", p50_s=(), p95_s=(), p99_s=(),
    service_p95_s=(), control_p95_s=(), unfinished=(), planned=(), started=(), ended=(),
    dropped=(), unsent=(), failures=(), lag_p99_s=(), cpu_ratio=(),
)  # fmt: skip


@dataclass(slots=True)
class _Point:
    """What belongs to one point while it is gathered."""

    cells: list[Cell] = field(default_factory=list)
    scenarios: list[ScenarioCell] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)
    ended: int = 0
    cpu_ratios: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Merged:
    """One point, summed."""

    cell: Cell
    scenario: ScenarioCell
    failures: dict[str, int]
    ended: int
    cpu_ratio: float | None
    length_s: float
    covered_s: float


def build_timeline(run: Run) -> Timeline:
    """Return the run over time, from its first window to the last in which anything happened."""
    measured = run.measured
    windows = _window_count(run)
    per_point = _windows_per_point(measured, windows)
    points = _merge_points(run, per_point, -(-windows // per_point))
    at_s = tuple(place * per_point * measured.window_s for place in range(len(points)))
    planned, started = _offered(points, open_model=measured.open_model)
    p50_s, p95_s, p99_s = (_quantiles(points, q, latency=measured.open_model) for q in QUANTILES)
    return Timeline(
        point_s=per_point * measured.window_s,
        windows=windows,
        at_s=at_s,
        phases=tuple(_phase_at(measured, start_s) for start_s in at_s),
        trend="latency" if measured.open_model else "service time",
        p50_s=p50_s,
        p95_s=p95_s,
        p99_s=p99_s,
        service_p95_s=_quantiles(points, 0.95, latency=False),
        control_p95_s=_control(measured, per_point, len(points)),
        unfinished=tuple(_unfinished(point) for point in points),
        planned=planned,
        started=started,
        ended=_line(points, lambda point: point.ended / point.length_s),
        dropped=_line(points, lambda point: point.scenario.dropped / point.covered_s),
        unsent=_line(points, lambda point: point.scenario.unsent / point.covered_s),
        failures=_failures(points),
        # of few arrivals this is nearly the highest: no reason to leave it out
        lag_p99_s=_line(points, lambda point: point.scenario.lag.quantile_s(0.99)),
        cpu_ratio=_line(points, lambda point: point.cpu_ratio),
    )


def _window_count(run: Run) -> int:
    measured = run.measured
    seen = {slot.window for slots in measured.series.values() for slot in slots}
    seen |= {slot.window for cells in measured.scenarios.values() for slot in cells}
    return (
        max(seen | set(measured.ended) | {health.window for health in run.health}, default=-1) + 1
    )


def _windows_per_point(measured: Measured, windows: int) -> int:
    fewest = max(1, -(-windows // MOST_POINTS))
    begun: dict[int, int] = {}
    for slots in candidate_series(measured).values():
        for slot, cell in slots.items():
            begun[slot.window] = begun.get(slot.window, 0) + cell.n
    if not begun:
        return fewest
    typical = max(1, median_low(begun.values()))
    return max(fewest, min(windows // ENOUGH_POINTS, -(-ENOUGH_REQUESTS // typical)))


def _merge_points(run: Run, per_point: int, number: int) -> list[_Merged]:
    measured = run.measured
    points = [_Point() for _ in range(number)]
    for key, slots in candidate_series(measured).items():
        for slot, cell in slots.items():
            point = points[slot.window // per_point]
            point.cells.append(cell)
            if key.error_class:
                point.failures[key.error_class] = point.failures.get(key.error_class, 0) + cell.n
    for name in measured.names_of(CANDIDATE):
        for slot, scenario in measured.scenarios[name].items():
            points[slot.window // per_point].scenarios.append(scenario)
    for window, ended in measured.ended.items():
        points[window // per_point].ended += ended
    for health in run.health:
        points[health.window // per_point].cpu_ratios.append(health.cpu_ratio)
    length_s = per_point * measured.window_s
    return [
        _merged(point, length_s, _covered_s(run, place * length_s, length_s))
        for place, point in enumerate(points)
    ]


def _merged(point: _Point, length_s: float, covered_s: float) -> _Merged:
    scenario = add_scenario_cells(point.scenarios)
    failures = dict(point.failures)
    if scenario.dropped:
        failures[DROPPED] = failures.get(DROPPED, 0) + scenario.dropped
    return _Merged(
        cell=add_cells(point.cells),
        scenario=scenario,
        failures=failures,
        ended=point.ended,
        cpu_ratio=max(point.cpu_ratios, default=None),
        length_s=length_s,
        covered_s=covered_s,
    )


def _covered_s(run: Run, start_s: float, length_s: float) -> float:
    """Seconds of a point in which arrivals were due, so that the last one shows no false dip.

    A sliver of a window would make a rate out of one arrival: under half, the whole length counts.
    """
    inside_s = min(start_s + length_s, run.reached_s) - start_s
    return inside_s if inside_s >= length_s / 2 else length_s


def _offered(points: list[_Merged], *, open_model: bool) -> tuple[Line, Line]:
    if open_model:
        return (
            _line(points, lambda point: point.scenario.planned / point.covered_s),
            _line(points, lambda point: point.scenario.started / point.covered_s),
        )
    return (
        _line(points, lambda point: point.scenario.vu_seconds_planned / point.covered_s),
        _line(points, lambda point: point.scenario.vu_seconds / point.covered_s),
    )


def _quantiles(points: list[_Merged], q: float, *, latency: bool) -> Line:
    def value(point: _Merged) -> float | None:
        cell = point.cell
        if latency:
            late = merge((cell.latency_censored, point.scenario.dropped_latency))
            return quantile(q, cell.latency, late, VALUES_ABOVE).value_s
        return quantile(q, cell.service, cell.service_censored, VALUES_ABOVE).value_s

    return _line(points, value)


def _control(measured: Measured, per_point: int, number: int) -> Line:
    """p95 of the control's service time; nothing without a control."""
    points: list[list[Cell]] = [[] for _ in range(number)]
    for key, slots in measured.series.items():
        if key.target == CONTROL:
            for slot, cell in slots.items():
                points[slot.window // per_point].append(cell)
    if not any(points):
        return ()
    cells = [add_cells(cells) for cells in points]
    return tuple(
        quantile(0.95, cell.service, cell.service_censored, VALUES_ABOVE).value_s for cell in cells
    )


def _unfinished(point: _Merged) -> int:
    return point.cell.service_censored.n + point.scenario.dropped


def _failures(points: list[_Merged]) -> tuple[tuple[str, Line], ...]:
    totals: dict[str, int] = {}
    for point in points:
        for name, n in point.failures.items():
            totals[name] = totals.get(name, 0) + n
    ranked = sorted(
        (name for name, n in totals.items() if n), key=lambda name: (-totals[name], name)
    )
    kept, rest = ranked[:MOST_CLASSES], ranked[MOST_CLASSES:]
    lines = [(name, _failure_line(points, (name,))) for name in kept]
    return (*lines, (OTHER, _failure_line(points, tuple(rest)))) if rest else tuple(lines)


def _failure_line(points: list[_Merged], names: tuple[str, ...]) -> Line:
    return _line(
        points,
        lambda point: sum(point.failures.get(name, 0) for name in names) / point.length_s,
    )


def _line(points: list[_Merged], value: Callable[[_Merged], float | None]) -> Line:
    return tuple(value(point) for point in points)


def _phase_at(measured: Measured, at_s: float) -> str:
    for span in measured.spans:
        if span.start_s <= at_s < span.end_s:
            return span.phase
    return DRAIN
