"""The page of a watched canary: answer, timeline, tables, rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_documents.canary_looks import Answer
from perf_documents.canary_rules import CANARY
from perf_reports import canary_words as words
from perf_reports import units
from perf_reports.canary_timeline import watched
from perf_reports.charts import canary, canary_rules, sheet
from perf_reports.escape import shorten, visible
from perf_reports.html import canary_tables, shell
from perf_reports.html.cells import Tile
from perf_reports.wording import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_documents.canary_looks import ArmLook, Look

_BODIES = {Answer.PROMOTE: "pass", Answer.ROLLBACK: "fail", Answer.HOLD: "inconclusive"}
_CHARTS = (
    canary_rules.draw_strips,
    canary.draw_traffic,
    canary.draw_errors,
    canary.draw_p95,
    canary_rules.draw_evidence,
)
_UNSEEN = "No look was taken: nothing is known of this canary."
_TAB = 4
_LOOKS = (
    "At each look the counters of both arms are read, and what came since the look before is "
    "judged. A counter that was reset or could not be read is no data, never a zero."
)
_RULES = (
    "A rule looks at the share of requests that break its limit over the last minute, and over "
    "more where samples are few; it fires once that is broken for its whole time. Thin: too few "
    "samples to decide. Missing data pause a rule's clock and are never taken for good news."
)
_EVIDENCE = (
    "The canary is held against the control by e-values: odds that grow only where its part of "
    "the errors, or of slow requests, is larger than its part of the traffic explains. Looks may "
    "be as frequent as wanted: by Ville's inequality a canary that is no worse than tolerated is "
    "rolled back at any look with a probability of at most alpha. The confidence sequence of the "
    "ratio holds at all looks together. Evidence counts from the end of warm-up; rules from the "
    "beginning."
)
_ANSWERS = (
    "PROMOTE: every rule was decided and kept, on enough data, and no evidence says harm. "
    "ROLLBACK: a rule fired, or the odds of harm reached 1/alpha. HOLD: neither; nothing is "
    "proven, and the reason says what is missing."
)


def render(looks: Sequence[Look], title: str, rules_text: str) -> str:
    """Return the page of a watch."""
    last = looks[-1] if looks else None
    answer = last.answer if last else Answer.HOLD
    return shell.fill(
        "canary.html",
        title=shorten(visible(title)),
        answer=answer.value,
        tone=_BODIES[answer],
        glyph=words.GLYPHS[answer],
        reason=last.reason if last else _UNSEEN,
        next_step=words.NEXT_STEPS[answer],
        exit_code=words.EXIT_CODES[answer],
        exit_meaning=words.EXIT_MEANINGS[answer],
        tiles=_tiles(looks, last) if last else (),
        notes=last.notes if last else (),
        pictures=_drawn(looks),
        arms=canary_tables.arms(last) if last else None,
        rules=canary_tables.rules(last) if last and last.rules else None,
        evidence=canary_tables.evidence(last) if last and last.evidence else None,
        odds=words.odds(last) if last else "",
        looks=canary_tables.looks(looks) if last else None,
        rules_lines=[line.expandtabs(_TAB) for line in rules_text.splitlines()],
        method=(
            ("Looks", _LOOKS), ("Rules", _RULES), ("Evidence", _EVIDENCE), ("Answers", _ANSWERS),
        ),
    )  # fmt: skip


def _tiles(looks: Sequence[Look], last: Look) -> tuple[Tile, ...]:
    count = len(looks)
    calm = sum(rule.state == words.OK and not rule.fired for rule in last.rules)
    tiles = [
        Tile(
            label="since the step began",
            value=units.length(last.elapsed_s),
            under=f"{units.count(count)} {plural('look', count)}, now in {words.phase(last)}",
        ),
        Tile(
            label="rules ok",
            value=f"{units.count(calm)} of {units.count(len(last.rules))}",
            tone=_rules_tone(last),
        ),
    ]
    tiles += [
        Tile(
            label=f"{name}: errors",
            value=words.errors(arm),
            under=_arm_said(last, name, arm),
        )
        for name, arm in words.arms(last)
    ]
    if last.ln_harm is not None:
        needed = "" if last.ln_needed is None else f"{units.odds(last.ln_needed)} roll back"
        tiles.append(Tile(label="odds of harm", value=units.odds(last.ln_harm), under=needed))
    return tuple(tiles)


def _rules_tone(last: Look) -> str:
    if any(rule.fired or rule.state == words.BREACH for rule in last.rules):
        return "fail"
    return "pass" if last.rules and all(rule.state == words.OK for rule in last.rules) else "none"


def _arm_said(last: Look, name: str, arm: ArmLook) -> str:
    share = f"{words.traffic(last)} of traffic, " if name == CANARY else ""
    return f"{share}p95 {words.p95(arm)} in the last minute"


def _drawn(looks: Sequence[Look]) -> list[dict[str, object]]:
    lines = watched(looks)
    if lines is None:
        return []
    with sheet.settings():
        pictures = [draw(lines) for draw in _CHARTS]
    return [shell.embedded(picture) for picture in pictures if picture is not None]
