"""Every number that people read."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_analysis.grammar import parse_threshold
from perf_analysis.verdict import ThresholdResult, Verdict
from perf_reports import units


@pytest.mark.parametrize(
    ("value_s", "text"),
    [
        (0.0, "0 ms"),
        (0.000_001, "0.00100 ms"),
        (0.000_123_4, "0.123 ms"),
        (0.004, "4.00 ms"),
        (0.0456, "45.6 ms"),
        (0.2124, "212 ms"),
        (0.999_6, "1,000 ms"),
        (1.2345, "1,230 ms"),
        (9.994, "9,990 ms"),
        (9.9996, "10.0 s"),
        (10.0, "10.0 s"),
        (30.0, "30.0 s"),
        (1234.5, "1,230 s"),
    ],
)
def test_durations_have_three_digits_and_seconds_from_ten_on(value_s: float, text: str) -> None:
    assert units.duration(value_s) == text


@pytest.mark.parametrize(
    ("value_s", "text"),
    [
        (0.0, "0 s"),
        (6.0, "6 s"),
        (12.54, "12.5 s"),
        (59.96, "1m 00s"),
        (182.0, "3m 02s"),
        (3900.0, "1h 05m 00s"),
    ],
)
def test_lengths_are_as_people_say_them(value_s: float, text: str) -> None:
    assert units.length(value_s) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 18_003, "0 of 18,003 (< 0.017 %)"),
        (0, 1, "0 of 1 (< 95 %)"),
        (12, 18_003, "12 of 18,003 (0.0667 %)"),
        (4, 400, "4 of 400 (1 %)"),
        (2999, 3000, "2,999 of 3,000 (> 99.9 %)"),
        (3000, 3000, "3,000 of 3,000 (100 %)"),
        (0, 0, "n/a: no requests"),
    ],
)
def test_a_share_stands_with_its_counts(part: int, whole: int, text: str) -> None:
    assert units.share(part, whole) == text


@given(st.integers(1, 10**9))
def test_the_bound_of_zero_failures_is_exact_and_never_rounded_down(n: int) -> None:
    bound = units.upper_bound(n)
    assert (1.0 - bound) ** n == pytest.approx(0.05, rel=1e-6)
    shown = units.share(0, n).partition("< ")[2].partition(" %")[0]
    assert float(shown) / 100.0 >= bound * (1.0 - 1e-12)


@given(st.floats(1e-6, 4e3))
def test_durations_lose_nothing_but_digits(value_s: float) -> None:
    figure, unit = units.duration(value_s).split(" ")
    shown_s = float(figure.replace(",", "")) * {"ms": 1e-3, "s": 1.0}[unit]
    assert shown_s == pytest.approx(value_s, rel=0.0051)


def test_rates_and_counts_have_separators() -> None:
    assert units.rate(None) == "n/a"
    assert units.rate(99.74) == "99.7/s"
    assert units.rate(1234.4) == "1,234/s"
    assert units.count(1_234_567) == "1,234,567"
    assert units.size(80_000_000) == "76.3 MiB"


def result(subject: str, expression: str, observed: float | None) -> ThresholdResult:
    threshold = parse_threshold(subject, expression)
    return ThresholdResult(
        threshold=threshold, observed=observed, n=1000, phase="sustained", verdict=Verdict.PASS
    )


@pytest.mark.parametrize(
    ("subject", "expression", "observed", "texts"),
    [
        ("http_req_duration", "p(95)<500", 612.3, ("612 ms", "< 500 ms")),
        ("http_req_duration", "p(95)<500", 499.96, ("499.96 ms", "< 500 ms")),
        ("http_req_duration", "p(95)<500", 500.0, ("500 ms", "< 500 ms")),
        ("http_req_duration", "max<30000", 30_000.0, ("30.0 s", "< 30.0 s")),
        ("http_req_failed", "rate<0.01", 0.000_667, ("0.0667 %", "< 1 %")),
        ("http_req_failed", "rate<0.01", 0.010_000_4, ("1.00004 %", "< 1 %")),
        ("http_reqs", "rate>95", 99.74, ("99.7/s", "> 95/s")),
        ("http_reqs", "count>1000", 18_003.0, ("18,003", "> 1,000")),
        ("vus", "value<10", 5.0, ("5", "< 10")),
        ("data_received", "count>10", 2048.0, ("2,048 B", "> 10 B")),
        ("http_req_duration", "p(95)<500", None, ("n/a", "< 500 ms")),
        ("http_req_duration", "p(95)<500", float("nan"), ("n/a", "< 500 ms")),
    ],
)
def test_thresholds_speak_in_their_own_unit(
    subject: str, expression: str, observed: float | None, texts: tuple[str, str]
) -> None:
    made = result(subject, expression, observed)
    assert (units.observed(made), units.limit(made.threshold)) == texts


@pytest.mark.parametrize(
    ("odds", "text"),
    [
        (20.0, "20 to 1"),
        (12.34, "12.3 to 1"),
        (1.0, "1 to 1"),
        (0.999, "1 to 1"),
        (0.05, "1 to 20"),
        (0.030_3, "1 to 33"),
        (1e6, "1,000,000 to 1"),
        (1e7, "> 1,000,000 to 1"),
        (1e-300, "< 1 to 1,000,000"),
    ],
)
def test_odds_are_read_from_their_logarithm(odds: float, text: str) -> None:
    assert units.odds(math.log(odds)) == text


def test_odds_have_no_overflow() -> None:
    assert units.odds(1e6) == "> 1,000,000 to 1"
    assert units.odds(-math.inf) == "< 1 to 1,000,000"
