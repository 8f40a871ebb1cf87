"""Rules on the generator: V6 it was healthy, V7 it was all there, V9 its scenario was sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from perf_analysis.failure_classes import GENERATOR_CLASSES, INVALID_SAMPLE
from perf_analysis.saturation import CPU_RATIO, LAG_S
from perf_analysis.validity.evidence import Evidence, Finding
from perf_analysis.wording import seconds, share

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from perf_analysis.series import Measured

LATE_DROPS_RATIO = 0.001
# The engine writes a record each second. A busy neighbour delays one by a second or two; this long
# a silence means that it was stopped or suspended, and that clients aged without being served.
SILENT_S = 5.0


class _Part(NamedTuple):
    """One of several conditions of a rule."""

    held: bool
    figure: str
    limit: str
    advice: str


def healthy(evidence: Evidence) -> Finding:
    """V6: the generator kept up, so that what was measured is the target."""
    parts = list(_health(evidence))
    broken = [part for part in parts if not part.held]
    return Finding(
        held=not broken,
        figure=", ".join(part.figure for part in broken or parts),
        limit=", ".join(part.limit for part in broken or parts),
        advice="; ".join(filter(None, (evidence.facts.saturation, broken[0].advice)))
        if broken
        else "",
    )


def _health(evidence: Evidence) -> Iterator[_Part]:
    """Conditions of V6; those whose figure is nothing to show appear only when broken."""
    facts, accounts = evidence.facts, evidence.facts.accounts
    errors = _local_errors(facts.local_errors, evidence.measured)
    if errors:
        yield _Part(
            held=False, figure=errors, limit="no local errors", advice=_local_advice(errors)
        )
    cpu = facts.cpu_p95_ratio
    yield _Part(
        held=cpu is not None and 0.0 <= cpu < CPU_RATIO,
        figure="CPU p95 no figure" if cpu is None else f"CPU p95 {share(cpu)}",
        limit=f"CPU < {share(CPU_RATIO)}",
        advice="use a smaller rate or more generator processes (--processes)",
    )
    lag_s = facts.lag_p99_s
    if facts.open_model:
        yield _Part(
            held=lag_s is not None and 0.0 <= lag_s < LAG_S,
            figure="lag p99 no figure" if lag_s is None else f"lag p99 {seconds(lag_s)}",
            limit=f"lag p99 < {seconds(LAG_S)}",
            advice="keep other work off the generator's cores, or use a smaller rate",
        )
    if not 0 <= accounts.late_drops <= LATE_DROPS_RATIO * accounts.planned:
        yield _Part(
            held=False,
            figure=f"{accounts.late_drops:,} arrivals dropped while the generator was late",
            limit=f"at most {share(LATE_DROPS_RATIO)} of the plan",
            advice="keep other work off the generator's cores",
        )
    if not 0.0 <= facts.silent_s < SILENT_S:
        yield _Part(
            held=False,
            figure=f"silent for {seconds(facts.silent_s)}",
            limit=f"silent < {seconds(SILENT_S)}",
            advice="keep the machine from suspending, and blocking calls out of the scenario",
        )


def _local_errors(given: Mapping[str, int], measured: Measured) -> str:
    """Failures of the generator's own resources, from the accounts or from the samples."""
    counted = {name: count for name, count in given.items() if count}
    for name in GENERATOR_CLASSES:
        recorded = _recorded(measured, name)
        if recorded:
            counted[name] = max(counted.get(name, 0), recorded)
    return ", ".join(f"{count:,} {name}" for name, count in counted.items())


def _recorded(measured: Measured, error_class: str) -> int:
    return sum(
        cell.n
        for key, cells in measured.sums.series.items()
        if key.error_class == error_class
        for cell in cells.values()
    )


def _local_advice(errors: str) -> str:
    if "local_ports" in errors:
        return "not a target failure: reuse connections, or widen ip_local_port_range"
    if "local_files" in errors:
        return "not a target failure: raise the limit of open files (ulimit -n)"
    return "not a target failure: give the generator more memory, or a smaller rate"


def whole(evidence: Evidence) -> Finding:
    """V7: every process was present throughout, and no record is missing or damaged."""
    facts = evidence.facts
    present = facts.processes_planned >= 1 and facts.processes_final == facts.processes_planned
    figure = f"{facts.processes_final} of {facts.processes_planned} final reports"
    if facts.sequence_problem:
        figure += f"; {facts.sequence_problem}"
    return Finding(
        held=present and not facts.sequence_problem,
        figure=figure,
        limit="every process, no gap in the record",
        advice="see why a load process ended early, then run it again",
    )


def sound_scenario(evidence: Evidence) -> Finding:
    """V9: no exception but after a failed request, and no sample that cannot be one."""
    facts = evidence.facts
    invalid = max(facts.invalid_samples, _recorded(evidence.measured, INVALID_SAMPLE))
    raised = {words: count for words, count in facts.exceptions.items() if count}
    found = [f"{count:,} x {words}" for words, count in raised.items()]
    if facts.accounts.faulted and not raised:
        found.append(f"{facts.accounts.faulted:,} iterations ended by an exception")
    if invalid:
        found.append(f"{invalid:,} invalid samples")
    return Finding(
        held=not found,
        figure=", ".join(found) or "none",
        limit="no exceptions, no invalid samples",
        advice="correct the scenario" if raised or facts.accounts.faulted else "correct the client",
    )
