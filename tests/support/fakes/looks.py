"""Looks at a canary made by hand, in the form of real ones."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from hostile import TEXTS
from perf_documents.canary_looks import Answer, ArmLook, EvidenceLook, Look, RuleLook

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_S = 10.0
WARM_UP_S = 60.0
BEGAN_S = 1_800_000_000.0
PER_LOOK = {"canary": 50.0, "control": 450.0}
LN_NEEDED = math.log(20.0)
RULES_TEXT = """\
source:
  prometheus: http://prometheus:9090
rules:              # any that fires rolls back
  - {name: errors, metric: error_rate, when: '> 1%', for: 2m, fast_burn: true}
\t# a tab, and <b>markup</b>
"""


def watch(
    count: int, *, bad: Callable[[int], float] = lambda _: 0.0, grows: float = 0.2
) -> list[Look]:
    """So many looks ten seconds apart; `bad` is the canary's excess share of errors at each.

    By `grows` the evidence of harm grows with each bad look.
    """
    totals = {name: [0.0, 0.0] for name in PER_LOOK}
    ln_harm = 0.0
    looks = []
    for place in range(count):
        arms = {
            name: _arm(name, place, bad(place) if name == "canary" else 0.0, totals[name])
            for name in PER_LOOK
        }
        warm = place * EVERY_S > WARM_UP_S
        ln_harm = ln_harm + (grows if bad(place) else -0.02) if warm else 0.0
        looks.append(_look(place, arms, ln_harm, bad))
    return looks


def _arm(name: str, place: int, bad: float, total: list[float]) -> ArmLook:
    if place == 0:
        return ArmLook(
            requests=None, errors=None, total_requests=0.0, total_errors=0.0, why="no reading yet"
        )
    requests = PER_LOOK[name] + place % 7
    errors = round(requests * bad) + float(place % 12 == 5)
    total[0] += requests
    total[1] += errors
    return ArmLook(
        requests=requests,
        errors=errors,
        total_requests=total[0],
        total_errors=total[1],
        p95_s=0.18 + 0.004 * (place % 9) + 4.0 * bad,
    )


def _look(
    place: int, arms: dict[str, ArmLook], ln_harm: float, bad: Callable[[int], float]
) -> Look:
    canary, control = arms["canary"], arms["control"]
    total = canary.total_requests + control.total_requests
    elapsed_s = place * EVERY_S
    warm = elapsed_s > WARM_UP_S
    return Look(
        t_s=BEGAN_S + elapsed_s,
        elapsed_s=elapsed_s,
        warm=warm,
        arms=arms,
        traffic_share=canary.total_requests / total if total else None,
        rules=_rules(place, bad) if place else (),
        evidence=(
            finding("error_ratio", ln_harm=1.2 * ln_harm),
            finding("exceedance_ratio", ln_harm=-0.01 * place, ratio=0.97),
        )
        if warm
        else (unknown("error_ratio"), unknown("exceedance_ratio")),
        ln_harm=ln_harm,
        ln_needed=LN_NEEDED,
        answer=Answer.HOLD,
        reason=f"{600.0 - elapsed_s:.0f} s until it may be promoted",
    )


def _rules(place: int, bad: Callable[[int], float]) -> tuple[RuleLook, ...]:
    first = next((at for at in range(1, place + 1) if bad(at)), None)
    broken = bad(place) > 0.0
    held_s = (place - first) * EVERY_S if broken and first is not None else 0.0
    state = "breach" if broken else "thin" if place < 3 else "ok"
    return (
        rule("errors", state=state, held_s=held_s, share=0.002 + bad(place)),
        rule("slow", metric="p95", when="> 2s", for_s=300.0, share=0.01, share_limit=0.05),
        rule(
            "health", metric="health_failures", when="> 50%", for_s=30.0, share=0.0, n=30.0,
            share_limit=0.5,
        ),
    )  # fmt: skip


def rule(name: str = "errors", **changed: object) -> RuleLook:
    """A rule that is kept, unless said otherwise."""
    kept = RuleLook(
        name=name,
        metric="error_rate",
        when="> 1%",
        for_s=120.0,
        state="ok",
        share=0.002,
        share_limit=0.01,
        n=312.0,
        held_s=0.0,
    )
    return replace(kept, **changed)  # type: ignore[arg-type]  # fields by name


def finding(name: str = "error_ratio", **changed: object) -> EvidenceLook:
    """A comparison that says nothing yet, unless said otherwise."""
    ln_harm = changed.get("ln_harm", 0.0)
    found = EvidenceLook(
        name=name,
        ln_harm=0.0,
        ln_harmless=0.7,
        ratio=1.21,
        low=0.61,
        high=2.43,
        tolerance=1.0,
        margin=2.0,
        canary_events=12.0,
        events=104.0,
        seconds_to_harm=80.0 if isinstance(ln_harm, float) and ln_harm > 0.1 else None,
    )
    return replace(found, **changed)  # type: ignore[arg-type]  # fields by name


def unknown(name: str) -> EvidenceLook:
    """A comparison that has not seen anything."""
    return finding(
        name, ratio=None, low=0.0, high=None, ln_harmless=0.0, canary_events=0.0, events=0.0
    )


def _ended(looks: list[Look], answer: Answer, reason: str, **changed: object) -> list[Look]:
    last = replace(looks[-1], answer=answer, reason=reason, **changed)  # type: ignore[arg-type]  # fields by name
    return [*looks[:-1], last]


def promoted() -> list[Look]:
    """Ten quiet minutes."""
    reason = "3 rules kept over 600 s, no evidence of harm"
    return _ended(watch(61), Answer.PROMOTE, reason)


def by_rule() -> list[Look]:
    """Errors from the fifth minute on, for two minutes."""
    looks = watch(43, bad=lambda place: 0.03 if place >= 30 else 0.0)
    fired = rule("errors", state="breach", held_s=120.0, share=0.032, fired="rule")
    reason = "rule errors: error_rate > 1%: 3.20% of 312 requests, broken for 120 s of 120 (rule)"
    ended = _ended(looks, Answer.ROLLBACK, reason, rules=(fired, *looks[-1].rules[1:]))
    # what was slower than the source's last bound is known only to be that slow
    return [_clipped(look, 2.5) if place >= 33 else look for place, look in enumerate(ended)]


def _clipped(look: Look, bound_s: float) -> Look:
    canary = replace(look.arms["canary"], p95_s=bound_s, clipped=True)
    return replace(look, arms={**look.arms, "canary": canary})


def by_evidence() -> list[Look]:
    """Slightly more errors than the control's, below every rule's limit."""
    looks = watch(20, bad=lambda place: 0.009 if place >= 10 else 0.0, grows=0.32)
    kept = [
        replace(look, rules=tuple(replace(one, state="ok", held_s=0.0) for one in look.rules))
        for look in looks
    ]
    reason = (
        "evidence error_ratio: errors are 3.10 times the control's: 41 of 104 are the canary's; "
        "odds of 43.3 to 1 against chance"
    )
    notes = ("errors come in bursts: the evidence counts them 1.8 times less",)
    return _ended(kept, Answer.ROLLBACK, reason, notes=notes)


def without_data() -> list[Look]:
    """The canary is scraped by nobody."""
    silent = ArmLook(
        requests=None, errors=None, total_requests=0.0, total_errors=0.0, why="no such series"
    )
    reason = "270 s until it may be promoted; canary: no data: no such series"
    return [
        replace(
            look,
            arms={"canary": silent, "control": look.arms["control"]},
            traffic_share=0.0 if look.rules else None,
            rules=tuple(
                replace(
                    one, state="no data", share=None, n=0.0, why="no such series",
                    blind=look.elapsed_s > one.for_s,
                )
                for one in look.rules
            ),
            evidence=(unknown("error_ratio"),),
            ln_harm=0.0,
            reason=reason,
        )
        for look in watch(34)
    ]  # fmt: skip


def alone() -> list[Look]:
    """All traffic is the canary's: no control, no evidence."""
    return [
        replace(
            look,
            arms={"canary": look.arms["canary"]},
            traffic_share=1.0 if look.rules else None,
            evidence=(),
            ln_harm=None,
            ln_needed=None,
        )
        for look in watch(12)
    ]


def hostile(texts: tuple[str, ...] = TEXTS) -> list[Look]:
    """Every foreign text is one written to do harm."""
    looks = [
        replace(
            look,
            arms={name: replace(arm, why=texts[0]) for name, arm in look.arms.items()},
            rules=tuple(
                rule(
                    text, when=text, metric=text, state="breach", held_s=20.0, why=text,
                    fired="rule" if place == 0 else "",
                )
                for place, text in enumerate(texts)
            ),
            evidence=(finding(texts[-1], ln_harm=0.4),),
            notes=texts[:4],
        )
        for look in watch(8)[1:]
    ]  # fmt: skip
    return _ended(looks, Answer.ROLLBACK, f"rule {texts[0]}: {texts[-1]}")


WATCHES: dict[str, Callable[[], list[Look]]] = {
    "promote": promoted,
    "rollback_by_rule": by_rule,
    "rollback_by_evidence": by_evidence,
    "hold_without_data": without_data,
    "hold_alone": alone,
    "hostile": lambda: hostile(TEXTS[:12]),
    "first_look": lambda: watch(1),
    "no_look": list,
}
