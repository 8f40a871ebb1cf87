"""The queries of a rules file filled in for an arm, with the series that each reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perf_canary.sources.promql import Selector, parse_matchers, parse_selectors
from perf_documents.canary_rules import ARM
from perf_documents.errors import UsageError
from perf_documents.redact import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_canary.sources.promql import Matcher
    from perf_documents.canary_rules import Queries

REQUESTS, ERRORS, BUCKETS = "requests", "errors", "latency_buckets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One query of the rules file, filled in for an arm.

    Attributes
    ----------
    name : str
        As in the file.
    query : str
    selectors : tuple of Selector
        The series that it reads.
    exists : mapping of str to str
        For errors: selector to the query that shows that such a counter could be there.
    """

    name: str
    query: str
    selectors: tuple[Selector, ...]
    exists: Mapping[str, str] = field(default_factory=dict)


def make_metrics(queries: Queries, arm: str) -> tuple[Metric, ...]:
    """Return the metrics of an arm; `UsageError` names the query that is not understood."""
    texts = {REQUESTS: queries.requests, ERRORS: queries.errors, BUCKETS: queries.latency_buckets}
    try:
        own = parse_matchers(arm)
    except ValueError as error:
        raise UsageError(f"source: {visible(arm)}: {error}") from error
    found: dict[str, Metric] = {}
    for name, text in texts.items():
        if text is not None:
            query = text.replace(ARM, arm)
            found[name] = Metric(name=name, query=query, selectors=_selectors(name, query))
    shared = {*own, *(one for part in found[REQUESTS].selectors for one in part.matchers)}
    errors = found[ERRORS]
    exists = {part.text: _existence(part, shared) for part in errors.selectors}
    found[ERRORS] = Metric(
        name=ERRORS, query=errors.query, selectors=errors.selectors, exists=exists
    )
    return tuple(found.values())


def _selectors(name: str, query: str) -> tuple[Selector, ...]:
    try:
        selectors = parse_selectors(query)
    except ValueError as error:
        raise UsageError(f"metrics.{name}: {error}") from error
    if not selectors:
        raise UsageError(f"metrics.{name}: {visible(query)}: no metric in it; expected such as "
                         "sum(http_requests_total{$arm})")  # fmt: skip
    return selectors


def _existence(selector: Selector, shared: set[Matcher]) -> str:
    """Count of the same counter with any value of the labels that make it one of errors.

    A counter that never counted is not there at all, and neither is one misspelt.
    """
    matchers = [
        one.text if one in shared or one.label == "__name__" else f'{one.label}!=""'
        for one in selector.matchers
    ]
    return f"count({selector.name}{{{','.join(matchers)}}})"
