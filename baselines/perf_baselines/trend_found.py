"""Change points that were found before: equal values are not searched twice."""

from __future__ import annotations

import math
from array import array
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

from perf_analysis.changes import (
    Better,
    ChangePoint,
    Changes,
    Direction,
    Effect,
    Level,
    find_changes,
)
from perf_documents.strict_json import content_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DIGEST = 24


class Search:
    """Finds change points unless that was done before.

    Parameters
    ----------
    before : mapping
        What was found then.
    version : str
        Of this program: another one may find others.

    Attributes
    ----------
    found : dict of str to object
        What was asked for, by a hash of the values, as JSON.
    """

    def __init__(self, before: Mapping[str, object], version: str) -> None:
        self._before = before
        self._version = version
        self.found: dict[str, object] = {}

    def __call__(self, values: Sequence[float | None], better: str) -> Changes:
        """Change points of values; `better` is empty where no direction is the good one."""
        digest = content_hash(f"{self._version} {better}".encode() + packed(values))[:_DIGEST]
        changes = _decoded(self._before.get(digest))
        if changes is None:
            changes = find_changes(values, better=Better(better) if better else None)
        self.found[digest] = _encoded(changes)
        return changes


def packed(values: Sequence[float | None]) -> bytes:
    """Numbers as bytes, to take a hash of."""
    return array("d", [math.nan if value is None else value for value in values]).tobytes()


def _encoded(changes: Changes) -> dict[str, object]:
    return asdict(changes)


def _decoded(kept: object) -> Changes | None:
    """What was kept; None where it cannot be read: it is searched anew."""
    try:
        values = dict(cast("Mapping[str, Any]", kept))
        return Changes(
            **values
            | {
                "change_points": tuple(map(_point, values["change_points"])),
                "levels": tuple(Level(**level) for level in values["levels"]),
                "spikes": tuple(values["spikes"]),
            }
        )
    except (TypeError, ValueError, KeyError):
        return None


def _point(kept: Mapping[str, Any]) -> ChangePoint:
    ratio = kept["effect_ratio"]
    return ChangePoint(
        **dict(kept)
        | {
            "direction": Direction(kept["direction"]),
            "effect_ratio": Effect(**ratio) if ratio else None,
            "difference": Effect(**kept["difference"]),
        }
    )
