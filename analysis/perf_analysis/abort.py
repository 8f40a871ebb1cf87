"""Has a threshold with `abortOnFail` been breached beyond doubt while the run is going on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.metrics import METRICS
from perf_analysis.thresholds import evaluate
from perf_analysis.verdict import MetricKind, Threshold, ThresholdResult, Verdict

if TYPE_CHECKING:
    from perf_analysis.series import Measured

# The rate of a Counter over the first seconds of a phase says more of their number than of the
# target.
LEAST_RATE_S = 30.0


def breach_to_abort(
    threshold: Threshold, measured_so_far: Measured, judged_elapsed_s: float
) -> ThresholdResult | None:
    """Breach that ends a run, if there is one.

    Parameters
    ----------
    threshold : Threshold
    measured_so_far : Measured
        With the span of the running phase cut at this moment.
    judged_elapsed_s : float
        Seconds since the judged phase began; 0 or less before it.

    Returns
    -------
    ThresholdResult or None
        A definite `fail`, on no less than V2's minimum of samples; None otherwise.

    Notes
    -----
    A count only grows, so `count>=1000` is never breached before the end, and `count<1000` is once
    1000 is reached.
    """
    if not threshold.abort_on_fail or not judged_elapsed_s > threshold.delay_abort_eval_s:
        return None
    counter = METRICS[threshold.metric] is MetricKind.COUNTER
    if counter and threshold.aggregation == "rate" and judged_elapsed_s < LEAST_RATE_S:
        return None
    result = evaluate(threshold, measured_so_far)
    if result.verdict is not Verdict.FAIL:
        return None
    if counter and threshold.aggregation == "count" and not _stays_broken(result):
        return None
    return result


def _stays_broken(result: ThresholdResult) -> bool:
    """Whether a count that breaks its limit now still does when it has grown."""
    match result.threshold.operator:
        case "<" | "<=":
            return True
        case "==":
            return result.observed is not None and result.observed > result.threshold.limit
        case _:
            return False
