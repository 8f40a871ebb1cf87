"""Canary against control, interval by interval: evidence for harm and for harmlessness."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perf_analysis.eprocess import (
    HARM,
    HARMLESS,
    Counted,
    EProcess,
    ln_average,
    null_share,
    ratio_sequence,
    seconds_to_decision,
)
from perf_analysis.error_rates import dispersion
from perf_canary.reading import add_buckets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_canary.reading import Buckets, Interval
    from perf_documents.canary_rules import RatioGate

# what is decided by chance alone once in a hundred promotions
ALPHA_PROMOTE = 0.01
# below it a difference is nothing to roll back for, however certain
FLOOR_SHARE = 0.001
TAIL_S = 60.0
# of the multipliers of harm: most on rises to two and four times, which are slow to show
WEIGHTS = (0.1, 0.45, 0.35, 0.1)
# quiet intervals before the canary took traffic, from which bursts are known
LEAST_FOR_BURSTS = 30
_TINY_S = 1e-6


# of the average over what is compared: errors are rarer than slow requests, and show more slowly
PARTS = {"error_ratio": 0.6, "exceedance_ratio": 0.4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one comparison says so far.

    Attributes
    ----------
    name : str
    ln_harm, ln_harmless : float
        Evidence for harm, and for harmlessness at the margin.
    ratio : float or None
        Candidate's rate over the control's; None where the control has no events.
    low, high : float
        Confidence sequence of the ratio; 0 and infinity where not asked for.
    over_floor : bool
        The estimate itself is large enough to act on.
    seconds_to_harm : float or None
        Until evidence that grows as it did is enough to roll back.
    events, trials : float
        Hits of the canary, and of both.
    """

    name: str
    ln_harm: float
    ln_harmless: float
    ratio: float | None
    low: float
    high: float
    over_floor: bool
    seconds_to_harm: float | None
    events: float
    trials: float


def ln_together(findings: Sequence[Finding]) -> float:
    """Logarithm of the weighted average of the evidence for harm: one error rate for all of it."""
    weights = [PARTS[one.name] for one in findings]
    return ln_average([one.ln_harm for one in findings], weights)


@dataclass(slots=True)
class Comparison:
    """One question: do the canary's events exceed its part of the traffic by more than allowed.

    Parameters
    ----------
    name : str
    gate : RatioGate
    limit_share : float or None
        Share of the canary's requests that a rule allows: the other way to be harmless.
    """

    name: str
    gate: RatioGate
    limit_share: float | None
    _harm: EProcess = field(init=False)
    _ratio: EProcess = field(init=False)
    _limit: EProcess = field(init=False)
    _counted: list[Counted] = field(init=False, default_factory=list)
    _requests: list[float] = field(init=False, default_factory=lambda: [0.0, 0.0])
    _hits: list[float] = field(init=False, default_factory=lambda: [0.0, 0.0])
    _span_s: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._harm, self._ratio = EProcess(HARM, WEIGHTS), EProcess(HARMLESS)
        self._limit = EProcess(HARMLESS)

    def add(
        self,
        hits: tuple[float, float],
        requests: tuple[float, float],
        length_s: float,
        phi: float,
    ) -> None:
        """Take one interval in: hits and requests of canary and control."""
        self._span_s += length_s
        if not (requests[0] > 0.0 and requests[1] > 0.0):
            return
        traffic = requests[0] / (requests[0] + requests[1])
        trials = hits[0] + hits[1]
        for at in (0, 1):
            self._requests[at] += requests[at]
            self._hits[at] += hits[at]
        if trials <= 0.0:
            return
        for process, ratio in ((self._harm, self.gate.tolerance), (self._ratio, self.gate.margin)):
            share = null_share(traffic, ratio)
            process.add(hits=hits[0], trials=trials, share=share, dispersion=phi)
        self._counted.append(
            Counted(hits=hits[0], trials=trials, traffic_share=traffic, dispersion=phi)
        )

    def add_limit(self, hits: float, requests: float, phi: float) -> None:
        """Take in how many of the canary's requests broke the rule's own limit."""
        if self.limit_share is not None and requests > 0.0:
            self._limit.add(hits=hits, trials=requests, share=self.limit_share, dispersion=phi)

    @property
    def ln_harm(self) -> float:
        """Evidence that the canary is worse than tolerated."""
        return self._harm.ln_e

    @property
    def ln_harmless(self) -> float:
        """Evidence that it is better than the margin, or keeps the rule's limit; their average."""
        if self.limit_share is None:
            return self._ratio.ln_e
        return ln_average((self._ratio.ln_e, self._limit.ln_e))

    def finding(self, alpha: float, *, detailed: bool) -> Finding:
        """Return what is known, with its confidence sequence where that is asked for."""
        low, high = ratio_sequence(self._counted, alpha) if detailed else (0.0, math.inf)
        ratio = self._estimate()
        return Finding(
            name=self.name,
            ln_harm=self.ln_harm,
            ln_harmless=self.ln_harmless,
            ratio=ratio,
            low=low,
            high=high,
            over_floor=self._is_over_floor(ratio),
            seconds_to_harm=seconds_to_decision(self.ln_harm, self._span_s, alpha),
            events=self._hits[0],
            trials=self._hits[0] + self._hits[1],
        )

    def _rates(self) -> tuple[float, float] | None:
        canary, control = self._requests
        return (self._hits[0] / canary, self._hits[1] / control) if canary and control else None

    def _estimate(self) -> float | None:
        rates = self._rates()
        return rates[0] / rates[1] if rates and rates[1] > 0.0 else None

    def _is_over_floor(self, ratio: float | None) -> bool:
        rates = self._rates()
        if rates is None:
            return False
        if self.gate.q is None:
            return rates[0] - rates[1] > FLOOR_SHARE
        return ratio is None or ratio > self.gate.tolerance


@dataclass(slots=True)
class Bursts:
    """How much the control's errors cluster, known only from before the interval judged."""

    _units: list[tuple[int, int]] = field(default_factory=list)
    _before: int = 0
    _canary_came: bool = False

    def add(self, control: Interval, *, canary_requests: float) -> None:
        """Take one interval of the control in."""
        self._canary_came = self._canary_came or canary_requests > 0.0
        self._before += not self._canary_came
        self._units.append((round(control.errors), round(control.requests)))

    @property
    def is_known(self) -> bool:
        """Whether enough was seen before the canary took traffic."""
        return self._before >= LEAST_FOR_BURSTS

    @property
    def phi(self) -> float:
        """Divisor of evidence; 1 where bursts are not known."""
        return max(1.0, dispersion(self._units)) if self.is_known else 1.0


@dataclass(slots=True)
class Tail:
    """The edge above which requests count as slow: the control's quantile of the last minute."""

    q: float
    _recent: deque[tuple[float, Buckets]] = field(default_factory=deque)

    def edge_s(self, start_s: float) -> float | None:
        """Bucket's bound whose share above was nearest to 1 - q before an instant.

        Fixed before the interval that begins then; None where nothing was slower than any bound.
        """
        while self._recent and self._recent[0][0] <= start_s - TAIL_S + _TINY_S:
            self._recent.popleft()
        total = add_buckets([buckets for _, buckets in self._recent])
        if not total or total[-1][1] <= 0.0:
            return None
        n = total[-1][1]
        best: tuple[float, float] | None = None
        for bound_s, count in total[:-1]:
            above = (n - count) / n
            if above <= 0.0:
                break
            away = abs(math.log(above / (1.0 - self.q)))
            if best is None or away < best[0]:
                best = (away, bound_s)
        return best[1] if best else None

    def add(self, control: Interval) -> None:
        """Take one interval of the control in, after it was judged."""
        if control.buckets:
            self._recent.append((control.end_s, control.buckets))
