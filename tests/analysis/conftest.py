"""Runs made by hand: cells from raw samples, facts that hold every rule until one is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from perf_analysis.facts import Accounts, EndState, RunFacts
from perf_analysis.failure_classes import ABANDONED
from perf_analysis.filling import build
from perf_analysis.series import CANDIDATE, Cell, Measured, ScenarioCell, SeriesKey, Slot, Span

if TYPE_CHECKING:
    from collections.abc import Iterable

Row = tuple[SeriesKey, Slot, Cell]
SCENARIO = "web"


class Make:
    """Factory of rows, cells, runs and facts."""

    def row(
        self,
        cell: Cell,
        *,
        key: SeriesKey | None = None,
        phase: str = "sustained",
        window: int = 0,
    ) -> Row:
        return key or self.key(), Slot(phase, window), cell

    def key(
        self,
        label: str = "GET /health",
        *,
        status: int = 200,
        error_class: str = "",
        scenario: str = SCENARIO,
        target: str = CANDIDATE,
    ) -> SeriesKey:
        method, _, name = label.rpartition(" ")
        return SeriesKey(target, scenario, method, name, status, error_class)

    def cell(self, service_s: Iterable[float] = (), *limits_s: float) -> Cell:
        """Cell of requests that each began an iteration; latency equals service time."""
        histogram = build(list(service_s), limits_s)
        return Cell(n=histogram.n, first=histogram.n, service=histogram, latency=histogram)

    def counted(self, n: int) -> Cell:
        """Cell of requests without durations: they failed fast."""
        return Cell(n=n, first=n)

    def censored(self, bounds_s: Iterable[float], *limits_s: float) -> Cell:
        histogram = build(list(bounds_s), limits_s)
        return Cell(
            n=histogram.n,
            first=histogram.n,
            service_censored=histogram,
            latency_censored=histogram,
        )

    def measured(
        self,
        *rows: Row,
        scenario_cell: ScenarioCell | None = None,
        spans: tuple[tuple[str, float], ...] = (("sustained", 60.0),),
        open_model: bool = True,
    ) -> Measured:
        """Run of the given rows; without a scenario cell one that started as many iterations."""
        series: dict[SeriesKey, dict[Slot, Cell]] = {}
        for key, slot, cell in rows:
            series.setdefault(key, {})[slot] = cell
        if scenario_cell is None:
            started = sum(cell.n for _, _, cell in rows)
            scenario_cell = ScenarioCell(
                planned=started if open_model else 0, started=started, finished=started
            )
        phase = spans[-1][0] if spans else "sustained"
        return Measured(
            window_s=1.0,
            spans=self.spans(*spans),
            open_model=open_model,
            series=series,
            scenarios={SCENARIO: {Slot(phase, 0): scenario_cell}},
        )

    def spans(self, *lengths: tuple[str, float]) -> tuple[Span, ...]:
        at_s = 0.0
        spans: list[Span] = []
        for phase, length_s in lengths:
            spans.append(Span(phase=phase, start_s=at_s, end_s=at_s + length_s))
            at_s += length_s
        return tuple(spans)

    def nothing(self) -> Measured:
        return Measured(window_s=1.0, spans=(), open_model=True, series={}, scenarios={})

    def facts(self, measured: Measured, **changes: object) -> RunFacts:
        """Facts under which every rule holds, with the accounts of what was measured."""
        total = measured.scenario_cell("all")
        ended = abandoned = 0
        for key, slots in measured.series.items():
            count = sum(cell.n for cell in slots.values())
            ended += count * (key.error_class != ABANDONED)
            abandoned += count * (key.error_class == ABANDONED)
        accounts = Accounts(
            planned=total.planned,
            started=total.started,
            dropped=total.dropped,
            late_drops=total.late_drops,
            unsent=total.unsent,
            finished=total.finished,
            failed=total.failed,
            abandoned=total.abandoned,
            faulted=total.faulted,
            requests_started=ended + abandoned,
            requests_ended=ended,
            requests_abandoned=abandoned,
        )
        facts = RunFacts(
            state=EndState.COMPLETED,
            schedule_s=60.0,
            reached_s=60.0,
            open_model=measured.open_model,
            accounts=accounts,
            vu_seconds_planned=600.0,
            vu_seconds=600.0,
            cpu_p95_ratio=0.4,
            lag_p99_s=0.0014 if measured.open_model else None,
            processes_final=1,
            wall_step_s=0.001,
            names=len({key.name for key in measured.series}),
        )
        return replace(facts, **changes)  # type: ignore[arg-type]  # names are the fields' own


@pytest.fixture(scope="session")
def make() -> Make:
    return Make()
