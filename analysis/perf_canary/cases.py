"""Scripted cases tried on rules: the answer, its second and the rule named must be as written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_canary.following import replay
from perf_documents.errors import UsageError

if TYPE_CHECKING:
    from perf_canary.sources.timeline import Timeline
    from perf_documents.canary_looks import Look
    from perf_documents.canary_rules import Rules

_TINY_S = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """How a case ended; `wrong` says what differs, and is empty where nothing does."""

    name: str
    look: Look
    wrong: str


def try_case(rules: Rules, story: Timeline, *, every_s: float | None = None) -> CaseResult:
    """Replay one case.

    Raises
    ------
    UsageError
        If it expects nothing, or has no readings.
    """
    if story.expect is None:
        raise UsageError(
            "readings before the first case; expected a line such as "
            '{"case": "errors for two minutes", "expect": "ROLLBACK", "at_s": 120}'
        )
    last: Look | None = None
    for look in replay(rules, story, every_s=every_s, detailed=False):
        last = look
    if last is None:
        raise UsageError(f"case {story.name[:80]}: no readings")
    return CaseResult(name=story.name, look=last, wrong=_difference(story, last))


def _difference(story: Timeline, last: Look) -> str:
    if last.answer is not story.expect:
        return f"expected {story.expect}, got {last.answer} at {last.t_s:g} s: {last.reason}"
    if story.at_s is not None and abs(last.t_s - story.at_s) > _TINY_S:
        return f"expected {story.expect} at {story.at_s:g} s, got it at {last.t_s:g} s"
    fired = [rule.name for rule in last.rules if rule.fired]
    if story.rule is not None and story.rule not in fired:
        return f"expected rule {story.rule} to fire, got {', '.join(fired) or 'none'}"
    return ""
