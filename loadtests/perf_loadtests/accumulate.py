"""A run as its record grows: cells, health, errors and progress, from spool lines alone."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from perf_analysis.failure_classes import TRANSPORT_CLASSES
from perf_analysis.histogram import Histogram, merge
from perf_analysis.series import (
    Cell,
    Measured,
    ScenarioCell,
    SeriesKey,
    Slot,
    add_cells,
    add_scenario_cells,
)
from perf_analysis.timings import CheckKey, Tally, Timings, add_tallies, add_timings
from perf_documents.cells import decode_checks, decode_scenarios, decode_series, decode_timings
from perf_documents.events import Progress
from perf_documents.run import ErrorSample, GroupedException
from perf_loadtests.protocol import (
    EventRecord,
    FinalRecord,
    PartRecord,
    SecondRecord,
    StartRecord,
)
from perf_loadtests.pulses import Pulses
from perf_loadtests.schedule import planned_vus, rate_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perf_documents.plan import Plan
    from perf_loadtests.protocol import CountsModel, Record

RECENT_SECONDS = 5
LEAST_SPAN_S = 0.5


class Accumulator:
    """Sums the records of a run: one engine's, or those of a master and its workers.

    Parameters
    ----------
    plan : Plan
    arms : int
        Targets that are loaded beside each other.
    workers : int
        Load processes; 0 where there is no master.
    """

    def __init__(self, plan: Plan, arms: int = 1, workers: int = 0) -> None:
        self._plan = plan
        self._arms = arms
        self._pulses = Pulses(plan.window_s)
        self._vus: dict[tuple[str, Slot], dict[int, int]] = {}
        self._series: dict[SeriesKey, dict[Slot, Cell]] = {}
        self._scenarios: dict[str, dict[Slot, ScenarioCell]] = {}
        self._timings: dict[SeriesKey, dict[str, Timings]] = {}
        self._checks: dict[CheckKey, dict[str, Tally]] = {}
        self._ended: dict[int, int] = {}
        self._errors: dict[tuple[str, str], ErrorSample] = {}
        self._raised: dict[tuple[str, str], GroupedException] = {}
        recent = RECENT_SECONDS * max(1, workers)
        self._recent: deque[tuple[Histogram, Histogram]] = deque(maxlen=recent)
        self.start: StartRecord | None = None
        self.final: FinalRecord | None = None
        self.events: list[EventRecord] = []
        self.parts: dict[int, PartRecord] = {}
        self.last: SecondRecord | None = None
        self._newest: CountsModel | None = None
        self._transport_since_s: float | None = None
        self.only_transport_s = 0.0

    @property
    def counts(self) -> CountsModel | None:
        """Newest accounts, of the records whose cells are counted in."""
        return self._newest if self.final is None else self.final.counts

    def feed(self, record: Record) -> None:
        """Add one record."""
        match record:
            case StartRecord():
                self.start = record
            case FinalRecord():
                self.final = record
            case EventRecord():
                self.events.append(record)
            case PartRecord():
                self.parts[record.worker or 0] = record
            case SecondRecord():
                self._second(record)

    def event(self, kind: str) -> EventRecord | None:
        """First event of a kind."""
        return next((event for event in self.events if event.kind == kind), None)

    def measured(self, reached_s: float | None) -> Measured:
        """Everything recorded so far, with the phases cut at `reached_s`."""
        return Measured(
            window_s=self._plan.window_s,
            spans=self._plan.spans(reached_s),
            open_model=self._plan.open_model,
            series=self._series,
            scenarios=self._scenarios,
            ended=dict(sorted(self._ended.items())),
            timings=self._timings,
            checks=self._checks,
        )

    @property
    def pulses(self) -> Pulses:
        """How the generator itself did."""
        return self._pulses

    def notes(self) -> list[str]:
        """What the load processes said beside their figures, and which of them were too busy."""
        said = [event.text for event in self.events if event.kind == "note"]
        return said + self._pulses.too_busy()

    @property
    def names(self) -> int:
        """Distinct request names of all processes: each process knows its own only."""
        return len({key.name for key in self._series})

    def errors(self) -> tuple[ErrorSample, ...]:
        """Failures by class and name, most frequent first."""
        return tuple(sorted(self._errors.values(), key=lambda e: (-e.count, e.error_class)))

    def exceptions(self) -> tuple[GroupedException, ...]:
        """Exceptions outside requests, most frequent first."""
        return tuple(sorted(self._raised.values(), key=lambda e: (-e.count, e.kind)))

    def class_counts(self, classes: Iterable[str]) -> dict[str, int]:
        """Number of failed requests of the given classes."""
        return {
            name: count
            for name in classes
            if (count := sum(e.count for e in self._errors.values() if e.error_class == name))
        }

    def judged_elapsed_s(self) -> float:
        """Seconds of the judged phase that have gone by."""
        if self.last is None:
            return 0.0
        measured = self.measured(max(0.0, self.last.at_s))
        return measured.phase_s(self.measured(None).judged_phase())

    def progress(self) -> Progress | None:
        """Where the run stands; None before the first second."""
        now, plan = self.last, self._plan
        if now is None:
            return None
        at_s = min(max(0.0, now.at_s), plan.duration_s)
        service = merge(pair[0] for pair in self._recent)
        lag = merge(pair[1] for pair in self._recent)
        middle_s = max(0.0, now.at_s - 0.5)
        planned = (
            rate_at(plan.stages, middle_s) if plan.open_model else planned_vus(plan.stages, at_s)
        )
        return Progress(
            at_s=at_s,
            duration_s=plan.duration_s,
            left_s=plan.duration_s - at_s,
            phase=self._phase(now),
            open_model=plan.open_model,
            planned=float(planned),
            achieved=self._achieved,
            p50_s=service.quantile_s(0.5),
            p95_s=service.quantile_s(0.95),
            p99_s=service.quantile_s(0.99),
            requests=now.counts.requests_ended,
            failed=now.counts.requests_failed,
            dropped=now.counts.dropped,
            abandoned=now.counts.requests_abandoned,
            lag_p99_s=lag.quantile_s(0.99),
            vus=now.vus,
        )

    _achieved = 0.0

    def _phase(self, now: SecondRecord) -> str:
        if now.phase != "load":
            return now.phase
        return next((span.phase for span in self._plan.spans() if now.at_s <= span.end_s), "drain")

    def _second(self, record: SecondRecord) -> None:
        before = self.last
        pulse = self._pulses.add(record)
        # a worker's second may be newer than its master's, who may never tell his next one
        self._newest = pulse.counts
        # a master speaks for all: its second ends one of the run
        if not record.worker:
            self.last = pulse
            self._note_rate(before, pulse)
        if record.worker != 0:
            self._add(record, before)
        else:
            self._note_errors(record)  # of its own listeners

    def _add(self, record: SecondRecord, before: SecondRecord | None) -> None:
        series = decode_series(record.cells.series)
        scenarios = decode_scenarios(record.cells.scenarios)
        for key, slots in series.items():
            mine = self._series.setdefault(key, {})
            for slot, cell in slots.items():
                mine[slot] = add_cells([mine[slot], cell]) if slot in mine else cell
        for name, rows in scenarios.items():
            own = self._scenarios.setdefault(name, {})
            for slot, part in rows.items():
                summed = add_scenario_cells([own[slot], part]) if slot in own else part
                own[slot] = self._with_vus(name, slot, summed, record.worker, part.vus)
        self._note_parts(record)
        for window, count in record.cells.ended:
            self._ended[window] = self._ended.get(window, 0) + count
        self._note_errors(record)
        self._note_transport(before, record.at_s, series)
        cells = [cell for slots in series.values() for cell in slots.values()]
        lags = [part.lag for rows in scenarios.values() for part in rows.values()]
        self._recent.append((merge(cell.service for cell in cells), merge(lags)))

    def _note_parts(self, record: SecondRecord) -> None:
        for key, parts in decode_timings(record.cells.timings).items():
            timings = self._timings.setdefault(key, {})
            for phase, part in parts.items():
                known = timings.get(phase)
                timings[phase] = add_timings([known, part]) if known else part
        for name, tallies in decode_checks(record.cells.checks).items():
            held = self._checks.setdefault(name, {})
            for phase, tally in tallies.items():
                held[phase] = add_tallies([held[phase], tally]) if phase in held else tally

    def _note_errors(self, record: SecondRecord) -> None:
        for error_class, label, count, first_s, last_s, text in record.errors:
            old = self._errors.get((error_class, label))
            self._errors[error_class, label] = ErrorSample(
                error_class=error_class,
                label=label,
                count=count + (old.count if old else 0),
                first_s=old.first_s if old else first_s,
                last_s=last_s,
                text=old.text if old and old.text else text,
            )
        for kind, place, count, excused, text in record.exceptions:
            known = self._raised.get((kind, place))
            self._raised[kind, place] = GroupedException(
                kind=kind,
                place=place,
                count=count + (known.count if known else 0),
                excused=excused + (known.excused if known else 0),
                text=known.text if known else text,
            )

    def _with_vus(
        self, name: str, slot: Slot, cell: ScenarioCell, worker: int | None, vus: int
    ) -> ScenarioCell:
        """Cell with the VUs of all workers, each of which knows only its own."""
        if worker is None:
            return cell
        known = self._vus.setdefault((name, slot), {})
        known[worker] = vus
        return replace(cell, vus=sum(known.values()))

    def _note_rate(self, before: SecondRecord | None, record: SecondRecord) -> None:
        span_s = record.at_s - max(0.0, before.at_s if before else 0.0)
        if record.at_s >= 0.0 and span_s >= LEAST_SPAN_S:
            started = record.counts.started - (before.counts.started if before else 0)
            per_arm = started / span_s / self._arms
            self._achieved = per_arm if self._plan.open_model else float(record.vus)

    def _note_transport(
        self, before: SecondRecord | None, at_s: float, series: dict[SeriesKey, dict[Slot, Cell]]
    ) -> None:
        """Track for how long of the load nothing but transport errors has come back."""
        if at_s < 0.0:
            return  # a service that is still being logged into is not loaded yet
        failed = other = 0
        for key, slots in series.items():
            count = sum(cell.n for cell in slots.values())
            if key.error_class in TRANSPORT_CLASSES:
                failed += count
            else:
                other += count
        if other:
            self._transport_since_s, self.only_transport_s = None, 0.0
        elif failed:
            if self._transport_since_s is None:
                # this record tells of all that came back since the one before it
                self._transport_since_s = max(0.0, before.at_s) if before else 0.0
            # up to the newest error: seconds in which nothing comes back at all prove nothing
            self.only_transport_s = at_s - self._transport_since_s
