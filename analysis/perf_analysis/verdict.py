"""The values that a judgement is made of: checks, threshold results, verdict and exit code."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_analysis.compared import Comparison

OPERATORS = ("<", "<=", ">", ">=", "==", "!=")


class Verdict(StrEnum):
    """What is said of a run, and of each gated row."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Outcome(StrEnum):
    """What became of a validity rule; `unknown` where a source cannot show it."""

    HELD = "held"
    BROKEN = "broken"
    UNKNOWN = "unknown"


class MetricKind(StrEnum):
    """k6's kinds of metric, each with its own aggregations."""

    TREND = "trend"
    RATE = "rate"
    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """One parsed threshold.

    Attributes
    ----------
    metric : str
        Name of a metric of `grammar.METRICS`.
    selector : mapping of str to str
        Tags that must all match; empty for the whole metric.
    aggregation : str
        `count`, `rate`, `value`, `avg`, `min`, `max` or `p`; `med` is `p` with q = 0.5.
    q : float or None
        In [0, 1], of `p` only.
    operator : str
        One of `< <= > >= == !=`.
    limit : float
        Milliseconds for trends, a share in [0, 1] for rates, else a plain number.
    expression : str
        Canonical form, for people: `p(95)<500`, however it was spaced.
    abort_on_fail : bool
    delay_abort_eval_s : float
        Counted from the start of the judged phase.
    is_default : bool
        True where perfproof added the threshold itself.
    names : tuple of tuple of str
        Patterns of request names that declared tags of the selector stand for: one of each group.

    Raises
    ------
    ValueError
        If the limit is not finite, the operator unknown, or `q` missing, misplaced or outside
        [0, 1]. What people write is refused earlier, with a place, by `grammar`.
    """

    metric: str
    selector: Mapping[str, str] = field(default_factory=dict)
    aggregation: str
    q: float | None = None
    operator: str
    limit: float
    expression: str
    abort_on_fail: bool = False
    delay_abort_eval_s: float = 0.0
    is_default: bool = False
    names: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        if not math.isfinite(self.limit):
            raise ValueError(f"a limit is a finite number, not {self.limit}")
        if self.operator not in OPERATORS:
            raise ValueError(f"unknown operator {self.operator!r}")
        if (self.q is not None) != (self.aggregation == "p"):
            raise ValueError("a quantile belongs to p, and p has one")
        if self.q is not None and not 0.0 <= self.q <= 1.0:
            raise ValueError(f"a quantile lies in [0, 1], not at {self.q}")

    @property
    def subject(self) -> str:
        """Metric with its selector, as it stands in the profile."""
        if not self.selector:
            return self.metric
        tags = ",".join(f"{key}:{value}" for key, value in self.selector.items())
        return f"{self.metric}{{{tags}}}"

    @property
    def limit_s(self) -> float:
        """Limit of a trend in seconds."""
        return self.limit / 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdResult:
    """What became of one threshold.

    Attributes
    ----------
    observed : float or None
        In the unit of the limit; None where there was no data.
    at_least : bool
        The observed value is only a lower bound (it lies among censored samples).
    n : int
        Samples that the value rests on.
    phase : str
        Phase that was judged.
    verdict : Verdict
    reason : str
        Why it is inconclusive, in words with figures; empty otherwise.
    advice : str
        What would decide an inconclusive one; empty otherwise.
    """

    threshold: Threshold
    observed: float | None
    at_least: bool = False
    n: int
    phase: str
    verdict: Verdict
    reason: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One validity rule applied to a run: V1 to V12 with figure and limit in words."""

    rule: str
    title: str
    outcome: Outcome
    figure: str
    limit: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Validity, thresholds and comparison of one run, and what follows.

    Attributes
    ----------
    checks : tuple of Check
        Every rule in order.
    thresholds : tuple of ThresholdResult
        In the order of the plan.
    comparison : Comparison
        With other runs; it says itself where nothing could be compared.
    valid : bool
        No rule is broken.
    verdict : Verdict
    exit_code : int
        0, 1 or 3: what the run's data alone say.
    reason : str
        One sentence: the deciding rule or threshold with observed value and limit.
    next_step : str
        What to do about it; for a pass empty, or how to be compared from now on.
    """

    checks: tuple[Check, ...]
    thresholds: tuple[ThresholdResult, ...]
    comparison: Comparison
    valid: bool
    verdict: Verdict
    exit_code: int
    reason: str
    next_step: str = ""
