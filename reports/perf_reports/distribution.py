"""How durations were distributed: the tail, how it looked second by second, and by endpoint."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perf_analysis.histogram import Histogram, bucket_edges_s, merge
from perf_analysis.series import ALL_PHASES, CANDIDATE, CONTROL
from perf_reports.drawn import Curve, Distribution, EndpointLine, Heat, Line
from perf_reports.endpoints import P95, VALUES_ABOVE, quantile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perf_analysis.series import Cell, Measured
    from perf_reports.parts import EndpointRow

MOST_GROUPS = 100
BINS = 32
# A small picture of 60 points is as wide as its line.
MOST_SMALL_POINTS = 60
MOST_ENDPOINTS = 50
_PER_DECADE = 12
_VALUES_ABOVE_IN_A_POINT = 1
NO_DISTRIBUTION = Distribution(curves=(), heat=None, lines=())


def build_distribution(
    measured: Measured, phase: str, rows: Sequence[EndpointRow], windows: int
) -> Distribution:
    """Distributions of a run whose windows can be looked at.

    Parameters
    ----------
    measured : Measured
    phase : str
        Phase that is judged.
    rows : sequence of EndpointRow
        Of the view: all of them together, then by name.
    windows : int
        From the first to the last in which anything happened.
    """
    arms = [CANDIDATE, CONTROL] if any(k.target == CONTROL for k in measured.series) else []
    curves = (_curve(measured, phase, target) for target in arms or [CANDIDATE])
    return Distribution(
        curves=tuple(curve for curve in curves if curve.points),
        heat=_heat(measured, windows),
        lines=_lines(measured, [row.label for row in rows[1 : MOST_ENDPOINTS + 1]], windows),
    )


def run_curve(measured: Measured, phase: str) -> Curve:
    """Service time of a run's candidate by quantile."""
    return _curve(measured, phase, CANDIDATE)


def _curve(measured: Measured, phase: str, target: str) -> Curve:
    """Service time by quantile, as far out as ten requests lie above."""
    cells = [
        cell
        for key, phases in measured.sums.series.items()
        for of, cell in phases.items()
        if key.target == target and phase in (of, ALL_PHASES)
    ]
    complete = merge(cell.service for cell in cells)
    censored = merge(cell.service_censored for cell in cells)
    n = complete.n + censored.n
    points: list[tuple[float, float]] = []
    for q in _grid(n):
        found = quantile(q, complete, censored)
        if found.value_s is None or found.at_least:
            break
        points.append((q, found.value_s))
    return Curve(target=target, n=n, censored=censored.n, points=tuple(points))


def _grid(n: int) -> list[float]:
    """Quantiles evenly spaced on the axis 1 / (1 - q), up to the last that has ten above it."""
    decades = math.log10(n / VALUES_ABOVE) if n > VALUES_ABOVE else 0.0
    steps = math.floor(decades * _PER_DECADE + 1e-9)
    return [1.0 - 10.0 ** (-step / _PER_DECADE) for step in range(1, steps + 1)]


def _heat(measured: Measured, windows: int) -> Heat | None:
    """Shares of durations by logarithmic bin and by group of windows."""
    per_group = max(1, -(-windows // MOST_GROUPS))
    groups: dict[int, list[Histogram]] = {}
    for key, slots in measured.series.items():
        if key.target == CANDIDATE:
            for slot, cell in slots.items():
                groups.setdefault(slot.window // per_group, []).append(_trend(measured, cell))
    merged = {place: merge(parts) for place, parts in groups.items()}
    merged = {place: histogram for place, histogram in merged.items() if histogram.n}
    if not merged:
        return None
    low_s = min(histogram.min_s for histogram in merged.values())
    high_s = max(histogram.max_s for histogram in merged.values())
    low_s = max(min(low_s, high_s / 1.01), 1e-6)
    count = -(-windows // per_group)
    return Heat(
        group_s=per_group * measured.window_s,
        low_s=low_s,
        high_s=high_s,
        counts=tuple(
            _binned(merged[place], low_s, high_s) if place in merged else (0,) * BINS
            for place in range(count)
        ),
    )


def _trend(measured: Measured, cell: Cell) -> Histogram:
    return cell.latency if measured.open_model else cell.service


def _binned(histogram: Histogram, low_s: float, high_s: float) -> tuple[int, ...]:
    counts = [0] * BINS
    scale = BINS / math.log(high_s / low_s)
    for bucket, number in histogram.counts.items():
        low, high = bucket_edges_s(bucket)
        place = math.log(min(max((low + high) / 2.0, low_s), high_s) / low_s) * scale
        counts[min(BINS - 1, int(place))] += number
    return tuple(counts)


def _lines(measured: Measured, labels: Sequence[str], windows: int) -> tuple[EndpointLine, ...]:
    """p95 of service time over time by name, on both arms where there are two."""
    per_point = max(1, -(-windows // MOST_SMALL_POINTS))
    wanted = set(labels)
    found: dict[tuple[str, str], dict[int, list[Cell]]] = {}
    failed: set[tuple[str, int]] = set()
    for key, slots in measured.series.items():
        if key.label in wanted:
            points = found.setdefault((key.label, key.target), {})
            for slot, cell in slots.items():
                points.setdefault(slot.window // per_point, []).append(cell)
            if key.error_class and key.target == CANDIDATE:
                failed |= {(key.label, slot.window // per_point) for slot in slots}
    count = -(-windows // per_point) if windows else 0
    return tuple(
        EndpointLine(
            label=label,
            point_s=per_point * measured.window_s,
            p95_s=_line(found.get((label, CANDIDATE), {}), count),
            control_p95_s=_line(found.get((label, CONTROL), {}), count),
            failed=tuple((label, place) in failed for place in range(count)),
        )
        for label in labels
    )


def _line(points: dict[int, list[Cell]], count: int) -> Line:
    return tuple(_p95(points.get(place, ())) for place in range(count)) if points else ()


def _p95(cells: Iterable[Cell]) -> float | None:
    held = list(cells)
    complete = merge(cell.service for cell in held)
    censored = merge(cell.service_censored for cell in held)
    return quantile(P95, complete, censored, _VALUES_ABOVE_IN_A_POINT).value_s
