"""What each part of a RULES file allows and all of them together do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_documents.canary_rules import HEALTH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_documents.canary_rules import LiveSource, Queries, Rule
    from perf_documents.yaml_fields import Field

_MIN_SCRAPES = 4


def check_together(
    root: Field,
    members: Mapping[str, Field],
    source: LiveSource | None,
    queries: Queries | None,
    rules: list[tuple[Field, Rule | None]],
) -> None:
    """Refuse what each part allows and all of them together do not."""
    evidence = members.get("evidence")
    if evidence is not None:
        _check_evidence(evidence, source, queries)
    promote = members.get("promote")
    needs = ((promote.entries() if promote is not None else None) or {}).get("needs")
    if needs is not None and evidence is None and needs.text() == "proof":
        needs.refuse("proof of what", expected="evidence beside it", found="no evidence")
    if source is None:
        return
    if queries is None:
        root.refuse("source without metrics", expected="metrics: requests and errors", found="none")
    for item, rule in rules:
        if rule is not None:
            _check_rule(item, rule, source, queries)


def _check_evidence(evidence: Field, source: LiveSource | None, queries: Queries | None) -> None:
    if source is not None and source.control is None:
        evidence.refuse("nothing to compare with", expected="source.control", found="no control")
    asks_durations = "exceedance_ratio" in (evidence.entries() or {})
    if asks_durations and queries is not None and queries.latency_buckets is None:
        evidence.refuse("no durations to compare", expected="metrics.latency_buckets", found="none")


def _check_rule(item: Field, rule: Rule, source: LiveSource, queries: Queries | None) -> None:
    if rule.metric == HEALTH:
        if source.probe is None:
            item.refuse("nobody asks for the health", expected="source.probe", found="no probe")
        return
    if rule.q is not None and queries is not None and queries.latency_buckets is None:
        item.refuse("no durations to judge", expected="metrics.latency_buckets", found="none")
    least_s = _MIN_SCRAPES * source.scrape_interval_s
    if rule.for_s < least_s:
        item.refuse(
            "for is shorter than 4 scrapes",
            expected=f"at least {least_s:g} s, or a shorter scrape_interval",
            found=f"{rule.for_s:g} s",
        )
