"""A canary followed look by look: readings in, what is known and what to do out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perf_canary.arms import ArmWatch
from perf_canary.decide import Situation, decide
from perf_canary.evidence import ln_together
from perf_canary.pairs import PairWatch
from perf_canary.reading import Interval, NoData
from perf_canary.rule_watch import RuleWatch
from perf_canary.shares import Trials
from perf_documents.canary_looks import Answer, EvidenceLook, Look, RuleLook, finite
from perf_documents.canary_rules import CANARY, CONTROL, HEALTH

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_canary.evidence import Finding
    from perf_canary.reading import Probes, Reading
    from perf_canary.rule_watch import Evaluation
    from perf_documents.canary_rules import Rule, Rules

_LATE = 1.5


@dataclass(slots=True, kw_only=True)
class Watch:
    """Judges one step of a canary.

    Parameters
    ----------
    rules : Rules
    began_s : float
        When the step began, in the source's time.
    every_s : float
        Time between looks.
    span_s : float or None
        Earliest promotion after the beginning; by default `promote.after`. Never before each rule
        could have fired.
    weight : float or None
        Share of traffic the canary was given, where it is known.
    alone : bool
        All traffic is the canary's: there is no control any more, and rules alone decide.
    objection : callable
        Why an answer at a time may not stand, in words; empty where it may. It is then held, and
        the next look decides anew.
    """

    rules: Rules
    began_s: float
    every_s: float
    span_s: float | None = None
    weight: float | None = None
    alone: bool = False
    objection: Callable[[Answer, float], str] = lambda _answer, _t_s: ""
    _arms: dict[str, ArmWatch] = field(init=False)
    _pairs: PairWatch = field(init=False)
    _watches: list[RuleWatch] = field(init=False)
    _probes: Probes | None = field(init=False, default=None)
    _asked_before: int = field(init=False, default=0)
    _last_s: float | None = field(init=False, default=None)
    _ended: Look | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._arms = {CANARY: ArmWatch()}
        if self.compares:
            self._arms[CONTROL] = ArmWatch()
        self._pairs = PairWatch(self.rules, self.began_s + self.rules.warm_up_s)
        self._watches = [RuleWatch(rule, self.every_s, self.began_s) for rule in self.rules.rules]

    @property
    def compares(self) -> bool:
        """Whether a control is looked at."""
        return self.rules.evidence is not None and not self.alone

    def before(self, reading: Reading) -> None:
        """Take in a reading from before the step: how the control's errors cluster."""
        self._pairs.before(reading)

    def look(self, reading: Reading, *, detailed: bool = True) -> Look:
        """Judge by one more reading; what was decided once stays decided.

        Raises
        ------
        ValueError
            If it is not later than the one before.
        """
        if self._ended is not None:
            return self._ended
        if self._last_s is not None and reading.t_s <= self._last_s:
            raise ValueError(f"a look at {reading.t_s:g} s after one at {self._last_s:g} s")
        self._mind_gap(reading.t_s)
        is_first, self._last_s = self._last_s is None, reading.t_s
        interval = self._arms[CANARY].take(reading.canary, reading.t_s)
        if self.compares:
            control = reading.control or NoData(why="no control")
            self._arms[CONTROL].take(control, reading.t_s)
            self._pairs.take(reading)
        evaluations = [] if is_first else self._evaluate(interval, reading)
        self._probes = reading.probes or self._probes
        if is_first and self._probes is not None:
            self._asked_before = self._probes.asked
        look = self._look(reading.t_s, evaluations, detailed=detailed)
        if look.answer is not Answer.HOLD:
            self._ended = look
        return look

    def _mind_gap(self, t_s: float) -> None:
        """Looks that did not take place pause each clock."""
        if self._last_s is not None and t_s - self._last_s > _LATE * self.every_s:
            for watch in self._watches:
                watch.pause()

    def _evaluate(
        self, interval: Interval | NoData, reading: Reading
    ) -> list[tuple[RuleWatch, Evaluation]]:
        asked = self._asked(reading.probes)
        found: list[tuple[RuleWatch, Evaluation]] = []
        for watch in self._watches:
            trials, why = _trials(watch.rule, interval, asked)
            found.append((watch, watch.take(trials, reading.t_s, why)))
        return found

    def _asked(self, probes: Probes | None) -> Trials | None:
        """Health requests since the last look."""
        if probes is None:
            return None
        before = self._probes
        asked = probes.asked - (before.asked if before else 0)
        failed = probes.failed - (before.failed if before else 0)
        if asked <= 0 or not 0 <= failed <= asked:
            return None
        return Trials(n=asked, least=failed, most=failed)

    def _look(
        self, t_s: float, evaluations: list[tuple[RuleWatch, Evaluation]], *, detailed: bool
    ) -> Look:
        rules = tuple(_rule_look(watch, found, t_s) for watch, found in evaluations)
        findings = self._pairs.findings(detailed=detailed) if self.compares else []
        evidence = self.rules.evidence
        situation = Situation(
            rules=self.rules,
            elapsed_s=t_s - self.began_s,
            span_s=self._span_s,
            watches=tuple(self._watches),
            looks=rules,
            arms=self._arms,
            findings=tuple(findings),
            weight=self.weight if self.compares else None,
            own_requests=self._probes.asked - self._asked_before if self._probes else 0,
            t_s=t_s,
        )
        answer, reason = decide(situation)
        why_not = "" if answer is Answer.HOLD else self.objection(answer, t_s)
        if why_not:
            answer, reason = Answer.HOLD, why_not
        canary = self._arms[CANARY].requests
        control = self._arms[CONTROL].requests if self.compares else 0.0
        return Look(
            t_s=t_s,
            elapsed_s=situation.elapsed_s,
            warm=situation.elapsed_s > self.rules.warm_up_s,
            arms={name: arm.look(t_s) for name, arm in self._arms.items()},
            traffic_share=canary / (canary + control) if canary + control > 0.0 else None,
            rules=rules,
            evidence=tuple(self._evidence_look(finding) for finding in findings),
            ln_harm=ln_together(findings) if findings else None,
            ln_needed=-math.log(evidence.alpha) if evidence and findings else None,
            answer=answer,
            reason=reason,
            notes=self._pairs.notes if self.compares else (),
        )

    @property
    def _span_s(self) -> float:
        if self.span_s is None:
            return self.rules.shortest_span_s
        return max(self.span_s, self.rules.longest_for_s)

    def _evidence_look(self, finding: Finding) -> EvidenceLook:
        gates = self.rules.evidence.gates if self.rules.evidence else {}
        gate = gates[finding.name]
        return EvidenceLook(
            name=finding.name,
            ln_harm=finding.ln_harm,
            ln_harmless=finding.ln_harmless,
            ratio=finding.ratio,
            low=finding.low,
            high=finite(finding.high),
            tolerance=gate.tolerance,
            margin=gate.margin,
            canary_events=finding.events,
            events=finding.trials,
            seconds_to_harm=finding.seconds_to_harm,
        )


def _trials(
    rule: Rule, interval: Interval | NoData, asked: Trials | None
) -> tuple[Trials | None, str]:
    """What an interval says to a rule, or why it says nothing."""
    if rule.metric == HEALTH:
        return asked, "" if asked else "no health request was made"
    if isinstance(interval, NoData):
        return None, interval.why
    if rule.q is None:
        n, errors = interval.requests, interval.errors
        return (Trials(n=n, least=errors, most=errors), "") if n else (None, "no requests")
    if not interval.timed:
        return None, "no requests" if interval.buckets else "no durations"
    least, most = interval.above(rule.limit)
    return Trials(n=interval.timed, least=least, most=most), ""


def _rule_look(watch: RuleWatch, found: Evaluation, t_s: float) -> RuleLook:
    rule = watch.rule
    return RuleLook(
        name=rule.name,
        metric=rule.metric,
        when=rule.when,
        for_s=rule.for_s,
        state=str(found.state),
        share=found.share,
        share_limit=rule.share_limit,
        n=found.n,
        held_s=found.held_s,
        fired=found.fired,
        blind=watch.is_blind(t_s),
        why=found.why,
    )
