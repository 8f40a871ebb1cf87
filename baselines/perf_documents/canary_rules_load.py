"""A RULES file read strictly: every mistake at once, each with its place."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from perf_documents.canary_rules import (
    ARM,
    DEFAULT_AFTER_S,
    DEFAULT_MAX_HOLD_S,
    DEFAULT_WARM_UP_S,
    ERROR_RATE,
    HEALTH,
    Evidence,
    Queries,
    RatioGate,
    Rule,
    Rules,
    default_min_samples,
)
from perf_documents.canary_rules_check import check_together
from perf_documents.canary_source_load import read_source
from perf_documents.durations import parse_duration
from perf_documents.errors import ProfileError
from perf_documents.names import NAME_RULE, is_name
from perf_documents.problems import Problems, escape, suggest
from perf_documents.strict_yaml import load_yaml
from perf_documents.yaml_fields import Field, keys, require, settled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_MAX_S = 7 * 24 * 3600
_WHEN = re.compile(r"(>=?)\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(%|[a-z]{1,2})")
_QUANTILE = re.compile(r"p([1-9][0-9]?(?:\.[0-9]{1,3})?)")
_METRICS = f"{ERROR_RATE}, {HEALTH}, p95 or any other pNN"
_KEYS = keys(
    "source", "metrics", "rules", "evidence", "warm_up", "promote", "max_hold",
    elsewhere={
        "after": "in promote", "needs": "in promote", "alpha": "in evidence",
        "prometheus": "in source", "probe": "in source", "scrape_interval": "in source",
        "thresholds": "in the rules of a run: perf check FILE --run RUN",
    },
)  # fmt: skip
_RULE_KEYS = keys("name", "metric", "when", "for", "min_samples", "fast_burn")
_MAX_RULES = 50
MAX_RATIO = 100


def is_canary_rules(path: Path) -> bool:
    """Whether a YAML file has `rules:`, not `thresholds:`; what is wrong with it is said later."""
    problems = Problems(str(path))
    try:
        root = Field("", load_yaml(path, problems), problems)
    except ProfileError:
        return False
    return "rules" in (root.entries() or {})


def load_canary_rules(path: Path) -> Rules:
    """Return what a RULES file says.

    Raises
    ------
    ProfileError
        With every problem, each with file:line:column.
    """
    problems = Problems(str(path))
    root = Field("", load_yaml(path, problems), problems)
    members = root.members(_KEYS) or {}
    require(root, members, ("rules",))
    source = read_source(members.get("source"))
    queries = _read_queries(members.get("metrics"))
    rules = _read_rules(members.get("rules"))
    evidence = _read_evidence(members.get("evidence"))
    warm_up_s = _seconds(members, "warm_up", DEFAULT_WARM_UP_S, 0)
    after_s, needs = _read_promote(members.get("promote"))
    max_hold_s = _seconds(members, "max_hold", DEFAULT_MAX_HOLD_S, 1)
    check_together(root, members, source, queries, rules)
    if max_hold_s < after_s:
        place = members.get("max_hold") or members.get("promote") or root
        place.refuse("shorter than promote.after: it could only be rolled back",
                     expected=f"at least {after_s:g} s", found=f"{max_hold_s:g} s")  # fmt: skip
    problems.raise_if_any()
    return Rules(
        source=source,
        queries=queries,
        rules=tuple(settled(rule) for _, rule in rules),
        evidence=evidence,
        warm_up_s=warm_up_s,
        after_s=after_s,
        needs="proof" if needs == "proof" else "rules",
        max_hold_s=max_hold_s,
    )


def _seconds(members: Mapping[str, Field], name: str, default_s: float, least_s: int) -> float:
    if name not in members:
        return default_s
    value = members[name].duration(least_s, _MAX_S)
    return default_s if value is None else float(value)


def _read_queries(value: Field | None) -> Queries | None:
    if value is None:
        return None
    members = value.members(keys("requests", "errors", "latency_buckets"))
    if members is None:
        return None
    require(value, members, ("requests", "errors"))
    texts = {name: _read_query(field) for name, field in members.items()}
    return Queries(
        requests=texts.get("requests") or "",
        errors=texts.get("errors") or "",
        latency_buckets=texts.get("latency_buckets"),
    )


def _read_query(field: Field) -> str | None:
    text = field.text(literal=True)
    if text is not None and ARM not in text:
        field.refuse(
            f"no {ARM} in it: both arms would read the same",
            expected=f"a query with {ARM} inside its braces",
        )
    return text


def _read_rules(value: Field | None) -> list[tuple[Field, Rule | None]]:
    items = (value.items() if value is not None else None) or []
    if value is not None and not items:
        value.refuse("no checks: without a rule nothing is ever found", expected="a list of rules")
    if len(items) > _MAX_RULES and value is not None:
        value.refuse("too many rules", expected=f"at most {_MAX_RULES}", found=str(len(items)))
        return []
    rules = [(item, _read_rule(item)) for item in items]
    seen: set[str] = set()
    for item, rule in rules:
        if rule is not None and rule.name in seen:
            item.refuse("the name of another rule", expected="a name of its own", found=rule.name)
        seen.add(rule.name if rule is not None else "")
    return rules


def _read_rule(item: Field) -> Rule | None:
    members = item.members(_RULE_KEYS)
    if members is None:
        return None
    require(item, members, ("metric", "when", "for"))
    metric = members["metric"].text() if "metric" in members else None
    q = _quantile_of(members["metric"], metric) if metric is not None else None
    limit = _read_when(members["when"], metric, q) if "when" in members else None
    for_s = members["for"].duration(1, _MAX_S) if "for" in members else None
    name = members["name"].text() if "name" in members else metric
    if name is not None and not is_name(name):
        place = members.get("name") or item
        place.refuse("not a name", expected=NAME_RULE, found=escape(name))
    fast_burn = members["fast_burn"].boolean() if "fast_burn" in members else False
    least = members["min_samples"].integer(1, 10**9) if "min_samples" in members else None
    if fast_burn and limit is not None and q is None and limit[1] * 10 >= 1:
        members["fast_burn"].refuse("ten times the limit is over 100 %", expected="false")
    if metric is None or limit is None or for_s is None or name is None or fast_burn is None:
        return None
    share = float(limit[1]) if q is None else 1.0 - float(q)
    return Rule(
        name=name,
        metric=metric,
        q=None if q is None else float(q),
        limit=float(limit[1]),
        or_equal=limit[0] == ">=",
        for_s=float(for_s),
        min_samples=default_min_samples(share) if least is None else least,
        fast_burn=fast_burn,
        when=limit[2],
    )


def _quantile_of(field: Field, metric: str) -> Fraction | None:
    match = _QUANTILE.fullmatch(metric)
    if match is not None:
        return Fraction(match[1]) / 100
    if metric not in {ERROR_RATE, HEALTH}:
        known = suggest(metric, (ERROR_RATE, HEALTH, "p95", "p99", "p50"))
        field.refuse(f"unknown metric{known}", expected=_METRICS)
    return None


def _read_when(
    field: Field, metric: str | None, q: Fraction | None
) -> tuple[str, Fraction, str] | None:
    text = field.text()
    if text is None or metric is None:
        return None
    example = "> 2s" if q is not None else "> 1%"
    match = _WHEN.fullmatch(text.strip())
    if match is None or (match[3] == "%") == (q is not None):
        field.refuse("not a limit of this metric", expected=f"such as '{example}'")
        return None
    try:
        limit = Fraction(match[2]) / 100 if q is None else parse_duration(match[2] + match[3])
    except ValueError as error:
        field.refuse(str(error), expected=f"such as '{example}'")
        return None
    if q is not None and match[1] == ">=":
        field.refuse("a quantile has no equal", expected=f"'> {match[2]}{match[3]}'")
        return None
    if not 0 < limit < (1 if q is None else 3600):
        span = "between 0 and 100 %" if q is None else "above 0 and below 1h"
        field.refuse("a limit that never or always holds", expected=span)
        return None
    return match[1], limit, f"{match[1]} {match[2]}{'' if q is not None else ' '}{match[3]}"


def _read_evidence(value: Field | None) -> Evidence | None:
    members = value.members(keys("alpha", "error_ratio", "exceedance_ratio")) if value else None
    if members is None:
        return None
    alpha = members["alpha"].number(Fraction(1, 10**6), Fraction(1, 2)) if "alpha" in members else 0
    error = _read_ratio(members.get("error_ratio"), has_q=False)
    exceedance = _read_ratio(members.get("exceedance_ratio"), has_q=True)
    if value is not None and not ({"error_ratio", "exceedance_ratio"} & set(members)):
        value.refuse("nothing to compare", expected="error_ratio, exceedance_ratio or both")
    return Evidence(alpha=float(alpha or 0.05), error_ratio=error, exceedance_ratio=exceedance)


def _read_ratio(value: Field | None, *, has_q: bool) -> RatioGate | None:
    names = ("quantile", "tolerance", "margin") if has_q else ("tolerance", "margin")
    members = value.members(keys(*names)) if value is not None else None
    if value is None or members is None:
        return None
    tolerance = members["tolerance"].number(1, MAX_RATIO) if "tolerance" in members else None
    margin = members["margin"].number(1, MAX_RATIO) if "margin" in members else None
    q = (
        members["quantile"].number(Fraction(1, 2), Fraction(999, 1000))
        if "quantile" in members
        else None
    )
    gate = RatioGate(
        tolerance=float(tolerance or (Fraction(5, 4) if has_q else 1)),
        margin=float(margin or (Fraction(3, 2) if has_q else 2)),
        q=float(q or Fraction(95, 100)) if has_q else None,
    )
    if gate.margin <= gate.tolerance:
        value.refuse(
            "the margin is not above the tolerance",
            expected=f"a margin above {gate.tolerance:g}",
            found=f"{gate.margin:g}",
        )
    return gate


def _read_promote(value: Field | None) -> tuple[float, str]:
    members = value.members(keys("after", "needs")) if value is not None else None
    if members is None:
        return DEFAULT_AFTER_S, "rules"
    needs = members["needs"].choice(("rules", "proof")) if "needs" in members else None
    return _seconds(members, "after", DEFAULT_AFTER_S, 1), needs or "rules"
