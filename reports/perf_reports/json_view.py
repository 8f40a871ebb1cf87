"""The one JSON document of `--json`: the same figures as numbers, in seconds and shares."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from perf_analysis.timings import TIMINGS
from perf_reports import wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_analysis.compared import ComparedRow, Comparison
    from perf_analysis.verdict import Check, ThresholdResult
    from perf_documents.run import Run
    from perf_reports.parts import EndpointRow, FailureRow, TimedRow, View

SCHEMA = "perfproof.result/2"
COMPARISON_SCHEMA = "perfproof.comparison/1"

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def render_json(view: View, run: Run) -> str:
    """Return the document: sorted keys, finite numbers, null for what could not be had."""
    document: dict[str, Json] = {
        "schema": SCHEMA,
        "run_id": view.run_id,
        "version": view.version,
        "started_at": run.started_at,
        "state": run.state.value,
        "length_s": _finite(view.length_s),
        "verdict": view.verdict.value,
        "exit_code": view.exit_code,
        "valid": view.valid,
        "headline": view.headline,
        "reason": view.reason,
        "next_step": view.next_step,
        "repeat": view.repeat,
        "profile": view.profile,
        "target": {
            "name": view.target,
            "url": run.target.url,
            "environment": run.target.environment,
        },
        "load_hash": run.load_hash,
        "phase": {"name": view.phase, "length_s": _finite(view.phase_s)},
        "checks": [_check(check) for check in view.checks],
        "thresholds": [_threshold(result) for result in view.thresholds],
        "comparison": _comparison(view.comparison),
        "endpoints": [_endpoint(row, view.timings) for row in view.endpoints],
        "scenario_checks": [
            {"name": row.name, "passed": row.passed, "made": row.made}
            for row in view.scenario_checks
        ],
        "failures": [_failure(row) for row in view.failures],
        "accounts": _accounts(run),
        "generator": _generator(run),
        "notes": list(view.notes),
        "report": view.places.report or None,
        "data": view.places.data or None,
    }
    text = json.dumps(document, sort_keys=True, indent=2, allow_nan=False, ensure_ascii=True)
    return f"{text}\n"


def render_comparison(comparison: Comparison, exit_code: int) -> str:
    """Return a comparison of named runs as one document."""
    document: dict[str, Json] = {
        "schema": COMPARISON_SCHEMA,
        "exit_code": exit_code,
        "comparison": _comparison(comparison),
    }
    text = json.dumps(document, sort_keys=True, indent=2, allow_nan=False, ensure_ascii=True)
    return f"{text}\n"


def _check(check: Check) -> dict[str, Json]:
    return {
        "rule": check.rule,
        "title": check.title,
        "outcome": check.outcome.value,
        "figure": check.figure,
        "limit": check.limit,
        "advice": check.advice,
    }


def _threshold(result: ThresholdResult) -> dict[str, Json]:
    threshold = result.threshold
    return {
        "metric": threshold.metric,
        "selector": dict(threshold.selector),
        "expression": threshold.expression,
        "operator": threshold.operator,
        # in the unit of the expression: ms for durations, a share for rates
        "observed": _finite(result.observed),
        "at_least": result.at_least,
        "limit": _finite(threshold.limit),
        "n": result.n,
        "phase": result.phase,
        "verdict": result.verdict.value,
        "reason": result.reason,
        "is_default": threshold.is_default,
    }


def _comparison(comparison: Comparison) -> dict[str, Json]:
    return {
        "source": comparison.source,
        "mode": comparison.mode,
        "gates": comparison.gates,
        "alpha": comparison.alpha,
        "reference": list(comparison.reference),
        "verdict": comparison.verdict.value,
        "sentence": comparison.sentence,
        "next_step": comparison.next_step,
        "left_out": list(comparison.left_out),
        "notes": list(comparison.notes),
        "rows": [_compared(row) for row in comparison.rows],
        # all requests together by quantile, shown and never gated
        "shift": [
            {name: _finite(getattr(shift, name)) for name in shift.__slots__}
            for shift in comparison.shift
        ],
    }


def _compared(row: ComparedRow) -> Json:
    # levels in seconds or shares, changes relative or as differences of shares
    numbers = ("candidate", "reference", "effect", "low", "high", "margin", "tolerance",
               "detectable", "must_detect", "p", "p_adjusted")  # fmt: skip
    figures: dict[str, Json] = {name: _finite(getattr(row, name)) for name in numbers}
    return figures | {
        "name": row.label,
        "metric": row.metric,
        "gated": row.gated,
        "n": row.n,
        "reference_n": row.reference_n,
        "verdict": row.verdict.value,
        "notes": list(row.notes),
        "reason": row.reason,
        "advice": row.advice,
    }


def _endpoint(row: EndpointRow, timings: tuple[TimedRow, ...]) -> dict[str, Json]:
    figures = {
        wording.quantile_name(figure.q): _quantile(figure.value_s, at_least=figure.at_least)
        for figure in row.service
    }
    latency = row.latency
    timed = next((one for one in timings if one.label == row.label), None)
    return {
        "name": row.label,
        "requests": row.requests,
        "rate_per_s": _finite(row.rate_per_s),
        "failed": row.failed,
        "failed_of": row.failed_of,
        "n": row.service[0].n,
        "service": figures,
        "latency_p95": _quantile(latency.value_s, at_least=latency.at_least) if latency else None,
        "timings": None if timed is None else _timed(timed),
    }


def _timed(row: TimedRow) -> dict[str, Json]:
    """Median and p95 of where the time went, under k6's names."""
    return {"n": row.n, "sent_bytes": row.sent_bytes} | {
        name: {
            wording.quantile_name(one.q): _quantile(one.value_s, at_least=one.at_least)
            for one in figures
        }
        for name, figures in zip(TIMINGS, row.figures, strict=True)
    }


def _quantile(value_s: float | None, *, at_least: bool) -> Json:
    return None if value_s is None else {"value_s": _finite(value_s), "at_least": at_least}


def _failure(row: FailureRow) -> dict[str, Json]:
    return {
        "class": row.error_class,
        "count": row.count,
        "of": row.of,
        "judged": row.judged,
        "first_s": _finite(row.first_s),
        "last_s": _finite(row.last_s),
        "endpoints": list(row.labels),
        "sample": row.sample,
        "blame": "generator" if row.generator else "target",
    }


def _accounts(run: Run) -> dict[str, Json]:
    accounts = run.engine.accounts
    return {name: getattr(accounts, name) for name in accounts.__slots__}


def _generator(run: Run) -> dict[str, Json]:
    facts = run.facts()
    local: Mapping[str, int] = facts.local_errors
    return {
        "cpu_p95_ratio": _finite(facts.cpu_p95_ratio),
        "lag_p99_s": _finite(facts.lag_p99_s),
        "loop_late_ratio": _finite(facts.loop_late_ratio),
        "silent_s": _finite(facts.silent_s),
        "wall_step_s": _finite(facts.wall_step_s),
        "processes_planned": facts.processes_planned,
        "processes_final": facts.processes_final,
        "local_errors": dict(local),
        "invalid_samples": facts.invalid_samples,
    }


def _finite(value: float | None) -> float | None:
    """Number, or null: JSON has neither NaN nor infinity."""
    return value if value is not None and math.isfinite(value) else None
