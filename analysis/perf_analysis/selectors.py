"""Text of a metric with its selector, `http_req_duration{name:GET /health}`, taken apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perf_analysis.failure_classes import ABANDONED, DROPPED, FAILURE_CLASSES
from perf_analysis.metrics import METRICS, is_of_requests, tags_of
from perf_analysis.series import ALL_PHASES, CANDIDATE, CONTROL, PHASES
from perf_analysis.tags import NO_TAGS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perf_analysis.tags import Tags

_SHOWN = 120
_LONGEST_KNOWN = 40
_STATUS = re.compile(r"0|[1-9][0-9]{0,2}")
_METHOD = re.compile(r"[A-Z]{1,16}")
_REFUSED_METRICS = ("group_duration", "ws_", "grpc_")
_REFUSED_TAGS = {
    "url": "select by name; a url may hold secrets and is never stored",
    "group": "groups do not exist here; select by name or scenario",
    "vu": "single virtual users are not told apart",
    "iter": "single iterations are not told apart",
    "proto": "only HTTP/1.1 is spoken",
    "subproto": "only HTTP/1.1 is spoken",
    "tls_version": "TLS versions are not recorded",
    "service": "services are not told apart; select by name",
    "error": "error texts are not tags; select by error_code",
    "ip": "addresses are not recorded",
}
# What a profile may not declare: it means something, or is refused, by itself.
BUILT_IN_TAGS = frozenset({*tags_of("checks"), *_REFUSED_TAGS})
_CLOSED_TAGS = {
    "phase": (*PHASES, ALL_PHASES),
    "target": (CANDIDATE, CONTROL),
    "expected_response": ("true", "false"),
    "error_code": tuple(name for name in FAILURE_CLASSES if name not in {ABANDONED, DROPPED}),
}
_UNSELECTABLE_CLASSES = {
    ABANDONED: "abandoned requests count in http_req_failed; validity rule V4 limits them",
    DROPPED: "dropped arrivals have a metric of their own: dropped_iterations",
}
# k6's numbers, https://grafana.com/docs/k6/latest/javascript-api/error-codes/
_K6_CODES = {
    "1050": "timeout", "1110": "not_allowed", "1111": "not_allowed", "1211": "connect_timeout",
    "1212": "refused", "1310": "tls_verify", "1311": "tls_verify", "1701": "decode_error",
    "11": "dns", "12": "reset", "13": "tls_handshake", "14": "http_4xx", "15": "http_5xx",
    "16": "protocol_error",
}  # fmt: skip


class GrammarError(ValueError):
    """A threshold that cannot be read.

    Attributes
    ----------
    column : int or None
        0-based offset in the expression; None where the metric or its selector is at fault.
    hint : str
        The corrected form where it is obvious, else what is accepted; may be empty.
    """

    def __init__(self, message: str, *, column: int | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.column = column
        self.hint = hint


def shown(text: str) -> str:
    """Foreign text as a message may hold it: quoted, cut, without invisible characters."""
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return '"' + "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in cut) + '"'


def parse_selector(text: str, declared: Tags = NO_TAGS) -> tuple[str, dict[str, str]]:
    """Metric and tags of a threshold's subject.

    Parameters
    ----------
    text : str
        `metric` or `metric{key:value,key:value}`. Pairs are joined by AND; the first colon parts
        key from value; blanks and one pair of quotes around either are trimmed.
    declared : Tags
        Those of the profile, beside the ones that are always there.

    Returns
    -------
    (str, dict of str to str)

    Raises
    ------
    GrammarError
        For an unknown metric, a malformed selector, an unknown or refused tag, a
        repeated key, or a value that can never occur.

    Notes
    -----
    Linear in the length of the text; values are compared as text, never as patterns.

    Examples
    --------
    >>> parse_selector("http_req_duration{name:GET /health, phase:ramp}")
    ('http_req_duration', {'name': 'GET /health', 'phase': 'ramp'})
    """
    text = text.strip(" \t\r\n")
    if not all(c >= " " and c != "\x7f" for c in text):
        raise GrammarError("a metric or selector holds a control character")
    metric, body = _braces(text)
    _check_metric(metric)
    selector: dict[str, str] = {}
    if body is None:
        return metric, selector
    for pair in body.split(","):
        key, value = _pair(pair)
        _check_tag(metric, key, declared)
        if key in selector:
            raise GrammarError(f"the tag {key} is given twice", hint="give each tag once")
        _check_value(key, value, declared)
        selector[key] = value
    _check_pairs(selector, declared)
    return metric, selector


def _check_pairs(selector: dict[str, str], declared: Tags) -> None:
    """Refuse tags that nothing can carry together."""
    others = selector.keys() - {"check", "scenario", "target", "phase", *declared.run}
    if "check" in selector and others:
        raise GrammarError(
            f"a check carries no tag {min(others)}", hint="a check has scenario, target and phase"
        )


def _braces(text: str) -> tuple[str, str | None]:
    """Text before the braces and inside them; braces inside a value must balance."""
    metric, opened, rest = text.partition("{")
    if not opened and "}" not in text:
        return text, None
    if not _closes_at_end(text):
        raise GrammarError(
            "the braces of the selector do not balance", hint="write metric{tag:value}"
        )
    return metric.rstrip(" \t"), rest[:-1]


def _closes_at_end(text: str) -> bool:
    """Whether the first brace is closed by the last character, and by no earlier one."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if character == "}" and depth <= 0:
            return depth == 0 and place == len(text) - 1
    return False


def _check_metric(metric: str) -> None:
    if metric in METRICS:
        return
    if metric.startswith(_REFUSED_METRICS):
        raise GrammarError(f"k6's {shown(metric)} does not exist here", hint=_list(METRICS))
    raise GrammarError(f"unknown metric {shown(metric)}", hint=_nearest(metric, METRICS))


def _pair(text: str) -> tuple[str, str]:
    key, colon, value = text.partition(":")
    key, value = _bare(key), _bare(value)
    if not key and not colon:
        raise GrammarError("the selector holds an empty pair", hint="write metric{tag:value}")
    if not key or not value:
        raise GrammarError(
            f"{shown(text.strip())} is not a pair tag:value",
            hint="values may hold colons, but not commas",
        )
    return key, value


def _bare(text: str) -> str:
    text = text.strip(" \t")
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1].strip(" \t") if quoted else text


def _check_tag(metric: str, key: str, declared: Tags) -> None:
    tags = tags_of(metric)
    if key in declared.names and not is_of_requests(metric):
        what = f"{metric} has no tag {key}: it is declared by names of requests"
        raise GrammarError(what, hint=_list((*tags, *declared.run)))
    if key in tags or key in declared.keys:
        return
    if key in _REFUSED_TAGS:
        raise GrammarError(f"the tag {key} cannot be selected by", hint=_REFUSED_TAGS[key])
    if key in {*tags_of("http_reqs"), "check"}:
        hint = _list(tags)
        if metric == "http_req_failed":
            hint = f"to limit one kind of request use http_reqs{{{key}:...}}: count"
        raise GrammarError(f"{metric} has no tag {key}", hint=hint)
    raise GrammarError(f"unknown tag {shown(key)}", hint=_nearest(key, (*tags, *declared.keys)))


def _check_value(key: str, value: str, declared: Tags) -> None:
    """Refuse a value that can never occur; names and scenarios are free."""
    if key in declared.keys:
        values = declared.values_of(key)
        if value not in values:
            what = f"the tag {key} is declared without the value {shown(value)}"
            raise GrammarError(what, hint=_nearest(value, values))
        return
    if key == "status" and not _STATUS.fullmatch(value):
        raise GrammarError(
            f"status {shown(value)} is not a status",
            hint="one number without patterns, such as 200; 0 is no response",
        )
    if key == "method" and not _METHOD.fullmatch(value):
        raise GrammarError(
            f"method {shown(value)} can never occur", hint="methods are upper case: GET"
        )
    known = _CLOSED_TAGS.get(key)
    if known is None or value in known:
        return
    if key == "error_code" and value in _UNSELECTABLE_CLASSES:
        raise GrammarError(
            f"error_code {value} cannot be selected by", hint=_UNSELECTABLE_CLASSES[value]
        )
    code = _K6_CODES.get(value, _K6_CODES.get(value[:2], "")) if key == "error_code" else ""
    if code and value.isascii() and value.isdigit():
        raise GrammarError(f"error_code {shown(value)} is k6's number", hint=f"write {code}")
    raise GrammarError(f"{key} {shown(value)} does not exist", hint=_nearest(value, known))


def _list(names: Iterable[str]) -> str:
    return "known: " + ", ".join(names)


def _nearest(name: str, known: Iterable[str]) -> str:
    """What was probably meant, if a third of it or less is mistyped; else all that is known."""
    names = list(known)
    # the distance is quadratic, and no known name is as long as the cut
    distance, near = min((_distance(name[:_LONGEST_KNOWN], one), one) for one in names)
    return f"did you mean {near}" if distance * 3 <= len(near) else _list(names)


def _distance(one: str, other: str) -> int:
    """Number of characters to insert, remove or replace (Levenshtein)."""
    row = list(range(len(other) + 1))
    for place, character in enumerate(one, start=1):
        corner, row[0] = row[0], place
        for column, wanted in enumerate(other, start=1):
            cost = min(row[column] + 1, row[column - 1] + 1, corner + (character != wanted))
            corner, row[column] = row[column], cost
    return row[-1]
