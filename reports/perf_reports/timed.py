"""Where the time of requests went, by endpoint; and the scenario's own checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from perf_analysis.histogram import Histogram, merge
from perf_analysis.series import ALL_PHASES, CONTROL
from perf_analysis.timings import TIMINGS, Tally, Timings, add_tallies, add_timings
from perf_reports.endpoints import ALL, quantile
from perf_reports.parts import CheckRow, TimedRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.series import Measured
    from perf_reports.parts import EndpointRow

MEDIAN, P95 = 0.5, 0.95


class Parts(TypedDict):
    """What they add to a view."""

    timings: tuple[TimedRow, ...]
    scenario_checks: tuple[CheckRow, ...]


def parts_of(measured: Measured, phase: str, endpoints: Sequence[EndpointRow]) -> Parts:
    """Both, as a view has them."""
    timings = timed_rows(measured, phase, endpoints)
    return {"timings": timings, "scenario_checks": check_rows(measured, phase)}


def timed_rows(
    measured: Measured, phase: str, endpoints: Sequence[EndpointRow]
) -> tuple[TimedRow, ...]:
    """Rows in the order of the endpoints; none where no client knows its timings."""
    parts: dict[str, list[Timings]] = {}
    for key, phases in measured.timings.items():
        if key.target == CONTROL:
            continue
        mine = [part for of, part in phases.items() if phase in (of, ALL_PHASES) and part.timed]
        for label in (key.label, ALL):
            parts.setdefault(label, []).extend(mine)
    return tuple(
        _row(row.label, add_timings(parts[row.label])) for row in endpoints if parts.get(row.label)
    )


def _row(label: str, timings: Timings) -> TimedRow:
    nothing = Histogram()
    return TimedRow(
        label=label,
        n=timings.timed,
        sent_bytes=timings.sent_bytes,
        figures=tuple(
            tuple(
                quantile(q, merge([timings.values.get(name, nothing)]),
                         timings.censored.get(name, nothing))
                for q in (MEDIAN, P95)
            )
            for name in TIMINGS
        ),
    )  # fmt: skip


def check_rows(measured: Measured, phase: str) -> tuple[CheckRow, ...]:
    """Checks of the scenario on the judged target, the least often held first."""
    parts: dict[str, list[Tally]] = {}
    for key, tallies in measured.checks.items():
        if key.target == CONTROL:
            continue
        mine = [tally for of, tally in tallies.items() if phase in (of, ALL_PHASES)]
        parts.setdefault(key.name, []).extend(mine)
    summed = {name: add_tallies(tallies) for name, tallies in parts.items()}
    rows = [
        CheckRow(name=name, passed=t.passed, made=t.made) for name, t in summed.items() if t.made
    ]
    return tuple(sorted(rows, key=lambda row: (row.passed / row.made, row.name)))
