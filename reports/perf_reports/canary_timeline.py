"""Looks at a canary as lines over time: few enough points to draw, the worst of each kept."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from perf_documents.canary_looks import Answer
from perf_documents.canary_rules import CANARY, CONTROL, ERROR_RATE, WINDOW_S
from perf_documents.durations import parse_duration
from perf_reports.canary_words import BREACH, NO_DATA, OK, THIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from perf_documents.canary_looks import ArmLook, Look, RuleLook

MOST_POINTS = 120
P95 = "p95"
_WORST = (BREACH, NO_DATA, THIN, OK)

Line = tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One rule's state at each point; empty where it was not evaluated."""

    name: str
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmLines:
    """One arm: requests per second, share of errors over the last minute, p95 of it.

    `clipped` says where p95 lies beyond the last bound and only that bound is known.
    """

    rate: Line
    errors: Line
    p95_s: Line
    clipped: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A rule's limit on a value that is drawn."""

    rule: str
    when: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """All that is drawn of a watch.

    Attributes
    ----------
    at_s : tuple of float
        Ends of the points, since the first step began; `starts_s` are their beginnings.
    phases : tuple of str
    arms : mapping of str to ArmLines
    share : tuple
        The canary's part of all requests.
    evidence : mapping of str to tuple
        Natural logarithms, by comparison; `ln_harm` is their average.
    warm_ups : tuple of (float, float)
    decisions : tuple of (float, Answer)
        Each step ends with one at most.
    """

    at_s: tuple[float, ...]
    starts_s: tuple[float, ...]
    phases: tuple[str, ...]
    arms: Mapping[str, ArmLines]
    share: Line
    evidence: Mapping[str, Line]
    ln_harm: Line
    ln_needed: float | None
    strips: tuple[Strip, ...]
    error_limits: tuple[Limit, ...]
    p95_limits: tuple[Limit, ...]
    warm_ups: tuple[tuple[float, float], ...]
    decisions: tuple[tuple[float, Answer], ...]


def watched(looks: Sequence[Look]) -> Watched | None:
    """Lines of the looks; None where there is no look."""
    kept = _later(looks)
    if not kept:
        return None
    began_s = kept[0].t_s - kept[0].elapsed_s
    groups = _groups(kept)
    ends_s = tuple(group[-1].t_s - began_s for group in groups)
    last = kept[-1]
    return Watched(
        at_s=ends_s,
        starts_s=(min(0.0, ends_s[0]), *ends_s[:-1]),
        phases=tuple("watch" if group[-1].warm else "warm-up" for group in groups),
        arms={name: _arm(name, kept, groups) for name in (CANARY, CONTROL) if name in last.arms},
        share=tuple(group[-1].traffic_share for group in groups),
        evidence={one.name: _evidence(one.name, groups) for one in last.evidence},
        ln_harm=tuple(group[-1].ln_harm for group in groups),
        ln_needed=last.ln_needed,
        strips=tuple(_strip(name, groups) for name in _names(kept)),
        error_limits=_limits(last.rules, ERROR_RATE, lambda rule: rule.share_limit),
        p95_limits=_limits(last.rules, P95, _seconds),
        warm_ups=tuple(_warm_ups(kept, began_s)),
        decisions=tuple(_decisions(kept, began_s)),
    )


def _later(looks: Sequence[Look]) -> list[Look]:
    """Looks without those that repeat a decision: they are no later than the one before."""
    kept: list[Look] = []
    for look in looks:
        if not kept or look.t_s > kept[-1].t_s:
            kept.append(look)
    return kept


def _groups(looks: Sequence[Look]) -> list[Sequence[Look]]:
    """Looks that share a point; the last point ends with the last look."""
    size = max(1, math.ceil(len(looks) / MOST_POINTS))
    first = len(looks) % size or size
    starts = [0, *range(first, len(looks), size)]
    return [looks[a:b] for a, b in zip(starts, [*starts[1:], len(looks)], strict=True)]


def _arm(name: str, looks: Sequence[Look], groups: Sequence[Sequence[Look]]) -> ArmLines:
    before_s = {look.t_s: earlier.t_s for earlier, look in pairwise(looks)}
    errors = dict(zip((look.t_s for look in looks), _recent_errors(name, looks), strict=True))
    arms = [[look.arms[name] for look in group if name in look.arms] for group in groups]
    return ArmLines(
        rate=tuple(_rate(name, group, before_s) for group in groups),
        errors=tuple(errors[group[-1].t_s] for group in groups),
        p95_s=tuple(_slowest(group) for group in arms),
        clipped=tuple(any(arm.clipped and arm.p95_s is not None for arm in g) for g in arms),
    )


def _rate(name: str, group: Sequence[Look], before_s: Mapping[float, float]) -> float | None:
    """Requests per second over the looks of a point that had any data."""
    requests = span_s = 0.0
    for look in group:
        arm = look.arms.get(name)
        if arm is not None and arm.requests is not None and look.t_s in before_s:
            requests += arm.requests
            span_s += look.t_s - before_s[look.t_s]
    return requests / span_s if span_s > 0.0 else None


def _recent_errors(name: str, looks: Sequence[Look]) -> Iterator[float | None]:
    """Share of errors over the minute that ends with each look, as rules see it."""
    first = 0
    for place, look in enumerate(looks):
        while looks[first].t_s <= look.t_s - WINDOW_S:
            first += 1
        arms = [one.arms[name] for one in looks[first : place + 1] if name in one.arms]
        requests = sum(arm.requests or 0.0 for arm in arms)
        wrong = sum(arm.errors or 0.0 for arm in arms)
        yield wrong / requests if requests > 0.0 else None


def _slowest(arms: Sequence[ArmLook]) -> float | None:
    return max((arm.p95_s for arm in arms if arm.p95_s is not None), default=None)


def _evidence(name: str, groups: Sequence[Sequence[Look]]) -> Line:
    last = (group[-1].evidence for group in groups)
    return tuple(next((one.ln_harm for one in found if one.name == name), None) for found in last)


def _names(looks: Sequence[Look]) -> list[str]:
    return list(dict.fromkeys(rule.name for look in looks for rule in look.rules))


def _strip(name: str, groups: Sequence[Sequence[Look]]) -> Strip:
    return Strip(name=name, states=tuple(_worst(name, group) for group in groups))


def _worst(name: str, group: Sequence[Look]) -> str:
    """The gravest state within a point: a breach of one look must not be thinned away."""
    found = {rule.state for look in group for rule in look.rules if rule.name == name}
    if not found:
        return ""
    return next((state for state in _WORST if state in found), NO_DATA)


def _limits(
    rules: Sequence[RuleLook], metric: str, value: Callable[[RuleLook], float | None]
) -> tuple[Limit, ...]:
    """Limits on a metric; of rules with equal limits the first."""
    found: dict[float, Limit] = {}
    for rule in rules:
        at = value(rule) if rule.metric == metric else None
        if at is not None:
            found.setdefault(at, Limit(rule=rule.name, when=rule.when, value=at))
    return tuple(found.values())


def _seconds(rule: RuleLook) -> float | None:
    """Limit of a quantile, from the rule as it was written."""
    with contextlib.suppress(ValueError):
        return float(parse_duration(rule.when.lstrip("<>= ").strip()))
    return None


def _decisions(looks: Sequence[Look], began_s: float) -> Iterator[tuple[float, Answer]]:
    """Looks that decided, the first of each step."""
    decided, before_s = False, -math.inf
    for look in looks:
        # time since the step began starts anew with a step
        decided = decided and look.elapsed_s > before_s
        before_s = look.elapsed_s
        if look.answer is not Answer.HOLD and not decided:
            decided = True
            yield look.t_s - began_s, look.answer


def _warm_ups(looks: Sequence[Look], began_s: float) -> Iterator[tuple[float, float]]:
    """Spans of looks during warm-up; each step has one of its own."""
    start_s: float | None = None
    end_s = 0.0
    for look in looks:
        at_s = look.t_s - began_s
        if not look.warm:
            start_s = at_s - look.elapsed_s if start_s is None else start_s
            end_s = at_s
        elif start_s is not None:
            yield start_s, end_s
            start_s = None
    if start_s is not None:
        yield start_s, end_s
