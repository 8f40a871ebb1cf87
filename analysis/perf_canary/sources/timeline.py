"""Readings from a file of JSON lines: a replay of what happened, or a scripted case."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from perf_canary.reading import Counters, NoData, Probes, Reading
from perf_documents.canary_looks import Answer
from perf_documents.canary_rules import ARMS, CANARY, CONTROL
from perf_documents.errors import DocumentError
from perf_documents.files import read_bounded
from perf_documents.redact import visible
from perf_documents.strict_json import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from perf_canary.reading import Buckets

MOST_BYTES = 256 * 1024 * 1024
DEFAULT_EVERY_S = 10.0
# a look that lies further behind the last than this has some missing in between
_LATE = 1.5
_MOST_MISSING = 1000
_LARGEST = 1e18
_INFINITE = frozenset({"+Inf", "Inf"})
_READING_KEYS = frozenset(
    {"t_s", "arm", "requests", "errors", "buckets", "probes", "failed_probes"}
)
_CASE_KEYS = frozenset({"case", "expect", "at_s", "rule"})


@dataclass(slots=True)
class Instant:
    """What lines of one time say."""

    arms: dict[str, Counters | NoData] = field(default_factory=dict)
    probes: Probes | None = None


@dataclass(slots=True)
class Timeline:
    """Readings of one story, by time.

    Attributes
    ----------
    name : str
        Of a case; empty for a replay.
    expect : Answer or None
    at_s : float or None
        When the answer is to fall, in the file's time.
    rule : str or None
        Which rule is to be named.
    instants : dict of float to Instant
    notes : list of str
        What was left out, and why.
    """

    name: str = ""
    expect: Answer | None = None
    at_s: float | None = None
    rule: str | None = None
    instants: dict[float, Instant] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def every_s(self) -> float:
        """Commonest time between neighbours."""
        steps = Counter(round(after - before, 3) for before, after in pairwise(self.instants))
        return steps.most_common(1)[0][0] if steps else DEFAULT_EVERY_S

    @property
    def began_s(self) -> float:
        """Time of the canary's first line; what comes before is how the control did alone."""
        return next((t_s for t_s, one in self.instants.items() if CANARY in one.arms), 0.0)

    def readings(self, every_s: float) -> Iterator[Reading]:
        """Readings in order, with those that are missing from a regular grid as no data."""
        last_s: float | None = None
        for t_s, instant in self.instants.items():
            if last_s is not None:
                for _ in range(_MOST_MISSING):
                    if t_s - last_s <= _LATE * every_s:
                        break
                    last_s += every_s
                    yield _reading(last_s, Instant())
            last_s = t_s
            yield _reading(t_s, instant)


def _reading(t_s: float, instant: Instant) -> Reading:
    missing = NoData(why="no line at this time")
    return Reading(
        t_s=t_s,
        canary=instant.arms.get(CANARY, missing),
        control=instant.arms.get(CONTROL, missing),
        probes=instant.probes,
    )


def read_timelines(path: Path) -> list[Timeline]:
    """Stories of a file: one without a `case` line, or one for each.

    Raises
    ------
    DocumentError
        With file and line of the first thing that is no reading.
    """
    stories: list[Timeline] = []
    for number, line in enumerate(read_bounded(path, MOST_BYTES, follow=True).splitlines(), 1):
        if not line.strip():
            continue
        try:
            document = _object(parse_json(line + b"\n"))
            if "case" in document:
                stories.append(_case(document))
                continue
            if not stories:
                stories.append(Timeline())
            _take(stories[-1], document)
        except (DocumentError, ValueError) as error:
            raise DocumentError(f"{path}:{number}: {error}") from error
    if not any(story.instants for story in stories):
        raise DocumentError(f"{path}: no readings in it; expected lines such as "
                            '{"t_s": 0, "arm": "canary", "requests": 0, "errors": 0}')  # fmt: skip
    return stories


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise DocumentError("not an object")
    return value


def _case(document: Mapping[str, object]) -> Timeline:
    _known(document, _CASE_KEYS)
    name, expect, rule = document.get("case"), document.get("expect"), document.get("rule")
    if not isinstance(name, str) or not isinstance(rule, str | None):
        raise DocumentError("case and rule are texts")
    try:
        answer = Answer(str(expect))
    except ValueError:
        raise DocumentError("expect: PROMOTE, ROLLBACK or HOLD") from None
    at_s = _number(document, "at_s") if "at_s" in document else None
    return Timeline(name=name, expect=answer, at_s=at_s, rule=rule)


def _take(story: Timeline, document: Mapping[str, object]) -> None:
    """Take one line in; late and repeated ones are left out with a note."""
    _known(document, _READING_KEYS)
    t_s, arm = _number(document, "t_s"), document.get("arm")
    if arm not in ARMS:
        raise DocumentError(f"arm: expected {' or '.join(ARMS)}")
    latest = next(reversed(story.instants), None)
    if latest is not None and t_s < latest:
        story.notes.append(f"{arm} at {t_s:g} s comes after {latest:g} s: late, left out")
        return
    instant = story.instants.setdefault(t_s, Instant())
    if "probes" in document:
        instant.probes = _probes(document)
    if "requests" not in document and "errors" not in document:
        return
    if arm in instant.arms:
        story.notes.append(f"{arm} at {t_s:g} s stands twice: the first was taken")
        return
    instant.arms[str(arm)] = _counters(document)


def _known(document: Mapping[str, object], known: frozenset[str]) -> None:
    for key in document.keys() - known:
        raise DocumentError(f"unknown key {visible(key, 40)}; expected {', '.join(sorted(known))}")


def _counters(document: Mapping[str, object]) -> Counters | NoData:
    if document.get("requests") is None:
        return NoData(why="no data, as the file says")
    return Counters(
        requests=_number(document, "requests"),
        errors=_number(document, "errors"),
        buckets=_buckets(document.get("buckets")),
    )


def _probes(document: Mapping[str, object]) -> Probes:
    asked, failed = _number(document, "probes"), _number(document, "failed_probes")
    if failed > asked:
        raise DocumentError(f"failed_probes: {failed:g} of {asked:g}")
    return Probes(asked=int(asked), failed=int(failed))


def _buckets(value: object) -> Buckets | None:
    if value is None:
        return None
    found = {_bound(key): _number(_object(value), key) for key in _object(value)}
    return tuple(sorted(found.items()))


def _bound(text: str) -> float:
    if text in _INFINITE:
        return math.inf
    try:
        bound_s = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        bound_s = math.nan
    if not 0.0 <= bound_s < math.inf:
        raise DocumentError(f"buckets: {visible(text, 40)} is no upper bound in seconds, or +Inf")
    return bound_s


def _number(document: Mapping[str, object], key: str) -> float:
    value = document.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST:
        raise DocumentError(f"{key}: expected a number")
    return float(value)
