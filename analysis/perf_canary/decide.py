"""Rules and evidence made into one answer: roll back, promote, or hold and say what is missing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.special import chdtrc

from perf_canary.evidence import ALPHA_PROMOTE, ln_together
from perf_documents.canary_looks import Answer
from perf_documents.canary_rules import CANARY, CONTROL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from perf_canary.arms import ArmWatch
    from perf_canary.evidence import Finding
    from perf_canary.rule_watch import RuleWatch
    from perf_documents.canary_looks import RuleLook
    from perf_documents.canary_rules import Rules

LEAST_REQUESTS = 200
LEAST_DATA = 0.9
P_WEIGHT = 0.001
_TINY = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that an answer depends on.

    Attributes
    ----------
    rules : Rules
    t_s, elapsed_s, span_s : float
        Now; since the step began; earliest promotion.
    watches, looks : tuple
        Each rule's history, and what it says now; `looks` is empty at the first reading.
    arms : mapping of str to ArmWatch
    findings : tuple of Finding
        Empty without a control.
    weight : float or None
        Share of traffic that the canary was given.
    own_requests : int
        Our health requests since the beginning.
    """

    rules: Rules
    t_s: float
    elapsed_s: float
    span_s: float
    watches: tuple[RuleWatch, ...]
    looks: tuple[RuleLook, ...]
    arms: Mapping[str, ArmWatch]
    findings: tuple[Finding, ...]
    weight: float | None
    own_requests: int = 0


def decide(situation: Situation) -> tuple[Answer, str]:
    """Return the answer and one sentence on why; the first that holds."""
    harm = _fired(situation) or _alarm(situation)
    if harm:
        return Answer.ROLLBACK, harm
    left_s = situation.span_s - situation.elapsed_s
    missing = next(_missing(situation), "")
    if left_s > _TINY:
        also = f"; {missing}" if missing else ""
        return Answer.HOLD, f"{left_s:.0f} s until it may be promoted{also}"
    if missing:
        return Answer.HOLD, missing
    return Answer.PROMOTE, _kept(situation)


def _fired(situation: Situation) -> str:
    for look in situation.looks:
        if look.fired:
            seen = "" if look.share is None else f"{look.share:.2%} of {look.n:.0f} "
            what = "failed health requests" if look.metric == "health_failures" else "requests"
            how = (
                f"broken for {look.held_s:.0f} s of {look.for_s:.0f}"
                if look.fired == "rule"
                else "ten times the limit"
            )
            return (
                f"rule {look.name}: {look.metric} {look.when}: {seen}{what}, {how} ({look.fired})"
            )
    return ""


def _alarm(situation: Situation) -> str:
    """Return what the evidence of harm says: the average over what is gated, against 1/alpha.

    The average of e-values is one, so no correction for their number is needed.
    """
    evidence, findings = situation.rules.evidence, situation.findings
    if evidence is None or not findings:
        return ""
    if ln_together(findings) < -math.log(evidence.alpha):
        return ""
    worst = max(findings, key=lambda one: one.ln_harm)
    if not worst.over_floor:
        return ""
    times = "" if worst.ratio is None else f"{worst.ratio:.2f} times the control's: "
    what = "errors are" if worst.name == "error_ratio" else "slow requests are"
    return (
        f"evidence {worst.name}: {what} {times}{worst.events:.0f} of {worst.trials:.0f} are the "
        f"canary's; odds of {math.exp(min(worst.ln_harm, 700.0)):.3g} to 1 against chance"
    )


def _missing(situation: Situation) -> Iterator[str]:
    """Reasons not to promote, the gravest first."""
    yield from _thin_arms(situation)
    if not situation.looks:
        yield "the first reading: nothing to judge yet"
    yield from _undecided_rules(situation)
    yield from _off_weight(situation)
    yield from _unproven(situation)


def _thin_arms(situation: Situation) -> Iterator[str]:
    for name, arm in situation.arms.items():
        if not arm.has_data:
            yield f"{name}: no data: {arm.why}"
        if arm.data_share < LEAST_DATA:
            yield f"{name}: only {arm.with_data} of {max(arm.looks - 1, 0)} looks had data"
        if arm.requests < LEAST_REQUESTS:
            yield f"{name}: {arm.requests:.0f} requests; at least {LEAST_REQUESTS} are needed"


def _undecided_rules(situation: Situation) -> Iterator[str]:
    for watch, look in zip(situation.watches, situation.looks, strict=False):
        if look.blind:
            yield f"rule {look.name}: blind: no answer for longer than {look.for_s:.0f} s"
        if not watch.is_kept:
            yield f"rule {look.name}: {look.state}{f': {look.why}' if look.why else ''}"
        if watch.decided_share < LEAST_DATA:
            yield f"rule {look.name}: only {watch.decided} of {watch.looks} looks were decided"


def _unproven(situation: Situation) -> Iterator[str]:
    if situation.rules.needs != "proof":
        return
    for finding in situation.findings:
        if finding.ln_harmless < -math.log(ALPHA_PROMOTE):
            odds = math.exp(max(finding.ln_harmless, -700.0))
            yield (
                f"evidence {finding.name}: harmlessness is not shown yet: odds of "
                f"{odds:.2g} to 1, {1.0 / ALPHA_PROMOTE:.0f} are needed"
            )


def _off_weight(situation: Situation) -> Iterator[str]:
    """Say where the canary's part of the traffic is not the one it was given.

    Our own health requests may be among those that its metrics count, or not: only what is off
    with each number of them is.
    """
    weight, canary = situation.weight, situation.arms[CANARY].requests
    if weight is None or not 0.0 < weight < 1.0 or CONTROL not in situation.arms:
        return
    control = situation.arms[CONTROL].requests
    # with as many from users as control's imply, this many were the canary's
    implied = control * weight / (1.0 - weight)
    least = max(0.0, canary - situation.own_requests)
    canary = min(max(implied, least), canary)
    total = canary + control
    if total <= 0.0:
        return
    expected = total * weight
    square = (canary - expected) ** 2 / (expected * (1.0 - weight))
    if float(chdtrc(1.0, square)) < P_WEIGHT:
        yield (
            f"the canary takes {canary / total:.1%} of the traffic, not the "
            f"{weight:.1%} it was given"
        )


def _kept(situation: Situation) -> str:
    said = f"{len(situation.looks)} rules kept over {situation.elapsed_s:.0f} s"
    if not situation.findings:
        return said
    if situation.rules.needs == "proof":
        return f"{said}, and shown to be harmless"
    return f"{said}, no evidence of harm"
