"""Does a statistic of a histogram meet a limit: decided by counts, by bounds, or not at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from perf_analysis.histogram import Histogram, merge

if TYPE_CHECKING:
    from perf_analysis.verdict import Threshold

_MS = 1000.0


class Bounds(NamedTuple):
    """Closed interval that holds a value, in the unit of the limit it is compared with."""

    least: float
    greatest: float

    @property
    def middle(self) -> float:
        """Halfway between both ends."""
        if self.least == self.greatest:
            return self.least
        return self.least + (self.greatest - self.least) / 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Durations that a threshold is about.

    Attributes
    ----------
    values, censored : Histogram
        Complete samples; lower bounds of samples that never completed.
    """

    values: Histogram
    censored: Histogram

    @property
    def n(self) -> int:
        """Number of samples, censored ones included."""
        return self.values.n + self.censored.n


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided of one statistic.

    Attributes
    ----------
    held : bool or None
        None if the data allow both answers.
    observed : float
        In seconds, with censored samples at their lower bounds.
    at_least : bool
        Whether the censored samples could make it larger.
    reason, advice : str
        Why it is undecided and what would decide it; empty otherwise.
    """

    held: bool | None
    observed: float
    at_least: bool = False
    reason: str = ""
    advice: str = ""


def compare(operator: str, bounds: Bounds, limit: float) -> bool | None:
    """Whether every value within bounds meets a limit (True), none does (False), or some (None).

    Examples
    --------
    >>> compare("<", Bounds(1.0, 2.0), 2.0) is None
    True
    >>> compare("<=", Bounds(1.0, 2.0), 2.0)
    True
    """
    least, greatest = bounds
    if operator in {">", ">=", "!="}:
        mirrored = compare({">": "<=", ">=": "<", "!=": "=="}[operator], bounds, limit)
        return None if mirrored is None else not mirrored
    if operator == "==":
        if least == greatest == limit:
            return True
        return False if greatest < limit or least > limit else None
    below = greatest < limit if operator == "<" else greatest <= limit
    above = least >= limit if operator == "<" else least > limit
    return True if below else (False if above else None)


def decide_trend(threshold: Threshold, trend: Trend) -> Decision:
    """Decide a limit on a Trend, censored samples taken twice.

    Parameters
    ----------
    threshold : Threshold
        On a trend; its limit in milliseconds.
    trend : Trend
        With at least one sample.

    Returns
    -------
    Decision

    Notes
    -----
    Once with every censored sample at its lower bound and once at +infinity; a decision stands
    only if both agree. Quantiles are those of Hyndman and Fan's type 7: both order statistics on
    one side decide, by exact counts beside the limit; otherwise the bounds of their buckets do.
    """
    lower = Trend(values=merge([trend.values, trend.censored]), censored=Histogram())
    at_lower, bounds = _decide(threshold, lower)
    if not trend.censored.n:
        return _explained(bounds, held=at_lower, at_least=False)
    at_infinity, upper = _decide(threshold, trend)
    at_least = upper.greatest > bounds.greatest
    if at_lower is at_infinity:
        return _explained(bounds, held=at_lower, at_least=at_least)
    return Decision(
        held=None,
        observed=bounds.middle,
        at_least=at_least,
        reason=f"censored: {trend.censored.n:,} of {trend.n:,} never completed, and their true "
        "values decide",
        advice="find out why requests do not complete; a longer timeout shows their true values",
    )


def _explained(bounds: Bounds, *, held: bool | None, at_least: bool) -> Decision:
    if held is not None:
        return Decision(held=held, observed=bounds.middle, at_least=at_least)
    return Decision(
        held=None,
        observed=bounds.middle,
        at_least=at_least,
        reason=f"resolution: the value lies between {bounds.least * _MS:.6g} and "
        f"{bounds.greatest * _MS:.6g} ms, on either side of the limit",
        advice="limits that stand in the profile before the run are counted exactly",
    )


def _decide(threshold: Threshold, trend: Trend) -> tuple[bool | None, Bounds]:
    """Decision with the censored samples at +infinity, and bounds of the statistic."""
    limit_s = threshold.limit_s
    if threshold.q is None:
        exact = _plain_statistic(threshold.aggregation, trend)
        return compare(threshold.operator, Bounds(exact, exact), limit_s), Bounds(exact, exact)
    # exact arithmetic: .9 * 10 is 9, not a float beside it with another neighbour
    h = Fraction(str(threshold.q)) * (trend.n - 1)
    first = _order_bounds_s(trend, math.floor(h), limit_s)
    if h.denominator == 1:
        return compare(threshold.operator, first, limit_s), first
    second = _order_bounds_s(trend, math.ceil(h), limit_s)
    bounds = _between(first, second, float(h - math.floor(h)))
    sides = {_side(first, limit_s), _side(second, limit_s)}
    if sides <= {-1} or sides <= {0} or sides <= {1}:
        return compare(threshold.operator, first, limit_s), bounds
    answers = {compare(threshold.operator, one, limit_s) for one in (first, second)}
    if threshold.operator not in {"==", "!="} and len(answers) == 1:
        return answers.pop(), bounds
    return compare(threshold.operator, bounds, limit_s), bounds


def _plain_statistic(aggregation: str, trend: Trend) -> float:
    """Value of `avg`, `min` or `max` in seconds, exact."""
    if aggregation == "min":
        return trend.values.min_s
    if trend.censored.n:
        return math.inf
    return trend.values.max_s if aggregation == "max" else trend.values.sum_s / trend.values.n


def _order_bounds_s(trend: Trend, rank: int, limit_s: float) -> Bounds:
    """Bounds of an order statistic, sharpened by what was counted beside the limit.

    Between two floats lies none: "below the limit" is "at most the float before it".
    """
    if rank >= trend.values.n:
        return Bounds(math.inf, math.inf)
    least, greatest = trend.values.order_bounds_s((rank,))[0]
    counted = trend.values.count_below(limit_s)
    if counted is None:
        return Bounds(least, greatest)
    below, equal = counted
    if rank < below:
        return Bounds(least, min(greatest, math.nextafter(limit_s, -math.inf)))
    if rank < below + equal:
        return Bounds(limit_s, limit_s)
    return Bounds(max(least, math.nextafter(limit_s, math.inf)), greatest)


def _side(bounds: Bounds, limit_s: float) -> int | None:
    if bounds.greatest < limit_s:
        return -1
    if bounds.least > limit_s:
        return 1
    return 0 if bounds.least == bounds.greatest else None


def _between(first: Bounds, second: Bounds, weight: float) -> Bounds:
    """Bounds of the interpolated value, one float wider for the rounding of interpolations."""
    if math.isinf(second.least):
        return Bounds(math.inf, math.inf)
    least = first.least + weight * (second.least - first.least)
    greatest = first.greatest + weight * (second.greatest - first.greatest)
    return Bounds(
        max(math.nextafter(least, -math.inf), first.least),
        min(math.nextafter(greatest, math.inf), second.greatest),
    )
