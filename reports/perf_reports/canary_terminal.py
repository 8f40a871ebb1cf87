"""A canary on a terminal: one line for each look, a block that is redrawn, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_documents.canary_looks import Answer
from perf_reports import canary_words as words
from perf_reports import units
from perf_reports.escape import cut, shorten, terminal, width
from perf_reports.terminal import Style
from perf_reports.terminal_text import COLUMNS, in_ascii, labelled, named, table
from perf_reports.wording import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_documents.canary_looks import ArmLook, EvidenceLook, Look, RuleLook

# a log is wider than a terminal that is redrawn: a look must not lose its figures
LINE_COLUMNS = 180
MOST_RULES = 12
MOST_NOTES = 2
_ANSWER = 8
_NAME = 24
_LEAST_RULES = 16
_REASON_LINES = 3
_COLOURS = {Answer.PROMOTE: "1;32", Answer.ROLLBACK: "1;31", Answer.HOLD: "1;35"}


def render_look_line(look: Look, style: Style | None = None) -> str:
    """Return one look as one line of a log, 180 columns at most and without a newline.

    Where rules are many, those that are ok give way to their number.
    """
    style = style or Style()
    head = f"{units.length(look.elapsed_s):>10}  {look.answer.value:<{_ANSWER}}  "
    middle = "  ".join((f"{words.phase(look):<7}", _counts(look)))
    ending = _evidence_said(look)
    room = LINE_COLUMNS - width(head) - width(middle) - width(ending) - 4
    rules = _rules_said(look.rules, max(room, _LEAST_RULES))
    text = head + "  ".join(part for part in (middle, rules, ending) if part)
    line = cut(text, LINE_COLUMNS)
    line = in_ascii(line, LINE_COLUMNS) if style.ascii_only else line
    return _painted(line, look.answer.value, look.answer, style)


def render_look(look: Look, style: Style | None = None) -> str:
    """Return one look as a block of 100 columns: arms, rules, evidence, answer and reason."""
    first = (
        f"{_word(look)}   {words.phase(look)}   {units.length(look.elapsed_s)} since the step began"
    )
    lines = [
        first,
        *labelled("  why", look.reason, _REASON_LINES),
        "",
        *_arms(look),
        *_rules(look.rules),
        *_evidence(look),
        *_notes(look),
    ]
    return _finish(look, lines, style or Style())


def render_outcome(look: Look, style: Style | None = None) -> str:
    """Return how the watch ended: answer, reason and next step, and what they rest on."""
    code = words.EXIT_CODES[look.answer]
    lines = [
        f"{_word(look)}   exit {code}   after {units.length(look.elapsed_s)}",
        *labelled("  why", look.reason, _REASON_LINES),
        *labelled("  next", words.NEXT_STEPS[look.answer], 1),
        "",
        *(named(name, _arm_said(arm)) for name, arm in words.arms(look)),
        named("traffic", _traffic_said(look)),
        *(named("rules" if at == 0 else "", text) for at, text in enumerate(_listed(look.rules))),
        *(
            named("" if at else "evidence", _comparison_said(one))
            for at, one in enumerate(look.evidence)
        ),
        *([named("", f"all together: odds of harm {words.odds(look)}")] if look.evidence else []),
        *_notes(look),
    ]
    return _finish(look, lines, style or Style())


def _word(look: Look) -> str:
    return f"{words.GLYPHS[look.answer]} {look.answer.value}"


def _counts(look: Look) -> str:
    arms = dict(words.arms(look))
    canary = arms.get("canary")
    if canary is None or canary.requests is None:
        why = terminal(canary.why, _NAME) if canary else ""
        said = f"canary no data{f': {why}' if why else ''}"
    else:
        said = f"canary {units.count(canary.requests)} req {units.count(canary.errors or 0.0)} err"
    share = "" if look.traffic_share is None else f"  share {words.traffic(look)}"
    return f"{said}{share}"


def _rules_said(rules: Sequence[RuleLook], room: int) -> str:
    """Each rule's state, shortened until it fits."""
    parts = [_rule_said(rule) for rule in rules]
    said = ", ".join(parts)
    if width(said) <= room or not rules:
        return said
    calm = sum(_is_calm(rule) for rule in rules)
    parts = [_rule_said(rule) for rule in rules if not _is_calm(rule)]
    parts += [f"{units.count(calm)} ok"] if calm else []
    return shorten(", ".join(parts), room)


def _is_calm(rule: RuleLook) -> bool:
    return rule.state == words.OK and not rule.fired and not rule.held_s


def _rule_said(rule: RuleLook) -> str:
    return f"{terminal(rule.name, _NAME)} {terminal(words.rule_said(rule), 2 * _NAME)}"


def _evidence_said(look: Look) -> str:
    """Odds of harm, and the comparison that speaks for it most."""
    worst = words.soonest(look.evidence)
    if look.ln_harm is None or worst is None:
        return ""
    said = f"odds {units.odds(look.ln_harm)}, ratio {words.ratio(worst)} ({words.interval(worst)})"
    left = words.to_harm(worst)
    return f"{said}, decides {left}" if left and look.answer is Answer.HOLD else said


def _arms(look: Look) -> list[str]:
    head = ("  arm", "requests", "errors", "since the last look", "p95, last minute")
    rows = [
        (
            f"  {name}",
            units.count(arm.total_requests),
            words.errors(arm),
            terminal(words.since(arm), _NAME),
            words.p95(arm),
        )
        for name, arm in words.arms(look)
    ]
    return [*table("lrrrr", head, rows), f"  traffic: {_traffic_said(look)}"]


def _rules(rules: Sequence[RuleLook]) -> list[str]:
    """Rules as a table; those that are not ok come first where there are too many."""
    if not rules:
        return ["", "  no rule was evaluated yet"]
    many = len(rules) > MOST_RULES
    kept = sorted(rules, key=_is_calm)[:MOST_RULES] if many else rules
    more = len(rules) - len(kept)
    head = ("  rule", "limit", "state", "broken for", "seen", "n")
    lines = table("lllrrr", head, [_rule(rule) for rule in kept])
    return ["", *lines, *([f"  and {units.count(more)} more"] if more else [])]


def _rule(rule: RuleLook) -> tuple[str, ...]:
    return (
        f"{words.state_glyph(rule)} {terminal(rule.name, COLUMNS)}",
        terminal(f"{rule.metric} {rule.when}", _NAME),
        terminal(words.state_word(rule), _NAME),
        words.held(rule),
        words.seen(rule),
        units.count(rule.n),
    )


def _evidence(look: Look) -> list[str]:
    if not look.evidence:
        return ["", "  no evidence: nothing is compared with a control, or nothing yet"]
    head = ("  evidence", "odds of harm", "ratio", "confidence sequence", "tolerated", "decides")
    lines = table("lrrrrr", head, [_comparison(one) for one in look.evidence])
    return ["", *lines, f"  odds of harm over all: {words.odds(look)}"]


def _comparison(one: EvidenceLook) -> tuple[str, ...]:
    return (
        # a log would obey a foreign name at the start of a line
        f"- {terminal(one.name, COLUMNS)}",
        units.odds(one.ln_harm),
        words.ratio(one),
        words.interval(one),
        units.number(one.tolerance),
        words.to_harm(one) or "not in sight",
    )


def _comparison_said(one: EvidenceLook) -> str:
    return (
        f"{terminal(one.name, _NAME)}: odds of harm {units.odds(one.ln_harm)}, ratio "
        f"{words.ratio(one)} ({words.interval(one)})"
    )


def _traffic_said(look: Look) -> str:
    if look.traffic_share is None:
        return "the canary's share is not known yet"
    return f"{words.traffic(look)} of all requests since the step began were the canary's"


def _arm_said(arm: ArmLook) -> str:
    slow = f"p95 {words.p95(arm)}" if arm.p95_s is not None else "p95 n/a"
    why = f", no data now: {terminal(arm.why, _NAME)}" if arm.why else ""
    return f"errors {words.errors(arm)}, {slow}{why}"


def _listed(rules: Sequence[RuleLook]) -> list[str]:
    """Rules on lines of their own where something is wrong with them; the others as a number."""
    if not rules:
        return ["none was evaluated"]
    calm = sum(_is_calm(rule) for rule in rules)
    loud = [f"{words.state_glyph(rule)} {_rule_said(rule)}" for rule in rules if not _is_calm(rule)]
    more = len(loud) - MOST_RULES
    lines = [*loud[:MOST_RULES], *([f"and {units.count(more)} more"] if more > 0 else [])]
    return [*lines, *([f"✓ {units.count(calm)} of {units.count(len(rules))} ok"] if calm else [])]


def _notes(look: Look) -> list[str]:
    kept = look.notes[:MOST_NOTES]
    more = len(look.notes) - len(kept)
    lines = [named("  note", terminal(note, COLUMNS)) for note in kept]
    lines += [f"  and {units.count(more)} more {plural('note', more)}"] if more else []
    return ["", *lines] if lines else []


def _finish(look: Look, lines: list[str], style: Style) -> str:
    lines = [cut(line.rstrip(), COLUMNS) for line in lines]
    word = _word(look)
    if style.ascii_only:
        lines, word = [in_ascii(line) for line in lines], in_ascii(word)
    return "\n".join([_painted(lines[0], word, look.answer, style), *lines[1:]]) + "\n"


def _painted(line: str, word: str, answer: Answer, style: Style) -> str:
    """The answer's own word in its colour; it stands before all that is foreign."""
    if not style.colour:
        return line
    return line.replace(word, f"\x1b[{_COLOURS[answer]}m{word}\x1b[0m", 1)
