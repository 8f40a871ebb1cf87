"""Whether two runs put the same load on a target, and in words what differs if not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perf_analysis.figures import RunFigures

_NAMES = {
    "executor": "executor",
    "arrivals": "arrivals",
    "timeout_s": "timeout",
    "time_scale": "time scale",
    "client_kind": "client",
    "control": "control",
}
_SHARE_SLACK = 0.02
_ERRORS = 4.0
_TOTAL = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """How the load of two runs differs.

    Attributes
    ----------
    load : tuple of str
        What makes them incomparable, in words; empty where they are comparable.
    scenario : bool
        Whether the scenario's file differs: the mix of requests may have changed.
    """

    load: tuple[str, ...]
    scenario: bool


def difference(mine: Mapping[str, object], other: Mapping[str, object]) -> Difference:
    """Difference of two runs' load facts (`Plan.load_facts`).

    Examples
    --------
    >>> difference({"timeout_s": 30.0}, {"timeout_s": 10.0}).load
    ('timeout changed from 10 to 30',)
    """
    words: list[str] = []
    for key, name in _NAMES.items():
        if mine.get(key) != other.get(key):
            words.append(f"{name} changed from {_plain(other.get(key))} to {_plain(mine.get(key))}")
    words += _stages(mine.get("stages"), other.get("stages"))
    if mine.get("vus") != other.get("vus"):
        words.append(f"VUs changed from {_plain(other.get('vus'))} to {_plain(mine.get('vus'))}")
    return Difference(tuple(words), mine.get("scenario") != other.get("scenario"))


def same_mix(mine: RunFigures, other: RunFigures) -> bool:
    """Whether two runs ask for the same names in the same proportions.

    Within 2 points beyond four standard errors of the shares: a mix is drawn by chance.
    """
    counts, others = _counts(mine), _counts(other)
    total, other_total = sum(counts.values()), sum(others.values())
    if counts.keys() != others.keys() or not total or not other_total:
        return False
    for label, count in counts.items():
        pooled = (count + others[label]) / (total + other_total)
        error = math.sqrt(pooled * (1.0 - pooled) * (1.0 / total + 1.0 / other_total))
        gap = abs(count / total - others[label] / other_total)
        if gap > _SHARE_SLACK + _ERRORS * error:
            return False
    return True


def _counts(figures: RunFigures) -> dict[str, int]:
    return {series.label: series.n for series in figures.series if series.label != _TOTAL}


def _stages(mine: object, other: object) -> list[str]:
    if mine == other or not isinstance(mine, list) or not isinstance(other, list):
        return []
    if len(mine) != len(other):
        return [f"{len(other)} stages became {len(mine)}"]
    return [
        f"stage {number} changed from {_stage(was)} to {_stage(now)}"
        for number, (now, was) in enumerate(zip(mine, other, strict=True), 1)
        if now != was
    ]


def _stage(stage: Sequence[str]) -> str:
    duration_s, start, target, phase = stage
    return f"{_exact(duration_s)} s {_exact(start)}→{_exact(target)} ({phase})"


def _exact(text: str) -> str:
    return f"{float(Fraction(text)):g}"


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return "..".join(str(part) for part in value)
    return "nothing" if value is None else str(value)
