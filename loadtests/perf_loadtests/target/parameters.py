"""Query strings and JSON bodies, checked before anything is looked up."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

from perf_loadtests.target import SPAN_END
from perf_loadtests.target.analytics import GROUPS, Span
from perf_loadtests.target.traces import EPOCH, Search

MAX_LIMIT = 1_000
DEFAULT_LIMIT = 50
MAX_TEXT = 200
_MAX_LATENCY_MS = 1e12
_DEFAULT_RANGE = timedelta(days=1)
_SEARCH_KEYS = ("limit", "min_latency_ms", "model", "provider", "status", "text")


class ParameterError(ValueError):
    """A parameter or body that cannot be used; the text is the answer's `error`."""


def parse_query(query: str) -> dict[str, str]:
    """Parameters by name; each may be given once."""
    try:
        fields = parse_qs(query, keep_blank_values=True, max_num_fields=32, errors="strict")
    except ValueError:  # includes bytes that are not UTF-8
        raise ParameterError("the query string cannot be read") from None
    for name, values in fields.items():
        if len(values) > 1:
            raise ParameterError(f"{name}: given {len(values)} times; give it once")
    return {name: values[0] for name, values in fields.items()}


def limit_of(query: Mapping[str, str]) -> int:
    """Return the `limit` parameter."""
    text = query.get("limit")
    if text is None:
        return DEFAULT_LIMIT
    # int() alone would take "+5", "1_000" and other scripts' digits
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_LIMIT))):
        raise ParameterError(f"limit: not a whole number from 1 to {MAX_LIMIT}")
    return _checked_limit(int(text))


def span_of(query: Mapping[str, str]) -> Span:
    """Return the `start_time` and `end_time` parameters; by default the last day of the data."""
    end = _instant(query, "end_time") or SPAN_END
    start = _instant(query, "start_time") or end - _DEFAULT_RANGE
    if start >= end:
        raise ParameterError("start_time: not before end_time")
    return Span(start_ms=_to_ms(start), end_ms=_to_ms(end))


def group_of(query: Mapping[str, str]) -> str:
    """Return the `group_by` parameter."""
    group_by = query.get("group_by", "model")
    if group_by not in GROUPS:
        raise ParameterError(f"group_by: not one of {', '.join(GROUPS)}")
    return group_by


def parse_object(body: bytes) -> dict[str, object]:
    """Return a JSON object, read strictly: UTF-8, no NaN, no number too large."""
    try:
        fields = json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):  # ValueError: JSON and UTF-8 alike
        raise ParameterError("the body is not JSON") from None
    if not isinstance(fields, dict):
        raise ParameterError("the body is not a JSON object")
    return fields


def parse_search(body: bytes) -> Search:
    """Return the body of a search."""
    fields = parse_object(body)
    unknown = sorted(set(fields) - set(_SEARCH_KEYS))
    if unknown:
        raise ParameterError(f"{unknown[0]!a}: unknown; known are {', '.join(_SEARCH_KEYS)}")
    text = _text(fields, "text")
    return Search(
        model=_text(fields, "model"),
        provider=_text(fields, "provider"),
        status=_text(fields, "status"),
        min_latency_ms=_latency(fields),
        text=None if text is None else text.lower(),  # prompts are lower case
        limit=_limit_field(fields),
    )


def _checked_limit(limit: int) -> int:
    if not 1 <= limit <= MAX_LIMIT:
        raise ParameterError(f"limit: not a whole number from 1 to {MAX_LIMIT}")
    return limit


def _limit_field(fields: Mapping[str, object]) -> int:
    value = fields.get("limit", DEFAULT_LIMIT)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ParameterError(f"limit: not a whole number from 1 to {MAX_LIMIT}")
    return _checked_limit(value)


def _text(fields: Mapping[str, object], name: str) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_TEXT:
        raise ParameterError(f"{name}: not a text of 1 to {MAX_TEXT} characters")
    # "\ud800" is valid JSON and not valid UTF-8; SQLite would refuse it later
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ParameterError(f"{name}: not valid Unicode")
    return value


def _latency(fields: Mapping[str, object]) -> float | None:
    value = fields.get("min_latency_ms")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ParameterError("min_latency_ms: not a number")
    # compared as it stands: float() of a whole number of 400 digits would overflow
    if not 0 <= value <= _MAX_LATENCY_MS:
        raise ParameterError(f"min_latency_ms: not from 0 to {_MAX_LATENCY_MS:g}")
    return float(value)


def _instant(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ParameterError(f"{name}: not an ISO 8601 time like 2026-01-30T00:00:00Z") from None


def _to_ms(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(milliseconds=1)


def _refuse_constant(name: str) -> float:
    raise ValueError(name)
