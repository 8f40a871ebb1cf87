"""Failures as rows: by class, most frequent first, with who is to blame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.failure_classes import DROPPED, ON_REUSED, TARGET_CLASSES
from perf_analysis.series import ALL_PHASES, CANDIDATE
from perf_reports.endpoints import candidate_sums
from perf_reports.parts import FailureRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perf_analysis.series import Measured
    from perf_documents.run import ErrorSample, Run

_ALL_BUSY = "every VU was busy"
_ALL_BUSY_LATE = "every VU was busy while the generator itself was late"


def failure_rows(run: Run, phase: str) -> tuple[FailureRow, ...]:
    """One row per class of failure over the whole run, most frequent first."""
    series = candidate_sums(run.measured)
    dropped = run.measured.scenario_cell(ALL_PHASES, *run.measured.names_of(CANDIDATE)).dropped
    of = dropped + sum(cell.n for cells in series.values() for cell in cells.values())
    by_class: dict[str, dict[str, int]] = {}
    judged: dict[str, int] = {}
    for key, cells in series.items():
        if not key.error_class:
            continue
        labels = by_class.setdefault(key.error_class, {})
        labels[key.label] = labels.get(key.label, 0) + sum(cell.n for cell in cells.values())
        inside = sum(cell.n for part, cell in cells.items() if phase in (part, ALL_PHASES))
        judged[key.error_class] = judged.get(key.error_class, 0) + inside
    rows = [
        _failure(name, labels, (of, judged[name]), run.engine.errors)
        for name, labels in by_class.items()
        if sum(labels.values())
    ]
    rows += _dropped_rows(run.measured, phase, of)
    return tuple(sorted(rows, key=lambda row: (-row.count, row.error_class, row.generator)))


def _failure(
    name: str, labels: Mapping[str, int], counts: tuple[int, int], errors: Iterable[ErrorSample]
) -> FailureRow:
    of, judged = counts
    noted = [error for error in errors if error.error_class == name]
    most = max(noted, key=lambda error: error.count, default=None)
    return FailureRow(
        error_class=name,
        count=sum(labels.values()),
        of=of,
        judged=judged,
        first_s=min((error.first_s for error in noted), default=None),
        last_s=max((error.last_s for error in noted), default=None),
        labels=tuple(sorted((k for k, n in labels.items() if n), key=lambda k: (-labels[k], k))),
        sample=_raced(noted) + (most.text if most else ""),
        generator=name not in TARGET_CLASSES,
    )


def _raced(noted: Iterable[ErrorSample]) -> str:
    """How many are the keep-alive race, and what ends it."""
    count = sum(error.count for error in noted if error.label.endswith(ON_REUSED))
    if not count:
        return ""
    return (
        f"{count} on reused connections, no byte received: the keep-alive race; next: a longer "
        "idle timeout in the server. "
    )


def _dropped_rows(measured: Measured, phase: str, of: int) -> list[FailureRow]:
    """Return dropped arrivals: the target's fault, but for those while the generator was late."""
    names = measured.names_of(CANDIDATE)
    whole, judged = (measured.scenario_cell(of, *names) for of in (ALL_PHASES, phase))
    if not whole.dropped:
        return []
    windows = [
        slot.window for name in names for slot, c in measured.scenarios[name].items() if c.dropped
    ]  # fmt: skip
    parts = (
        (False, whole.dropped - whole.late_drops, judged.dropped - judged.late_drops),
        (True, whole.late_drops, judged.late_drops),
    )
    return [
        FailureRow(
            error_class=DROPPED,
            count=count,
            of=of,
            judged=inside,
            first_s=min(windows) * measured.window_s,
            last_s=max(windows) * measured.window_s,
            labels=(),
            sample=_ALL_BUSY_LATE if generator else _ALL_BUSY,
            generator=generator,
        )
        for generator, count, inside in parts
        if count
    ]
