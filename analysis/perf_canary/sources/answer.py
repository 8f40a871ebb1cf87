"""One answer of Prometheus' query API, read strictly: samples, or why there are none."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from perf_documents.errors import DocumentError
from perf_documents.redact import visible
from perf_documents.strict_json import parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES = 8 * 1024 * 1024
MOST_SERIES = 1000
# An answer bears the time it was asked for; some servers round it to whole seconds.
_STAMP_TOLERANCE_S = 1.0
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_SHOWN = 120
_PAIR = 2


class Trouble(Enum):
    """What kind of failure an answer is."""

    UNANSWERED = "unanswered"  # asked again
    SETTING = "setting"  # the address or its access is wrong
    QUERY = "query"  # the text of the query is wrong
    UNREADABLE = "unreadable"  # nothing that could be believed


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why a query has no answer."""

    trouble: Trouble
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One series at the instant asked for."""

    labels: Mapping[str, str]
    value: float


Samples = tuple[Sample, ...]


def parse_samples(body: bytes, t_s: float | None) -> Samples:
    """Return the samples of an instant query's body.

    Parameters
    ----------
    body : bytes
    t_s : float or None
        The Unix time that was asked for, which each sample must bear; None of the server's now.

    Raises
    ------
    DocumentError
        If it is not a whole, plain and unambiguous answer.
    """
    document = _object(parse_json(body.rstrip(b" \t\r\n") + b"\n"), "the answer")
    if document.get("status") != "success":
        said = document.get("error", document.get("status"))
        raise DocumentError(f"status is not success: {_shown(said)}")
    _refuse_warnings(document)
    data = _object(document.get("data"), "data")
    kind, result = data.get("resultType"), data.get("result")
    if kind == "scalar":
        return (Sample(labels={}, value=_value(result, t_s)),)
    if kind != "vector":
        raise DocumentError(f"resultType is {_shown(kind)}; expected an instant vector")
    if not isinstance(result, list):
        raise DocumentError(f"result is {_shown(result)}; expected a list of series")
    if len(result) > MOST_SERIES:
        raise DocumentError(f"{len(result)} series; at most {MOST_SERIES} are read: aggregate")
    samples = tuple(_sample(item, t_s) for item in result)
    if len({frozenset(sample.labels.items()) for sample in samples}) != len(samples):
        raise DocumentError("one label set stands twice: which one is meant is not known")
    return samples


def number(text: object) -> float:
    """Return a number in plain decimal or exponent notation; `DocumentError` for anything else.

    Examples
    --------
    >>> number("1.5e3")
    1500.0
    """
    if not isinstance(text, str) or not _NUMBER.fullmatch(text) or not text.isascii():
        raise DocumentError(f"value {_shown(text)} is not a finite number as text")
    value = float(text)
    if not math.isfinite(value):
        raise DocumentError(f"value {_shown(text)} is too large for a number")
    return value


def error_text(body: bytes) -> str:
    """Return what a server says of a failure, as it stands; the whole body where it is not JSON."""
    try:
        document = parse_json(body.rstrip(b" \t\r\n") + b"\n")
    except DocumentError:
        return body.decode(errors="replace")
    said = document.get("error") if isinstance(document, dict) else None
    return said if isinstance(said, str) else body.decode(errors="replace")


def _refuse_warnings(document: Mapping[str, object]) -> None:
    warnings = document.get("warnings")
    if warnings is None or warnings == []:
        return
    if not isinstance(warnings, list):
        raise DocumentError(f"warnings is {_shown(warnings)}; expected a list")
    raise DocumentError(f"warnings, so perhaps only a part of the data: {_shown(warnings[0])}")


def _sample(item: object, t_s: float | None) -> Sample:
    fields = _object(item, "a series")
    labels = _object(fields.get("metric"), "metric")
    texts = {name: value for name, value in labels.items() if isinstance(value, str)}
    if len(texts) != len(labels):
        raise DocumentError("a label that is not text")
    if "histogram" in fields:
        raise DocumentError("a native histogram; expected plain numbers: ask its count or buckets")
    return Sample(labels=texts, value=_value(fields.get("value"), t_s))


def _value(pair: object, t_s: float | None) -> float:
    if not isinstance(pair, list) or len(pair) != _PAIR:
        raise DocumentError(f"a sample is {_shown(pair)}; expected [time, text]")
    stamp, text = pair
    if isinstance(stamp, bool) or not isinstance(stamp, int | float):
        raise DocumentError(f"a sample's time is {_shown(stamp)}; expected Unix seconds")
    if t_s is not None and not abs(stamp - t_s) <= _STAMP_TOLERANCE_S:
        raise DocumentError(f"a sample's time is {_shown(stamp)}; asked for was {t_s:.3f}")
    return number(text)


def _object(value: object, what: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise DocumentError(f"{what} is {_shown(value)}; expected an object: not a Prometheus "
                            "answer")  # fmt: skip
    return value


def _shown(value: object) -> str:
    if isinstance(value, str):
        # of a long text only the beginning is made visible
        value = value[: 2 * _SHOWN]
    elif isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)}"
    return visible(json.dumps(value, ensure_ascii=False), _SHOWN)
