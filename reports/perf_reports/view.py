"""The view: built once from a judged run, and read by every renderer."""

from __future__ import annotations

import math
import shlex
from typing import TYPE_CHECKING, TypedDict

from perf_analysis.compared import RowVerdict
from perf_analysis.verdict import Outcome, Verdict
from perf_documents.targets import LOCAL
from perf_reports import comparisons, items, wording
from perf_reports.distribution import NO_DISTRIBUTION, build_distribution
from perf_reports.endpoints import endpoint_rows
from perf_reports.failures import failure_rows
from perf_reports.parts import GLYPHS, Decider, Places, View
from perf_reports.timed import parts_of
from perf_reports.timeline import NO_TIMELINE, build_timeline

if TYPE_CHECKING:
    from perf_analysis.compared import Comparison
    from perf_analysis.verdict import Check, Judgement, ThresholdResult
    from perf_documents.run import Run
    from perf_reports.drawn import Distribution, Timeline
    from perf_reports.parts import EndpointRow

MOST_DECIDERS = 5
_OUTCOMES = (Outcome.BROKEN, Outcome.UNKNOWN, Outcome.HELD)
_VERDICTS = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)


class _Drawn(TypedDict):
    """What charts are made of."""

    timeline: Timeline
    distribution: Distribution


_NOT_DRAWN: _Drawn = {"timeline": NO_TIMELINE, "distribution": NO_DISTRIBUTION}


def build_view(
    run: Run,
    *,
    exit_code: int,
    stored: Check | None = None,
    places: Places | None = None,
    over_time: bool = True,
) -> View:
    """View of a judged run.

    Parameters
    ----------
    exit_code : int
        Of the process; it may say more than the judgement (5, 130).
    stored : Check or None
        V12, once the run was stored and read back.
    places : Places or None
        Where report and data were written.
    over_time : bool
        Whether charts are wanted: a stored run must decode its windows for them.

    Raises
    ------
    ValueError
        If the run has not been judged.
    """
    judgement, measured = run.judgement, run.measured
    if judgement is None:
        raise ValueError("only a judged run has a view")
    facts, checks = run.facts(), _checks(judgement, stored)
    thresholds = tuple(sorted(judgement.thresholds, key=_nearest_first))
    phase = measured.judged_phase()
    endpoints = endpoint_rows(measured, phase, judgement.thresholds)
    return View(
        verdict=judgement.verdict,
        exit_code=exit_code,
        qualifier=wording.qualifier(run, judgement),
        headline=wording.headline(run, judgement, thresholds, exit_code),
        reason=judgement.reason,
        next_step=wording.next_step(judgement),
        repeat=repeat_command(run),
        deciders=_deciders(checks, thresholds, judgement.comparison),
        run_id=run.run_id,
        version=run.version,
        valid=judgement.valid,
        profile=run.plan.profile,
        target=items.target_of(run),
        length_s=run.reached_s,
        open_model=measured.open_model,
        phase=phase,
        phase_s=measured.phase_s(phase),
        spans=measured.spans,
        provenance=items.provenance(run, phase),
        checks=checks,
        accounts=wording.accounts_said(run.engine.accounts, facts),
        thresholds=thresholds,
        comparison=judgement.comparison,
        endpoints=endpoints,
        **(_drawn(run, endpoints) if over_time else _NOT_DRAWN),
        **parts_of(measured, phase, endpoints),
        failures=failure_rows(run, phase),
        fault=wording.fault_said(facts, checks),
        generator=items.generator(run, facts),
        environment=items.environment(run),
        notes=items.notes(run),
        places=places or Places(),
    )


def _drawn(run: Run, endpoints: tuple[EndpointRow, ...]) -> _Drawn:
    timeline = build_timeline(run)
    phase = run.measured.judged_phase()
    distribution = build_distribution(run.measured, phase, endpoints, timeline.windows)
    return {"timeline": timeline, "distribution": distribution}


def repeat_command(run: Run) -> str:
    """Command that repeats the run; `perfproof`, which no other tool shadows."""
    if run.engine.unknown_rules:
        # whatever made the load, it was no run of ours
        return shlex.join(["perfproof", "history", "show", run.run_id])
    # what perf.yaml does not name is repeated by its URL
    target = run.target.url if run.target.name == LOCAL else items.target_of(run)
    words = ["perfproof", "run", "--profile", run.plan.source or run.plan.profile]
    words += ["--target", target]
    if run.control is not None:
        control = run.control
        words += ["--control", control.url if control.name == LOCAL else control.name]
    if run.plan.time_scale != 1:
        words += ["--time-scale", f"{float(run.plan.time_scale):g}"]
    return shlex.join(words)


def _checks(judgement: Judgement, stored: Check | None) -> tuple[Check, ...]:
    checks = (*judgement.checks, stored) if stored else judgement.checks
    return tuple(sorted(checks, key=lambda check: _OUTCOMES.index(check.outcome)))


def _nearest_first(result: ThresholdResult) -> tuple[int, float]:
    """Worst verdict first; then what is farthest beyond, or nearest to, its limit."""
    value, limit = result.observed, result.threshold.limit
    if value is None or not math.isfinite(value):
        return _VERDICTS.index(result.verdict), -math.inf
    above = result.threshold.operator.startswith(">")
    part, whole = (limit, value) if above else (value, limit)
    return _VERDICTS.index(result.verdict), -part / whole if whole else 0.0


def _deciders(
    checks: tuple[Check, ...],
    thresholds: tuple[ThresholdResult, ...],
    comparison: Comparison,
) -> tuple[Decider, ...]:
    rows = [
        Decider(
            glyph=wording.OUTCOME_GLYPHS[check.outcome],
            verdict=Verdict.INCONCLUSIVE,
            text=wording.check_said(check),
        )
        for check in checks
        if check.outcome is Outcome.BROKEN
    ]
    rows += [
        Decider(
            glyph=GLYPHS[result.verdict],
            verdict=result.verdict,
            text=wording.threshold_said(result),
        )
        for result in thresholds
        if result.verdict is not Verdict.PASS
    ]
    rows += _compared(comparison)
    return tuple(rows[:MOST_DECIDERS])


def _compared(comparison: Comparison) -> list[Decider]:
    """Rows that failed, or that left a gating comparison undecided."""
    verdicts = {RowVerdict.FAIL: Verdict.FAIL, RowVerdict.INCONCLUSIVE: Verdict.INCONCLUSIVE}
    wanted = {comparison.verdict} & verdicts.keys() if comparison.gates else set()
    return [
        Decider(
            glyph=comparisons.GLYPHS[row.verdict],
            verdict=verdicts[row.verdict],
            text=comparisons.row_said(row),
        )
        for row in comparisons.gated(comparison)
        if row.verdict in wanted
    ]
