"""The tables of a canary's page: arms, rules, evidence, and the last looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_documents.canary_looks import Answer
from perf_reports import canary_words as words
from perf_reports import units
from perf_reports.escape import shorten, visible
from perf_reports.html.cells import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_documents.canary_looks import EvidenceLook, Look, RuleLook

MOST_LOOKS = 20
MOST_NAMED = 4
_TONES = {words.OK: "pass", words.BREACH: "fail", words.THIN: "unsure", words.NO_DATA: "none"}
_ANSWER_TONES = {Answer.PROMOTE: "pass", Answer.ROLLBACK: "fail", Answer.HOLD: "unsure"}


def arms(look: Look) -> Table:
    """Both arms at the end."""
    return Table(
        key="arms",
        caption="Arms since the step began",
        columns=(
            Column(title="arm"),
            *_figures("requests", "errors", "requests since the last look", "p95, last minute"),
            Column(title="no data"),
        ),
        rows=tuple(
            (
                Cell(text=name),
                Cell(text=units.count(arm.total_requests)),
                Cell(text=words.errors(arm)),
                Cell(text=units.NOT_AVAILABLE if arm.requests is None else words.since(arm)),
                Cell(text=words.p95(arm)),
                Cell(text=arm.why, long=bool(arm.why)),
            )
            for name, arm in words.arms(look)
        ),
    )


def rules(look: Look) -> Table:
    """Every rule at the end."""
    return Table(
        key="rules",
        caption="Rules at the last look",
        columns=(
            Column(title="rule"),
            Column(title="state"),
            Column(title="limit"),
            *_figures("allowed share", "seen", "n", "broken for"),
        ),
        rows=tuple(map(_rule, look.rules)),
    )


def _rule(rule: RuleLook) -> tuple[Cell, ...]:
    tone = "fail" if rule.fired else _TONES.get(rule.state, "none")
    return (
        Cell(text=shorten(visible(rule.name)), code=True),
        Cell(text=f"{words.state_glyph(rule)} {words.state_word(rule)}", tone=tone, under=rule.why),
        Cell(text=f"{rule.metric} {rule.when}", code=True),
        Cell(text=units.percent(rule.share_limit)),
        Cell(text=words.seen(rule)),
        Cell(text=units.count(rule.n)),
        Cell(text=words.held(rule)),
    )


def evidence(look: Look) -> Table:
    """Every comparison with the control at the end."""
    return Table(
        key="evidence",
        caption="Canary against control",
        columns=(
            Column(title="comparison"),
            *_figures(
                "ratio", "confidence sequence", "tolerated", "odds of harm", "odds of harmlessness"
            ),
            Column(title="decides"),
        ),
        rows=tuple(map(_comparison, look.evidence)),
    )


def _comparison(one: EvidenceLook) -> tuple[Cell, ...]:
    return (
        Cell(text=shorten(visible(one.name)), code=True),
        Cell(text=words.ratio(one), under=f"{words.events(one)} events"),
        Cell(text=words.interval(one)),
        Cell(text=units.number(one.tolerance), under=f"margin {units.number(one.margin)}"),
        Cell(text=units.odds(one.ln_harm)),
        Cell(text=units.odds(one.ln_harmless)),
        Cell(text=words.to_harm(one) or "not in sight"),
    )


def looks(found: Sequence[Look]) -> Table:
    """The last looks, the latest first."""
    kept = found[-MOST_LOOKS:][::-1]
    count = f"{units.count(len(kept))} of {units.count(len(found))}"
    return Table(
        key="looks",
        caption=f"The last looks, latest first ({count})",
        columns=(
            Column(title="at"),
            Column(title="phase"),
            Column(title="answer"),
            *_figures("canary", "control", "canary's share", "odds of harm"),
            Column(title="rules"),
        ),
        rows=tuple(map(_look, kept)),
    )


def _look(look: Look) -> tuple[Cell, ...]:
    named = dict(words.arms(look))
    sides = (named.get("canary"), named.get("control"))
    return (
        Cell(text=units.length(look.elapsed_s)),
        Cell(text=words.phase(look)),
        Cell(
            text=f"{words.GLYPHS[look.answer]} {look.answer.value}",
            tone=_ANSWER_TONES[look.answer],
        ),
        *(Cell(text=_counted(arm.requests, arm.errors) if arm else "none") for arm in sides),
        Cell(text=words.traffic(look)),
        Cell(text=units.NOT_AVAILABLE if look.ln_harm is None else units.odds(look.ln_harm)),
        Cell(text=_states(look.rules), long=True),
    )


def _counted(requests: float | None, errors: float | None) -> str:
    if requests is None:
        return words.NO_DATA
    return f"{units.count(requests)}, {units.count(errors or 0.0)} errors"


def _states(rules_seen: Sequence[RuleLook]) -> str:
    """Rules that are not ok by name, the others as a number."""
    if not rules_seen:
        return "not evaluated"
    loud = [rule for rule in rules_seen if rule.state != words.OK or rule.fired]
    said = [f"{shorten(visible(r.name))} {words.rule_said(r)}" for r in loud[:MOST_NAMED]]
    more, calm = len(loud) - MOST_NAMED, len(rules_seen) - len(loud)
    said += [f"{units.count(more)} more"] if more > 0 else []
    said += [f"{units.count(calm)} ok"] if calm else []
    return ", ".join(said)


def _figures(*titles: str) -> tuple[Column, ...]:
    return tuple(Column(title=title, numeric=True) for title in titles)
