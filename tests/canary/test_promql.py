"""Which series a query reads, and which queries no counter can be read from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perf_canary.sources.promql import parse_matchers, parse_selectors
from perf_documents.errors import UsageError
from watched import ALONE, rules_of, source_of

if TYPE_CHECKING:
    from pathlib import Path

    from fakes.prometheus import FakePrometheus


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("up", ["up"]),
        ('sum(a{x="1"}) / sum(b)', ['a{x="1"}', "b"]),
        ("sum by (le, path) (a_bucket)", ["a_bucket"]),
        ("sum(a) by (le)", ["a"]),
        ("SUM WITHOUT (x) (a) and ON (y) group_left (z) b", ["a", "b"]),
        ("a{x=~\"}{$,\", y!='\\'', w=`q`,} > bool 1e3", ["a{x=~\"}{$,\",y!='\\'',w=`q`}"]),
        ('{__name__="a", by="1"}', ['{__name__="a",by="1"}']),
        ("job:a:sum + Inf - NaN # and c\n+ a", ["job:a:sum", "a"]),
        ("a + a or vector(0)", ["a"]),
        ("1 + 0x1f", []),
    ],
)  # fmt: skip
def test_the_series_that_a_query_reads(query: str, expected: list[str]) -> None:
    assert [selector.text for selector in parse_selectors(query)] == expected


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("rate(a[5m])", "a range such as"),
        ("a offset 5m", "another time"),
        ("a @ 5", "another time"),
        ('a{x="1"', "closing brace"),
        ('a{x="1" y="2"}', "closing brace"),
        ("a{x}", "not a label matcher"),
        ('{"a.b"}', "not a label matcher"),
        ('a{x=="1"}', "not a label matcher"),
        ('a{x="1}', "not PromQL at"),
        ("a ; b", "not PromQL at"),
    ],
)
def test_what_no_counter_can_be_read_from_is_refused(query: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_selectors(query)


@pytest.mark.parametrize("text", ["", 'a="1"} or {b="2"', 'a="1"}', "a", "a=1"])
def test_an_arm_is_matchers_and_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match=r"matcher|closing"):
        parse_matchers(text)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("sum(http_requests_total{$arm})", "rate(a{$arm}[5m])", "metrics.requests: a range"),
        ("sum(http_requests_total{$arm})", "vector(0) # $arm", "metrics.requests: .*no metric"),
        ('version="green"', 'version="green",a=', "not a label matcher"),
    ],
)
def test_a_query_that_is_no_counter_is_refused_before_anything_is_asked(
    prometheus: FakePrometheus, tmp_path: Path, old: str, new: str, reason: str
) -> None:
    rules = rules_of(ALONE.replace(old, new), prometheus.url, tmp_path)
    with pytest.raises(UsageError, match=reason):
        source_of(rules)
    assert prometheus.asked == []
