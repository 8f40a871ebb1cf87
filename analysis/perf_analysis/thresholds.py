"""Is a threshold met: `Threshold` and what a run measured to `ThresholdResult`."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from perf_analysis.decision import Bounds, compare, decide_trend
from perf_analysis.metrics import METRICS, OPEN_ONLY, OWN_CLIENT
from perf_analysis.readings import read_count, read_gauge, read_share, read_trend
from perf_analysis.selection import Merged, Selection
from perf_analysis.series import ALL_PHASES, SUSTAINED
from perf_analysis.verdict import MetricKind, Threshold, ThresholdResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.series import Measured

LEAST_SAMPLES = 200
_TAIL_SAMPLES = 10
_TAIL_TO_SHOW = 3
_MS = 1000.0
_NOT_FINITE = "the value is not a finite number"
_NOT_SHOWN = "the source of this run does not show it"
_LONGER = "run longer or at a higher rate"


def minimum_n(threshold: Threshold) -> int:
    """Samples that a threshold needs before it may be judged (V2).

    Returns
    -------
    int
        max(200, ceil(10 / (1 - q))) for quantiles; 200 for rates, for p(0) and p(100), and so for
        `min`, `max` and `avg` too, of which the first two are those quantiles by other names;
        0 for counters and gauges.

    Examples
    --------
    >>> from perf_analysis.grammar import parse_threshold
    >>> minimum_n(parse_threshold("http_req_duration", "p(99.99)<1000"))
    100000
    """
    if METRICS[threshold.metric] in {MetricKind.COUNTER, MetricKind.GAUGE}:
        return 0
    return LEAST_SAMPLES if threshold.q is None else least_for_quantile(threshold.q)


def least_for_quantile(q: float) -> int:
    """Samples that a gated quantile needs (V2): max(200, ceil(10 / (1 - q)))."""
    if q >= 1.0:
        return LEAST_SAMPLES
    # exact: in floats 10 / (1 - .9999) is a little more than 100,000
    return max(LEAST_SAMPLES, math.ceil(_TAIL_SAMPLES / (1 - Fraction(str(q)))))


def evaluate(threshold: Threshold, measured: Measured) -> ThresholdResult:
    """Judge one threshold.

    Parameters
    ----------
    threshold : Threshold
    measured : Measured

    Returns
    -------
    ThresholdResult
        `pass` only where the data are there, are enough, and allow no other answer.

    Notes
    -----
    Without a phase in its selector a threshold is about `measured.judged_phase()`. Quantiles are
    decided by counts (`decision.decide_trend`); sums, counts and extremes are exact. The `rate` of
    a Counter divides by the seconds of its phase. No uncertainty enters: a threshold is a limit on
    this run, not an inference about others.
    """
    return evaluate_all((threshold,), measured)[0]


def evaluate_all(
    thresholds: Sequence[Threshold], measured: Measured
) -> tuple[ThresholdResult, ...]:
    """Judge thresholds in their order; what several ask for is merged once."""
    merged: Merged = {}
    return tuple(
        _evaluate(threshold, selection_of(threshold, measured, merged)) for threshold in thresholds
    )


def selection_of(
    threshold: Threshold,
    measured: Measured,
    merged: Merged | None = None,
) -> Selection:
    """Cells that a threshold is about."""
    phase = threshold.selector.get("phase") or measured.judged_phase()
    merged = {} if merged is None else merged
    return Selection(measured, threshold.selector, phase, merged, threshold.names)


def _evaluate(threshold: Threshold, selection: Selection) -> ThresholdResult:
    empty = ThresholdResult(
        threshold=threshold,
        observed=None,
        n=0,
        phase=selection.phase,
        verdict=Verdict.INCONCLUSIVE,
    )
    unmeasured = _unmeasured(threshold.metric, selection.measured)
    if unmeasured:
        return _undecided(empty, *unmeasured)
    if threshold.metric == "http_req_duration" and selection.measured.stated:
        return _stated(threshold, selection.measured, empty)
    lacking = _lacking(threshold, selection)
    if lacking:
        return _undecided(empty, *lacking)
    match METRICS[threshold.metric]:
        case MetricKind.TREND:
            return _trend(threshold, selection, empty)
        case MetricKind.RATE:
            return _rate(threshold, selection, empty)
        case MetricKind.COUNTER:
            return _counter(threshold, selection, empty)
        case MetricKind.GAUGE:
            value = read_gauge(threshold.metric, selection)
            return _decided(replace(empty, observed=float(value), n=1))


def _lacking(threshold: Threshold, selection: Selection) -> tuple[str, ...]:
    """Why there is nothing to judge, or not of all requests, and what to do; else empty."""
    missing = selection.missing(threshold)
    if missing:
        return missing, "correct the selector or the scenario"
    untimed, whole = selection.untimed() if threshold.metric in OWN_CLIENT else (0, 0)
    if untimed:
        reason = f"{untimed:,} of {whole:,} requests have a client that does not measure it"
        return reason, "extend LeanHttpUser, or gate http_req_duration"
    return ()


def _unmeasured(metric: str, measured: Measured) -> tuple[str, ...]:
    """Why a run cannot have a metric, and what to do; empty where it can."""
    if metric in measured.unstated:
        return (_NOT_SHOWN, "gate what the source shows")
    if metric in OPEN_ONLY and not measured.open_model:
        return ("there are no arrivals under a closed executor",)
    return ()


def _trend(threshold: Threshold, selection: Selection, empty: ThresholdResult) -> ThresholdResult:
    trend = read_trend(threshold.metric, selection)
    n = trend.n
    if n == 0:
        return _undecided(empty, "no data", _LONGER)
    decision = decide_trend(threshold, trend)
    if not math.isfinite(decision.observed):
        return _undecided(replace(empty, n=n), _NOT_FINITE)
    result = replace(empty, n=n, observed=decision.observed * _MS, at_least=decision.at_least)
    need = minimum_n(threshold)
    if n < need:
        # a quantile with fewer than 3 samples beyond it says nothing, not even for display
        q = threshold.q if threshold.q is not None else 1.0
        thin = 0.0 < q < 1.0 and n * min(q, 1.0 - q) < _TAIL_TO_SHOW
        return _undecided(replace(result, observed=None) if thin else result, _too_few(n, need))
    if decision.held is None:
        return _undecided(result, decision.reason, decision.advice)
    return replace(result, verdict=Verdict.PASS if decision.held else Verdict.FAIL)


def _stated(threshold: Threshold, measured: Measured, empty: ThresholdResult) -> ThresholdResult:
    """Verdict on what a source states of durations: by its figure, or by those on either side."""
    label = threshold.selector.get("name", "")
    # a bare path means its name under every method, of which there must be one
    mine = [s for s in measured.stated if label in {s.label, s.bare_label}]
    beyond = threshold.selector.keys() - {"name", "phase"}
    if len(mine) != 1 or beyond or empty.phase not in {SUSTAINED, ALL_PHASES}:
        words = f"durations of {threshold.subject}"
        return _undecided(empty, f"{_NOT_SHOWN}: {words}", "gate what the source shows")
    stated = mine[0]
    need, n = minimum_n(threshold), stated.n
    bounds_s = stated.statistic_s(threshold.aggregation, threshold.q)
    if bounds_s is None:
        return _undecided(replace(empty, n=n), f"{_NOT_SHOWN}: {threshold.aggregation}")
    bounds = Bounds(*bounds_s)
    result = replace(empty, n=n, observed=bounds.middle * _MS)
    if n < need:
        return _undecided(result, _too_few(n, need))
    held = compare(threshold.operator, bounds, threshold.limit_s)
    if held is None:
        reason = f"{_NOT_SHOWN}: the value lies between figures on either side of the limit"
        return _undecided(result, reason, "gate a quantile that the source states")
    return replace(result, verdict=Verdict.PASS if held else Verdict.FAIL)


def _rate(threshold: Threshold, selection: Selection, empty: ThresholdResult) -> ThresholdResult:
    part, whole = read_share(threshold.metric, selection)
    if whole <= 0:
        return _undecided(empty, "no data", _LONGER)
    result = replace(empty, n=whole, observed=part / whole)
    need = minimum_n(threshold)
    return _undecided(result, _too_few(whole, need)) if whole < need else _decided(result)


def _counter(threshold: Threshold, selection: Selection, empty: ThresholdResult) -> ThresholdResult:
    per_second = threshold.aggregation == "rate"
    count = read_count(threshold.metric, selection, scheduled=per_second)
    if not per_second:
        return _decided(replace(empty, n=count, observed=float(count)))
    phase_s = selection.measured.phase_s(selection.phase)
    if not (math.isfinite(phase_s) and phase_s > 0.0):
        return _undecided(replace(empty, n=count), f"the phase {selection.phase} has no length")
    return _decided(replace(empty, n=count, observed=count / phase_s))


def _decided(result: ThresholdResult) -> ThresholdResult:
    """Verdict on an exact value."""
    value = math.nan if result.observed is None else result.observed
    held = compare(result.threshold.operator, Bounds(value, value), result.threshold.limit)
    if held is None:
        return _undecided(replace(result, observed=None), _NOT_FINITE)
    return replace(result, verdict=Verdict.PASS if held else Verdict.FAIL)


def _undecided(result: ThresholdResult, reason: str, advice: str = "") -> ThresholdResult:
    return replace(result, verdict=Verdict.INCONCLUSIVE, reason=reason, advice=advice or _LONGER)


def _too_few(n: int, need: int) -> str:
    return f"has {n:,}, needs {need:,}"
