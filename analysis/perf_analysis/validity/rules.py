"""The ordered table of the rules, and a run held against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.validity import accounts, evidence, generator, schedule
from perf_analysis.validity.evidence import NOTHING, Evidence, Finding
from perf_analysis.verdict import Check, Outcome, ThresholdResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perf_analysis.compared import Comparison
    from perf_analysis.facts import RunFacts
    from perf_analysis.series import Measured

RULES: dict[str, tuple[str, Callable[[Evidence], Finding]]] = {
    "V1": ("schedule completed", schedule.completed),
    "V2": ("enough requests", evidence.enough_requests),
    "V3": ("accounts close", accounts.closed),
    "V4": ("little abandoned", accounts.little_abandoned),
    "V5": ("load offered", schedule.offered),
    "V6": ("generator healthy", generator.healthy),
    "V7": ("record whole", generator.whole),
    "V8": ("clock steady", schedule.steady_clock),
    "V9": ("scenario sound", generator.sound_scenario),
    "V10": ("runs comparable", evidence.comparable),
    "V11": ("few names", evidence.few_names),
}


def check_validity(
    facts: RunFacts,
    measured: Measured,
    thresholds: Sequence[ThresholdResult],
    comparison: Comparison = NOTHING,
) -> tuple[Check, ...]:
    """Every rule from V1 to V11, in order.

    Parameters
    ----------
    facts : RunFacts
    measured : Measured
    thresholds : sequence of ThresholdResult
        What is gated; V2 counts for each.
    comparison : Comparison
        What was compared; V10 looks at it.

    Returns
    -------
    tuple of Check
        `unknown` only for rules that `facts.unknown` names; a figure that is missing without being
        named there breaks its rule.
    """
    seen = Evidence(facts=facts, measured=measured, thresholds=thresholds, comparison=comparison)
    return tuple(
        Check(
            rule=rule,
            title=title,
            outcome=Outcome.UNKNOWN,
            figure="the source of this run does not show it",
            limit="",
        )
        if rule in facts.unknown
        else find(seen).check(rule, title)
        for rule, (title, find) in RULES.items()
    )


def check_stored(*, equal: bool) -> Check:
    """V12: the stored bytes read back equal the computed ones; checked after the store."""
    return Finding(
        held=equal,
        figure="read back equal" if equal else "read back different",
        limit="equal bytes",
        advice="see the disk and the file system, then store the run again",
    ).check("V12", "stored unchanged")
