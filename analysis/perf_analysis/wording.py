"""Numbers of a judgement as the words of its sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perf_analysis.metrics import METRICS
from perf_analysis.verdict import MetricKind

if TYPE_CHECKING:
    from perf_analysis.verdict import Threshold, ThresholdResult

_DIGITS = 3
_MOST_DIGITS = 17
_INTEGERS_FROM = 100.0
_PER_CENT = 100.0


def number(value: float, digits: int = _DIGITS) -> str:
    """Number with at least three significant digits, integers in full.

    Examples
    --------
    >>> number(18003.2), number(81.24), number(0.01234)
    ('18,003', '81.2', '0.0123')
    """
    if not math.isfinite(value):
        return "no number"
    if abs(value) >= _INTEGERS_FROM:
        whole = len(f"{abs(value):.0f}")
        return f"{value:,.{max(0, digits - whole)}f}"
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])
    text = f"{value:.{max(0, digits - 1 - exponent)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def share(ratio: float, digits: int = _DIGITS) -> str:
    """Ratio in per cent.

    Examples
    --------
    >>> share(0.0421)
    '4.21 %'
    """
    return f"{number(ratio * _PER_CENT, digits)} %"


def seconds(value_s: float) -> str:
    """Seconds, or milliseconds below one second."""
    return f"{number(value_s)} s" if value_s >= 1.0 else f"{number(value_s * 1000.0)} ms"


def in_unit(threshold: Threshold, value: float, digits: int = _DIGITS) -> str:
    """Value in a threshold's own unit."""
    match METRICS[threshold.metric]:
        case MetricKind.TREND:
            return f"{number(value, digits)} ms"
        case MetricKind.RATE:
            return share(value, digits)
        case MetricKind.COUNTER:
            return number(value, digits) + ("/s" if threshold.aggregation == "rate" else "")
        case MetricKind.GAUGE:
            return number(value, digits)


def observed_and_limit(result: ThresholdResult) -> str:
    """Say what was observed and what the limit is.

    With as many digits as it takes to tell the two apart: 499.96 is not under 500 as "500".
    """
    threshold = result.threshold
    label = threshold.expression.partition(threshold.operator)[0]
    subject = f"{label} of {threshold.subject}"
    if result.observed is None:
        return f"{subject} has no value, limit {_limit(threshold, _DIGITS)}"
    digits = _DIGITS
    while result.observed != threshold.limit and digits < _MOST_DIGITS:
        if in_unit(threshold, result.observed, digits) != in_unit(
            threshold, threshold.limit, digits
        ):
            break
        digits += 1
    verb = "is at least" if result.at_least else "is"
    observed = in_unit(threshold, result.observed, digits)
    return f"{subject} {verb} {observed}, limit {_limit(threshold, digits)}"


def _limit(threshold: Threshold, digits: int) -> str:
    return f"{threshold.operator}{in_unit(threshold, threshold.limit, digits)}"
