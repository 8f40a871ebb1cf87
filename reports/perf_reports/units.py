"""Numbers to text: the one formatter, so that every output shows the same digits."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, Context, Decimal
from typing import TYPE_CHECKING

from perf_analysis.metrics import METRICS
from perf_analysis.verdict import MetricKind

if TYPE_CHECKING:
    from perf_analysis.verdict import Threshold, ThresholdResult

NOT_AVAILABLE = "n/a"
DIGITS = 3
SECONDS_FROM_S = 10.0
CONFIDENCE = 0.95
BYTE_METRICS = frozenset({"data_sent", "data_received"})
_MIB = 2.0**20
_MOST_ODDS = 1e6
_WHOLE_FROM = 1000.0
_MOST_DIGITS = 15


def significant(value: float, digits: int = DIGITS) -> str:
    """Return a number with significant digits and no exponent: `0.0123`, `4.00`, `1,230`."""
    if value == 0:
        return "0"
    return f"{Decimal(f'{value:#.{digits}g}'):,f}"


def count(value: float) -> str:
    """Whole number with thousands separators: `18,003`."""
    return f"{round(value):,}"


def number(value: float, digits: int = DIGITS) -> str:
    """Plain number: whole ones and large ones as counts, others with significant digits."""
    if value == round(value) or (abs(value) >= _WHOLE_FROM and digits == DIGITS):
        return count(value)
    return significant(value, digits)


def duration(value_s: float, digits: int = DIGITS) -> str:
    """Duration with significant digits: `212 ms`, `1,230 ms`, from 10 s on `12.3 s`."""
    if value_s >= SECONDS_FROM_S:
        return f"{significant(value_s, digits)} s"
    milliseconds = significant(value_s * 1000.0, digits)
    # 9.9996 s rounds to 10,000 ms: the same instant must not have two spellings
    return "10.0 s" if milliseconds == "10,000" else f"{milliseconds} ms"


def length(value_s: float) -> str:
    """Length of a run or of its parts: `6 s`, `12.5 s`, `3m 02s`, `1h 05m 00s`."""
    if value_s < 59.95:  # noqa: PLR2004  # what one decimal would round up to a minute
        return f"{value_s:.1f}".removesuffix(".0") + " s"
    minutes, seconds = divmod(round(value_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02d}m {seconds:02d}s" if hours else f"{minutes}m {seconds:02d}s"


def rate(per_s: float | None) -> str:
    """Rate per second: `99.7/s`, `1,234/s`."""
    return NOT_AVAILABLE if per_s is None else f"{number(per_s)}/s"


def percent(ratio: float, digits: int = DIGITS) -> str:
    """Share in percent with significant digits; only a whole says `100 %`."""
    text = significant(ratio * 100.0, digits)
    if ratio < 1.0 and float(text.replace(",", "")) >= 100.0:  # noqa: PLR2004  # a whole
        return "> 99.9 %"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def upper_bound(n: int) -> float:
    """Largest share that 0 of `n` does not exclude at 95 %.

    Notes
    -----
    Exact (Clopper-Pearson, one-sided): the p with (1 - p)**n = 0.05, so p = 1 - 0.05**(1/n); the
    "rule of three", 3/n, is its approximation. It takes requests as independent of each other.
    """
    return -math.expm1(math.log(1.0 - CONFIDENCE) / n)


def share(part: int, whole: int) -> str:
    """Share with both counts: `12 of 18,003 (0.0667 %)`, `0 of 18,003 (< 0.017 %)`."""
    if whole == 0:
        return f"{NOT_AVAILABLE}: no requests"
    if part == 0:
        return f"0 of {count(whole)} (< {_bound(upper_bound(whole))} %)"
    return f"{count(part)} of {count(whole)} ({percent(part / whole)})"


def odds(ln_odds: float) -> str:
    """Odds of which the natural logarithm is known: `12.3 to 1`, `1 to 33.4`, `20 to 1`."""
    reach = min(abs(ln_odds), math.log(_MOST_ODDS))
    # through the logarithm and back a whole number is not quite whole
    value = number(float(f"{math.exp(reach):.3g}"))
    if value == "1":
        return "1 to 1"
    beyond = abs(ln_odds) > reach
    if ln_odds > 0:
        return f"{'> ' if beyond else ''}{value} to 1"
    return f"{'< ' if beyond else ''}1 to {value}"


def size(value_bytes: float) -> str:
    """Memory in MiB: `76.3 MiB`."""
    return f"{significant(value_bytes / _MIB)} MiB"


def limit(threshold: Threshold) -> str:
    """Operator and limit of a threshold in its own unit: `< 500 ms`."""
    return f"{threshold.operator} {_in_unit(threshold, threshold.limit, DIGITS)}"


def observed(result: ThresholdResult) -> str:
    """Observed value of a threshold in its own unit: `612 ms`, `≥ 30.0 s`, `n/a`.

    A value beside its limit gets as many digits as it takes to see on which side it lies.
    """
    value, threshold = result.observed, result.threshold
    if value is None or not math.isfinite(value):
        return NOT_AVAILABLE
    digits = DIGITS
    while (
        value != threshold.limit
        and digits < _MOST_DIGITS
        and _in_unit(threshold, value, digits) == _in_unit(threshold, threshold.limit, digits)
    ):
        digits += 1
    text = _in_unit(threshold, value, digits)
    return f"≥ {text}" if result.at_least else text


def _in_unit(threshold: Threshold, value: float, digits: int) -> str:
    match METRICS[threshold.metric]:
        case MetricKind.TREND:
            return duration(value / 1000.0, digits)
        case MetricKind.RATE:
            return percent(value, digits)
        case MetricKind.COUNTER | MetricKind.GAUGE:
            unit = " B" if threshold.metric in BYTE_METRICS else ""
            unit += "/s" if threshold.aggregation == "rate" else ""
            return f"{number(value, digits)}{unit}"


def _bound(ratio: float) -> str:
    """Upper bound in percent, rounded up to 2 significant digits: never smaller than it is."""
    up = Context(prec=2, rounding=ROUND_CEILING)
    return f"{up.create_decimal_from_float(ratio * 100.0):f}"
