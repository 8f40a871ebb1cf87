"""Endpoints as rows, by the same rules as thresholds: who counts, who failed, how long it took."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from perf_analysis.failure_classes import ABANDONED
from perf_analysis.histogram import Histogram, merge
from perf_analysis.selection import unknown_durations
from perf_analysis.series import ALL_PHASES, CANDIDATE, CONTROL, DRAIN
from perf_reports.parts import EndpointRow, Quantile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perf_analysis.series import Cell, Measured, ScenarioCell, SeriesKey, Slot
    from perf_analysis.verdict import ThresholdResult

QUANTILES = (0.5, 0.95, 0.99)
P95 = 0.95
ALL = "all"
VALUES_ABOVE = 10
_SERVICE, _LATENCY = "http_req_duration", "http_req_latency"
_MS = 1000.0


def quantile(
    q: float, complete: Histogram, censored: Histogram, above: int = VALUES_ABOVE
) -> Quantile:
    """Quantile of requests of which some never completed.

    Those enter at their lower bounds. Where it would make a difference if they had taken for ever,
    the value is only a lower bound. Suppressed where fewer than `above` values lie above it.
    """
    pooled = merge((complete, censored))
    n, needs = pooled.n, round(above / (1.0 - q))
    if n < max(needs, 1):
        return Quantile(q=q, value_s=None, n=n, needs=needs)
    ranks = (math.floor(q * (n - 1)), math.ceil(q * (n - 1)))
    at_least = bool(censored.counts) and (
        ranks[1] >= complete.n or complete.order_bounds_s(ranks) != pooled.order_bounds_s(ranks)
    )
    return Quantile(q=q, value_s=pooled.quantile_s(q), at_least=at_least, n=n, needs=needs)


def candidate_series(measured: Measured) -> Mapping[SeriesKey, Mapping[Slot, Cell]]:
    """Series of the target that is judged."""
    return {key: slots for key, slots in measured.series.items() if key.target != CONTROL}


def candidate_sums(measured: Measured) -> Mapping[SeriesKey, Mapping[str, Cell]]:
    """Series of the target that is judged, summed by phase."""
    return {key: cells for key, cells in measured.sums.series.items() if key.target != CONTROL}


@dataclass(slots=True)
class _Name:
    """What one name did in the phase, while it is gathered."""

    cells: list[tuple[SeriesKey, Cell]] = field(default_factory=list)
    ended: int = 0
    scheduled: int = 0
    first: Counter[str] = field(default_factory=Counter)
    begun: Counter[str] = field(default_factory=Counter)

    def add(self, key: SeriesKey, phase: str, cell: Cell) -> None:
        ended = 0 if key.error_class == ABANDONED else cell.n
        self.cells.append((key, cell))
        self.ended += ended
        # a rate divides by the schedule's seconds, so what began in the drain is no part of it
        self.scheduled += ended if phase != DRAIN else 0
        self.first[key.scenario] += cell.first
        self.begun[key.scenario] += cell.n


def endpoint_rows(
    measured: Measured, phase: str, results: Sequence[ThresholdResult]
) -> tuple[EndpointRow, ...]:
    """`all`, then one row per name: most failed first, then slowest, then by name.

    `results` are the thresholds': a quantile that one of them judged is shown as it was judged,
    sharpened by the exact counts beside its limit.
    """
    names: dict[str, _Name] = {}
    total = _Name()
    for key, cells in candidate_sums(measured).items():
        for of, cell in cells.items():
            if cell.n and phase in (of, ALL_PHASES):
                names.setdefault(key.label, _Name()).add(key, of, cell)
                total.add(key, of, cell)
    scenarios = {name: measured.scenario_cell(phase, name) for name in measured.names_of(CANDIDATE)}
    judged = _judged(results, phase)
    length_s = measured.phase_s(phase)

    def row(label: str, name: _Name, dropped: Histogram) -> EndpointRow:
        service, latency = _quantiles(name, dropped, open_model=measured.open_model)
        failed = sum(cell.n for key, cell in name.cells if key.error_class)
        return EndpointRow(
            label=label,
            requests=name.ended,
            rate_per_s=name.scheduled / length_s if length_s > 0 else None,
            failed=failed + dropped.n,
            failed_of=name.begun.total() + dropped.n,
            service=tuple(judged.get((_SERVICE, label, q.q), q) for q in service),
            latency=latency and judged.get((_LATENCY, label, latency.q), latency),
        )

    rows = [row(label, name, _dropped(name, total, scenarios)) for label, name in names.items()]
    rows = [_stated(row, measured) for row in (*rows, *_benchmarks(measured, names))]
    first = _stated(row(ALL, total, _dropped(None, total, scenarios)), measured)
    return (first, *sorted(rows, key=_worst_first))


def _benchmarks(measured: Measured, names: Mapping[str, object]) -> list[EndpointRow]:
    """Rows of what no request stands behind: a function's rounds, of which none can fail."""
    return [
        EndpointRow(
            label=one.label, requests=one.n, rate_per_s=None, failed=0, failed_of=0, service=(),
            latency=None,
        )
        for one in measured.stated if one.label and one.label not in names
    ]  # fmt: skip


def _stated(row: EndpointRow, measured: Measured) -> EndpointRow:
    """Row with what the source of an imported run states, or does not show."""
    if "http_req_failed" in measured.unstated:
        row = replace(row, failed=0, failed_of=0)
    one = next((s for s in measured.stated if (s.label or ALL) == row.label), None)
    if one is None and measured.stated:
        return replace(row, service=tuple(Quantile(q=q, value_s=None, n=0, needs=0)
                                          for q in QUANTILES))  # fmt: skip
    if one is None:
        return row
    values = [(q, one.quantiles_s.get(q)) for q in QUANTILES]
    return replace(
        row, service=tuple(Quantile(q=q, value_s=v, n=one.n, needs=0) for q, v in values)
    )


def _quantiles(
    name: _Name, dropped: Histogram, *, open_model: bool
) -> tuple[tuple[Quantile, ...], Quantile | None]:
    cells = [cell for _, cell in name.cells]
    complete = merge(cell.service for cell in cells)
    censored = merge(cell.service_censored for cell in cells)
    service = tuple(quantile(q, complete, censored) for q in QUANTILES)
    if not open_model:
        return service, None
    late = merge([dropped, *(cell.latency_censored for cell in cells)])
    return service, quantile(P95, merge(cell.latency for cell in cells), late)


def _dropped(name: _Name | None, total: _Name, scenarios: Mapping[str, ScenarioCell]) -> Histogram:
    """Lower bounds of the dropped arrivals that are laid to a name, or of all without one.

    A dropped arrival has no name: each gets its share of the scenario's first requests, rounded up,
    and of the lower bounds the smallest, exactly as `perf_analysis.selection` does.
    """
    parts: list[Histogram] = []
    for scenario, cell in scenarios.items():
        count = cell.dropped
        if name is not None and count:
            marked = total.first[scenario] > 0
            whole = (total.first if marked else total.begun)[scenario]
            mine = (name.first if marked else name.begun)[scenario]
            count = -(-count * mine // whole) if whole else 0
        if count:
            known = cell.dropped_latency.lowest(count)
            parts += [known, unknown_durations(count - known.n)]
    return merge(parts)


def _judged(
    results: Sequence[ThresholdResult], phase: str
) -> dict[tuple[str, str, float], Quantile]:
    """Quantiles that thresholds judged, by metric, name and q."""
    found: dict[tuple[str, str, float], Quantile] = {}
    for result in results:
        threshold, q, value = result.threshold, result.threshold.q, result.observed
        named = set(threshold.selector) <= {"name"}
        if q not in QUANTILES or value is None or not named or result.phase != phase:
            continue
        needs = round(VALUES_ABOVE / (1.0 - q))
        if result.n >= needs:
            label = threshold.selector.get("name", ALL)
            found[threshold.metric, label, q] = Quantile(
                q=q, value_s=value / _MS, at_least=result.at_least, n=result.n, needs=needs
            )
    return found


def _worst_first(row: EndpointRow) -> tuple[float, float, str]:
    slowest = max((q.value_s for q in row.service if q.value_s is not None), default=0.0)
    return -row.failed_ratio, -slowest, row.label
