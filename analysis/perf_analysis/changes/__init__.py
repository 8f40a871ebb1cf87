"""Where the level of a history moved: change points, told from spikes and from drift."""

from __future__ import annotations

from perf_analysis.changes.find import find_changes
from perf_analysis.changes.model import Better, ChangePoint, Changes, Direction, Effect, Level

__all__ = [
    "Better",
    "ChangePoint",
    "Changes",
    "Direction",
    "Effect",
    "Level",
    "find_changes",
]
