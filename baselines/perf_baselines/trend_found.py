"""Change points that were found before: equal values are not searched twice."""

from __future__ import annotations

import math
from array import array
from dataclasses import astuple
from typing import TYPE_CHECKING, cast

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

    _Kept = tuple[int, list[list[object]], list[list[float]], list[int], bool]

_DIGEST = 24
_POINT_FIELDS = (
    "index", "first", "last", "direction", "effect_ratio", "difference", "before", "after",
    "improved",
)  # fmt: skip


class Search:
    """Finds change points unless that was done before.

    Attributes
    ----------
    found : dict of str to object
        What was asked for, by a hash of the values, as JSON.
    """

    def __init__(self, before: Mapping[str, object]) -> None:
        self._before = before
        self.found: dict[str, object] = {}

    def __call__(self, values: Sequence[float | None], better: str) -> Changes:
        """Change points of values; `better` is empty where no direction is the good one."""
        digest = content_hash(better.encode() + packed(values))[:_DIGEST]
        changes = _decoded(self._before.get(digest))
        if changes is None:
            changes = find_changes(values, better=Better(better) if better else None)
        self.found[digest] = _encoded(changes)
        return changes


def packed(values: Sequence[float | None]) -> bytes:
    """Numbers as bytes, to take a hash of."""
    return array("d", [math.nan if value is None else value for value in values]).tobytes()


def _encoded(changes: Changes) -> list[object]:
    points = [
        [
            list(astuple(value)) if isinstance(value, Effect) else value
            for value in (getattr(point, name) for name in _POINT_FIELDS)
        ]
        for point in changes.change_points
    ]
    levels = [[level.start, level.stop, level.n, level.median] for level in changes.levels]
    return [changes.n, points, levels, list(changes.spikes), changes.drift]


def _decoded(kept: object) -> Changes | None:
    """What was kept; None where it cannot be read: it is searched anew."""
    try:
        n, points, levels, spikes, drift = cast("_Kept", kept)
        return Changes(
            n=n,
            change_points=tuple(map(_point, points)),
            levels=tuple(
                Level(start=int(start), stop=int(stop), n=int(count), median=median)
                for start, stop, count, median in levels
            ),
            spikes=tuple(spikes),
            drift=drift,
        )
    except (TypeError, ValueError):
        return None


def _point(kept: Sequence[object]) -> ChangePoint:
    values = dict(zip(_POINT_FIELDS, kept, strict=True))
    for name in ("effect_ratio", "difference"):
        if values[name] is not None:
            values[name] = Effect(*values[name])  # type: ignore[misc]  # three numbers
    values["direction"] = Direction(str(values["direction"]))
    return ChangePoint(**values)  # type: ignore[arg-type]  # as it was written
