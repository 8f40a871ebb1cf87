"""What a history keeps of a run for good: the few figures that trends and comparisons need."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from perf_analysis.failure_classes import ABANDONED
from perf_analysis.histogram import merge
from perf_analysis.series import CANDIDATE, add_cells
from perf_analysis.stated import Stated
from perf_documents.fingerprint import MACHINE_FACTS
from perf_documents.git import COMMITTED_AT
from perf_documents.models import check_instant
from perf_documents.strict_json import content_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perf_analysis.facts import EndState
    from perf_analysis.figures import RunFigures
    from perf_analysis.series import Cell, SeriesKey
    from perf_analysis.verdict import ThresholdResult, Verdict
    from perf_documents.run import Measure, Run

# Clocks that differ by more are not believed.
_MOST_AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSummary:
    """Requests of one name in the judged phase.

    Attributes
    ----------
    label : str
        Method and name; empty for all requests together.
    n, failed, abandoned : int
        Requests that ended, failed ones among them, and requests cut off at the stop.
    censored : int
        Timeouts and abandoned requests, of which only a lower bound is known.
    p50_s, p95_s, p99_s : float or None
        Service time, censored samples at their lower bounds; None without samples.
    """

    label: str
    n: int
    failed: int
    abandoned: int
    censored: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdSummary:
    """What became of one threshold; `observed` in the unit of its limit."""

    subject: str
    expression: str
    observed: float | None
    at_least: bool
    n: int
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One stored run, in a few kilobytes.

    Attributes
    ----------
    verdict, exit_code, valid : optional
        None where the run was never judged.
    duration_s : float
        How far the schedule came.
    phase, phase_s : str, float
        The judged phase and its length; `dropped`, `total` and `series` belong to it.
    load, fingerprint : mapping
        What makes the run comparable, and the machine it ran on; empty in records of schema 1.
    figures : RunFigures or None
        What comparisons need; None where nothing can be compared.
    measures : tuple of Measure
        Imported figures that are neither durations nor counts of requests.
    unstated : tuple of str
        Metrics that the source of an imported run cannot show: where `http_req_failed` is among
        them, the zeros of `failed` say nothing.
    committed_at : str
        When the commit was made, which orders runs of several clocks; empty where nobody knows.
    document_sha256, document_bytes : str, int
        Of the full document's JSON, before compression.
    """

    run_id: str
    version: str
    started_at: str
    profile: str
    environment: str
    target_url: str
    commit: str
    branch: str
    load_hash: str
    state: EndState
    verdict: Verdict | None
    exit_code: int | None
    valid: bool | None
    reason: str
    duration_s: float
    phase: str
    phase_s: float
    dropped: int
    total: SeriesSummary
    series: tuple[SeriesSummary, ...]
    load: Mapping[str, object] = field(default_factory=dict)
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    figures: RunFigures | None = None
    measures: tuple[Measure, ...] = ()
    unstated: tuple[str, ...] = ()
    committed_at: str = ""
    thresholds: tuple[ThresholdSummary, ...]
    document_sha256: str
    document_bytes: int


def summarise(run: Run, document: bytes) -> Record:
    """Return the record of a run; `document` is its JSON."""
    judgement = run.judgement
    phase = run.measured.judged_phase()
    stated = _stated(run)
    cells = [(k, c) for k, c in run.measured.cells(phase).items() if k.target == CANDIDATE]
    return Record(
        run_id=run.run_id,
        version=run.version,
        started_at=run.started_at,
        profile=run.plan.profile,
        environment=run.target.environment,
        target_url=run.target.url,
        commit=run.git.get("commit", ""),
        branch=run.git.get("branch", ""),
        committed_at=_committed_at(run),
        load_hash=run.load_hash,
        state=run.state,
        verdict=judgement.verdict if judgement else None,
        exit_code=judgement.exit_code if judgement else None,
        valid=judgement.valid if judgement else None,
        reason=judgement.reason if judgement else "",
        duration_s=float(run.reached_s),
        phase=phase,
        phase_s=run.measured.phase_s(phase),
        dropped=run.measured.scenario_cell(phase, *run.measured.names_of(CANDIDATE)).dropped,
        total=_summary("", cells, stated.get("")),
        series=tuple(
            _summary(
                label, [(key, cell) for key, cell in cells if key.label == label], stated.get(label)
            )
            for label in sorted({key.label for key, _ in cells} | stated.keys() - {""})
        ),
        # an engine that ended before it had read its scenario left a load that nobody can name
        load=run.load_facts if run.scenario.sha256 else {},
        fingerprint={k: v for k, v in run.fingerprint.items() if k in MACHINE_FACTS},
        figures=run.figures,
        measures=run.measures,
        unstated=tuple(sorted(run.measured.unstated)),
        thresholds=tuple(map(_threshold, judgement.thresholds)) if judgement else (),
        document_sha256=content_hash(document),
        document_bytes=len(document),
    )


def _committed_at(run: Run) -> str:
    """When the run's commit was made; a moment long after its measurement is none."""
    text = run.git.get(COMMITTED_AT, "")
    try:
        made = datetime.fromisoformat(check_instant(text))
    except ValueError:
        return ""
    return text if made <= datetime.fromisoformat(run.started_at) + _MOST_AHEAD else ""


def _stated(run: Run) -> dict[str, Stated]:
    """What is known of durations without samples of them, by label."""
    unstated = run.measured.unstated
    # an imported run of wrk2, whether it shows the durations as well or not
    is_intended = bool(run.engine.unknown_rules) and "http_req_latency" not in unstated
    if not is_intended or run.figures is None:
        return {row.label: row for row in run.measured.stated}
    # compared by another clock: from the intended start
    return {
        series.label: Stated(
            label=series.label,
            n=series.finished,
            quantiles_s={figure.q: math.exp(figure.ln_s) for figure in series.quantiles},
        )
        for series in run.figures.series
    }


def _summary(
    label: str, cells: list[tuple[SeriesKey, Cell]], stated: Stated | None
) -> SeriesSummary:
    ended = [(key, cell) for key, cell in cells if key.error_class != ABANDONED]
    total = add_cells(cell for _, cell in cells)
    samples = merge([total.service, total.service_censored])
    quantile_s = stated.quantiles_s.get if stated else samples.quantile_s
    return SeriesSummary(
        label=label,
        n=_count(cell for _, cell in ended) or (stated.n if stated else 0),
        failed=_count(cell for key, cell in ended if key.error_class),
        abandoned=_count(cell for key, cell in cells if key.error_class == ABANDONED),
        censored=total.service_censored.n,
        p50_s=quantile_s(0.5),
        p95_s=quantile_s(0.95),
        p99_s=quantile_s(0.99),
    )


def _count(cells: Iterable[Cell]) -> int:
    return sum(cell.n for cell in cells)


def _threshold(result: ThresholdResult) -> ThresholdSummary:
    return ThresholdSummary(
        subject=result.threshold.subject,
        expression=result.threshold.expression,
        observed=None if result.observed is None else float(result.observed),
        at_least=result.at_least,
        n=result.n,
        verdict=result.verdict,
    )
