"""From a spool to a run: is the completion record whole, and what the record says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_analysis.facts import Accounts, EndState
from perf_analysis.failure_classes import GENERATOR_CLASSES
from perf_documents.run import EngineFacts, Run, ScenarioFacts, TargetFacts
from perf_loadtests.accumulate import Accumulator
from perf_loadtests.protocol import Order, SecondRecord, parse_record
from perf_loadtests.schedule import count_arrivals

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_documents.plan import Plan
    from perf_loadtests.spool import SpoolReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How the supervisor saw a run end: the state it asked for, and what it knows beside it."""

    asked: EndState | None = None
    detail: str = ""


class Record:
    """The record of one engine while it is read: spool lines into an accumulator.

    `on_second` is told of each second, beside that.
    """

    def __init__(self, reader: SpoolReader, plan: Plan, order: Order) -> None:
        self.reader = reader
        self.plan = plan
        self.run_id = order.run
        self.arms = 1 if order.control is None else 2
        self.workers = order.spread.workers if order.spread else 0
        self.sum = Accumulator(plan, self.arms, self.workers)
        self._unreadable = ""
        self.on_second: Callable[[SecondRecord], None] | None = None

    def poll(self) -> bool:
        """Read what is new; True where there was something."""
        raw = self.reader.read()
        for line in raw:
            if self._unreadable or self.sum.final is not None:
                self._unreadable = self._unreadable or "a record after the completion record"
                continue
            try:
                record = parse_record(line)
            except ValueError as error:
                self._unreadable = str(error)
                continue
            self.sum.feed(record)
            if self.on_second is not None and isinstance(record, SecondRecord):
                self.on_second(record)
        return bool(raw)

    def problem(self) -> str:
        """What is wrong with the record, in words; empty if it is whole."""
        if self.reader.damage is not None:
            damage = self.reader.damage
            return f"after record {damage.after_sequence} of the spool: {damage.cause}"
        if self._unreadable:
            return self._unreadable
        final = self.sum.final
        if final is None:
            return ""
        if final.run != self.run_id:
            return "the completion record is of another run"
        if final.last_sequence != self.reader.sequence - 1:
            return f"the completion record follows record {final.last_sequence}, not the last one"
        if final.sha256 != self.reader.digest_before_last:
            return "the bytes of the spool are not those the engine wrote"
        return self._short_of_plan()

    def _short_of_plan(self) -> str:
        final = self.sum.final
        if final is None or final.ended != "schedule" or not self.plan.open_model:
            return ""
        due = count_arrivals(self.plan) * self.arms
        if final.counts.planned == due:
            return ""
        return f"the engine walked {final.counts.planned} arrivals, the schedule holds {due}"


def build_run(order: Order, record: Record, ending: Ending) -> Run:
    """Run of what a record holds, not judged yet."""
    total, plan, problem = record.sum, record.plan, record.problem()
    final, start = total.final, total.start
    state, detail = _state(record, ending, problem)
    last_s = total.last.at_s if total.last else 0.0
    reached_s = final.reached_s if final else min(plan.duration_s, max(0.0, last_s))
    counts = total.counts
    return Run(
        run_id=order.run,
        version=order.version,
        started_at=order.started_at,
        state=state,
        reached_s=reached_s,
        plan=plan,
        target=TargetFacts(**order.target.model_dump()),
        control=TargetFacts(**order.control.model_dump()) if order.control else None,
        scenario=ScenarioFacts(
            spec=plan.scenario,
            sha256=start.scenario_sha256 if start else "",
            client_kind=start.client_kind if start else "unknown",
            classes=tuple(start.classes) if start else (),
            data=start.data if start else {},
            may_retry=bool(start and start.may_retry),
            includes_connect=start is None or start.includes_connect,
        ),
        fingerprint=order.fingerprint | ({f"run_{k}": v for k, v in start.versions.items()}
                                         if start else {}),
        git=order.git,
        measured=total.measured(reached_s),
        health=total.pulses.windows(),
        engine=EngineFacts(
            accounts=_accounts(record),
            cpu_p95_ratio=total.pulses.cpu_p95_ratio(),
            wall_step_s=total.pulses.wall_step_s,
            silent_s=total.pulses.silent_s,
            processes_planned=max(1, record.workers),
            processes_final=_processes_final(record, problem),
            sequence_problem=problem,
            end_detail=detail,
            invalid_samples=counts.invalid_samples if counts else 0,
            names=max(counts.names if counts else 0, total.names),
            local_errors=total.class_counts(GENERATOR_CLASSES),
            exceptions=total.exceptions(),
            errors=total.errors(),
            record_sha256=final.sha256 if final else "",
            late_wakeup_p99_s=final.wakeup_p99_s if final else None,
        ),
        client_notes=(*order.notes, *total.notes()),
    )  # fmt: skip


def _state(record: Record, ending: Ending, problem: str) -> tuple[EndState, str]:
    final = record.sum.final
    if ending.asked in {EndState.INTERRUPTED, EndState.INCOMPLETE}:
        return ending.asked, ending.detail
    if final is None or problem:
        return EndState.INCOMPLETE, ending.detail or problem or "no completion record"
    if final.ended == "schedule":
        return EndState.COMPLETED, ""
    if ending.asked is not None:
        return ending.asked, ending.detail
    said = [event.text for event in record.sum.events if event.kind == "STOPPED"]
    return EndState.INCOMPLETE, ending.detail or "; ".join(said) or "the engine stopped by itself"


def _accounts(record: Record) -> Accounts:
    counts = record.sum.counts
    if counts is None:
        return Accounts()
    fields = counts.model_dump(exclude={"requests_failed", "invalid_samples", "names"})
    return Accounts(**fields)


def _processes_final(record: Record, problem: str) -> int:
    """Load processes whose final report is here; a master's own record must be whole for any."""
    if record.sum.final is None or problem:
        return 0
    return len(record.sum.parts) if record.workers else 1
