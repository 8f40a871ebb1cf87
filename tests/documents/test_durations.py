from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_documents.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", Fraction(0)),
        ("30s", Fraction(30)),
        ("1h30m", Fraction(5_400)),
        ("1.5m", Fraction(90)),
        ("500ms", Fraction(1, 2)),
        ("600ms", Fraction(3, 5)),
        ("250us", Fraction(1, 4_000)),
        ("1d12h", Fraction(129_600)),
        ("1d2h3m4.5s600ms", Fraction(9_378_510, 100)),
        ("0.1s", Fraction(1, 10)),
    ],
)
def test_k6_durations_are_exact_seconds(text: str, seconds: Fraction) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("60", "write 60s or 60m"),
        ("1.5", "write 1.5s or 1.5m"),
        ("-5s", "not negative"),
        ("5 m", "no blanks"),
        (" 5m", "no blanks"),
        ("5m\n", "no blanks"),
        ("12:30:45", "write 1h30m"),
        ("", "not a duration"),
        ("s", "not a duration"),
        (".5s", "not a duration"),
        ("5.s", "not a duration"),
        ("5min", "d h m s ms us"),
        ("5M", "not a duration"),
        ("PT5M", "not a duration"),
        ("1s1m", "in this order"),
        ("1s1s", "each once"),
        ("1e3s", "not a duration"),
        ("1_0s", "not a duration"),
        ("\u0661s", "not a duration"),
        ("1\u00b5s", "not a duration"),
        ("9" * 50 + "s", "not a duration"),
        ("1s" * 10_000, "not a duration"),
    ],
)
def test_anything_else_is_refused_with_a_hint(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (Fraction(0), "0s"),
        (Fraction(90), "1m30s"),
        (Fraction(3, 2), "1.5s"),
        (Fraction(1, 4), "250ms"),
        (Fraction(604_800), "7d"),
        (Fraction(1, 1_000_000), "1us"),
        (Fraction(1, 3), "0.333333333s"),
    ],
)
def test_durations_are_written_as_people_write_them(seconds: Fraction, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(0, 10**15))
def test_what_is_written_reads_back_as_the_same(microseconds: int) -> None:
    duration_s = Fraction(microseconds, 1_000_000)
    assert parse_duration(format_duration(duration_s)) == duration_s
