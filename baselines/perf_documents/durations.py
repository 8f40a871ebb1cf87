"""Durations as k6 writes them: `1d2h3m4.5s600ms`, never without a unit."""

from __future__ import annotations

import re
from fractions import Fraction

_UNITS_S = {
    "d": Fraction(86_400),
    "h": Fraction(3_600),
    "m": Fraction(60),
    "s": Fraction(1),
    "ms": Fraction(1, 1_000),
    "us": Fraction(1, 1_000_000),
}
_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,9})?"
_DURATION = re.compile("".join(rf"(?:({_NUMBER}){unit})?" for unit in _UNITS_S))
_BARE = re.compile(rf"[+-]?{_NUMBER}")
_MAX_LENGTH = 100


def parse_duration(text: str) -> Fraction:
    """Return the seconds of a duration; `ValueError` says how to write it."""
    match = _DURATION.fullmatch(text) if 0 < len(text) <= _MAX_LENGTH else None
    if match is None:
        raise ValueError(_hint(text))
    parts = zip(match.groups(), _UNITS_S.values(), strict=True)
    return sum((Fraction(number) * unit_s for number, unit_s in parts if number), Fraction(0))


def _hint(text: str) -> str:
    if text.startswith("-"):
        return "a duration is not negative"
    if _BARE.fullmatch(text):
        # k6 would take milliseconds here, Locust seconds
        return f"no unit; write {text.lstrip('+')}s or {text.lstrip('+')}m"
    if ":" in text:
        return "no clock times; write 1h30m for 1:30:00"
    if any(character.isspace() for character in text):
        return "no blanks inside a duration; write 1m30s"
    return "not a duration: numbers with the units d h m s ms us, in this order, each once"


def format_duration(duration_s: Fraction) -> str:
    """Return the usual form, `1m30s` or `250ms`; what is finer than a nanosecond is rounded."""
    if duration_s < 1:
        return _format_small(duration_s)
    parts: list[str] = []
    rest_s = Fraction(round(duration_s * 10**9), 10**9)
    for unit in ("d", "h", "m"):
        count, rest_s = divmod(rest_s, _UNITS_S[unit])
        if count:
            parts.append(f"{count}{unit}")
    if rest_s or not parts:
        parts.append(f"{_decimal(rest_s)}s")
    return "".join(parts)


def _format_small(duration_s: Fraction) -> str:
    for unit in ("ms", "us"):
        count = duration_s / _UNITS_S[unit]
        if count.denominator == 1 and count:
            return f"{count}{unit}"
    return f"{_decimal(duration_s)}s"


def _decimal(value: Fraction) -> str:
    text = f"{round(value * 10**9):010d}"
    return f"{text[:-9]}.{text[-9:]}".rstrip("0").rstrip(".")
