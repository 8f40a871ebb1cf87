"""What a look at a canary says in words: equal on the terminal and on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_documents.canary_looks import Answer
from perf_documents.canary_rules import CANARY, CONTROL
from perf_reports import units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_documents.canary_looks import ArmLook, EvidenceLook, Look, RuleLook

OK, BREACH, THIN, NO_DATA = "ok", "breach", "thin", "no data"
GLYPHS = {Answer.PROMOTE: "✓", Answer.ROLLBACK: "✗", Answer.HOLD: "?"}
STATE_GLYPHS = {OK: "✓", BREACH: "✗", THIN: "?", NO_DATA: "○"}
EXIT_CODES = {Answer.PROMOTE: 0, Answer.ROLLBACK: 1, Answer.HOLD: 3}
NEXT_STEPS = {
    Answer.PROMOTE: "Give the canary all traffic.",
    Answer.ROLLBACK: "Give all traffic back to the old version, then look for the cause.",
    Answer.HOLD: "Leave the canary's share of traffic as it is, and keep looking.",
}
EXIT_MEANINGS = {
    Answer.PROMOTE: "every rule was decided and kept",
    Answer.ROLLBACK: "a rule was broken, or harm is shown",
    Answer.HOLD: "nothing is proven yet",
}
NOT_BOUNDED = "not bounded yet"


def phase(look: Look) -> str:
    """Whether evidence counts already."""
    return "watch" if look.warm else "warm-up"


def arms(look: Look) -> list[tuple[str, ArmLook]]:
    """Arms that were looked at, the canary first."""
    return [(name, look.arms[name]) for name in (CANARY, CONTROL) if name in look.arms]


def state_glyph(rule: RuleLook) -> str:
    """Mark of a rule's state; one that fired is broken, whatever it says now."""
    return STATE_GLYPHS[BREACH] if rule.fired else STATE_GLYPHS.get(rule.state, "○")


def state_word(rule: RuleLook) -> str:
    """State of a rule, and whether it decided."""
    beside = [f"fired: {rule.fired}"] if rule.fired else []
    beside += ["blind"] if rule.blind else []
    return f"{rule.state} ({', '.join(beside)})" if beside else rule.state


def held(rule: RuleLook) -> str:
    """How long a rule has been broken, of how long it may be."""
    return f"{units.length(rule.held_s)} of {units.length(rule.for_s)}"


def rule_said(rule: RuleLook) -> str:
    """State of a rule in a few words, without its name."""
    state = f"fired ({rule.fired})" if rule.fired else rule.state
    state = f"{state} (blind)" if rule.blind else state
    if rule.state == BREACH or rule.held_s > 0.0 or rule.fired:
        return f"{state} {held(rule)}"
    return state


def seen(rule: RuleLook) -> str:
    """Share of what was counted that broke the limit."""
    return units.NOT_AVAILABLE if rule.share is None else units.percent(rule.share)


def errors(arm: ArmLook) -> str:
    """Errors of all requests since the beginning."""
    return units.share(round(arm.total_errors), round(arm.total_requests))


def since(arm: ArmLook) -> str:
    """What came since the look before, or why nothing is known of it."""
    if arm.requests is None:
        return f"no data{f': {arm.why}' if arm.why else ''}"
    wrong = "" if arm.errors is None else f", {units.count(arm.errors)} errors"
    return f"{units.count(arm.requests)}{wrong}"


def p95(arm: ArmLook) -> str:
    """p95 of the last minute; beyond the last bound only that bound is known."""
    if arm.p95_s is None:
        return units.NOT_AVAILABLE
    return f"{'≥ ' if arm.clipped else ''}{units.duration(arm.p95_s)}"


def traffic(look: Look) -> str:
    """The canary's part of all requests."""
    return units.NOT_AVAILABLE if look.traffic_share is None else units.percent(look.traffic_share)


def ratio(one: EvidenceLook) -> str:
    """The canary's rate over the control's."""
    return units.NOT_AVAILABLE if one.ratio is None else units.significant(one.ratio)


def interval(one: EvidenceLook) -> str:
    """Confidence sequence of the ratio."""
    if one.high is None:
        return f"≥ {units.significant(one.low)}" if one.low > 0.0 else NOT_BOUNDED
    return f"{units.significant(one.low)} .. {units.significant(one.high)}"


def events(one: EvidenceLook) -> str:
    """Which part of the events the canary had."""
    return f"{units.count(one.canary_events)} of {units.count(one.events)}"


def to_harm(one: EvidenceLook) -> str:
    """When evidence that grows as it did will be enough; nothing where it does not grow."""
    if one.seconds_to_harm is None:
        return ""
    return f"in about {units.length(one.seconds_to_harm)}" if one.seconds_to_harm >= 1.0 else "now"


def soonest(evidence: Sequence[EvidenceLook]) -> EvidenceLook | None:
    """The comparison with the most evidence for harm."""
    return max(evidence, key=lambda one: one.ln_harm, default=None)


def odds(look: Look) -> str:
    """Evidence for harm against what is needed to roll back."""
    if look.ln_harm is None:
        return units.NOT_AVAILABLE
    needed = "" if look.ln_needed is None else f" ({units.odds(look.ln_needed)} needed)"
    return f"{units.odds(look.ln_harm)}{needed}"
