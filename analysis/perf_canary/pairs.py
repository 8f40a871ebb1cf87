"""Both arms over the same intervals: each comparison fed with what it asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perf_canary.evidence import Bursts, Comparison, Tail
from perf_canary.reading import Counters, Interval, NoData
from perf_canary.tracks import ArmTrack, PairTrack
from perf_documents.canary_rules import ERROR_RATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_canary.evidence import Finding
    from perf_canary.reading import Reading
    from perf_documents.canary_rules import Rule, Rules

_TINY_S = 1e-6


@dataclass(slots=True)
class PairWatch:
    """Follows every comparison of a RULES file.

    Parameters
    ----------
    rules : Rules
    warm_s : float
        Intervals that begin earlier are no evidence.
    """

    rules: Rules
    warm_s: float
    _track: PairTrack = field(init=False, default_factory=PairTrack)
    _early: ArmTrack = field(init=False, default_factory=ArmTrack)
    _bursts: Bursts = field(init=False, default_factory=Bursts)
    _errors: Comparison | None = field(init=False, default=None)
    _slow: Comparison | None = field(init=False, default=None)
    _slow_rule: Rule | None = field(init=False, default=None)
    _tail: Tail | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        gates = self.rules.evidence
        if gates is None:
            return
        if gates.error_ratio is not None:
            limit = _strictest(self.rules, lambda rule: rule.metric == ERROR_RATE)
            share = limit.limit if limit is not None else None
            self._errors = Comparison("error_ratio", gates.error_ratio, share)
        if gates.exceedance_ratio is not None:
            q = gates.exceedance_ratio.q or 0.95
            self._tail = Tail(q)
            self._slow_rule = _strictest(self.rules, lambda rule: rule.q == q)
            share = 1.0 - q if self._slow_rule else None
            self._slow = Comparison("exceedance_ratio", gates.exceedance_ratio, share)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of the evidence."""
        if self._errors is None or self._bursts.is_known:
            return ()
        return ("bursts of errors are not allowed for: fewer than 30 looks before the canary",)

    def before(self, reading: Reading) -> None:
        """Take in the control of before the step, for how its errors cluster."""
        if isinstance(reading.control, Counters):
            interval = self._early.take(reading.control, reading.t_s)
            if isinstance(interval, Interval):
                self._bursts.add(interval, canary_requests=0.0)

    def take(self, reading: Reading) -> None:
        """Take both arms' next interval in."""
        pair = self._track.take(reading)
        if isinstance(pair, NoData):
            return
        canary, control = pair
        if canary.start_s >= self.warm_s - _TINY_S:
            phi = self._bursts.phi
            self._take_errors(canary, control, phi)
            self._take_slow(canary, control)
        self._bursts.add(control, canary_requests=canary.requests)
        if self._tail is not None:
            self._tail.add(control)

    def _take_errors(self, canary: Interval, control: Interval, phi: float) -> None:
        if self._errors is not None:
            length_s = canary.end_s - canary.start_s
            requests = (canary.requests, control.requests)
            self._errors.add((canary.errors, control.errors), requests, length_s, phi)
            self._errors.add_limit(canary.errors, canary.requests, phi)

    def _take_slow(self, canary: Interval, control: Interval) -> None:
        if self._slow is None or self._tail is None or not (canary.timed and control.timed):
            return
        if self._slow_rule is not None:
            # beyond a doubt harmless: what may be above the limit counts as above
            _, most = canary.above(self._slow_rule.limit)
            self._slow.add_limit(most, canary.timed, 1.0)
        edge_s = self._tail.edge_s(canary.start_s)
        if edge_s is None:
            return
        hits = (canary.above(edge_s)[0], control.above(edge_s)[0])
        length_s = canary.end_s - canary.start_s
        self._slow.add(hits, (canary.timed, control.timed), length_s, 1.0)

    def findings(self, *, detailed: bool) -> list[Finding]:
        """Return what each comparison says so far."""
        alpha = self.rules.evidence.alpha if self.rules.evidence else 0.05
        asked = [one for one in (self._errors, self._slow) if one is not None]
        return [one.finding(alpha, detailed=detailed) for one in asked]


def _strictest(rules: Rules, wanted: Callable[[Rule], bool]) -> Rule | None:
    return min(filter(wanted, rules.rules), key=lambda rule: rule.limit, default=None)
