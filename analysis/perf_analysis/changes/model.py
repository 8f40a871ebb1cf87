"""What was found in a history: change points, levels, spikes, drift."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """Where a level moved."""

    UP = "up"
    DOWN = "down"


class Better(StrEnum):
    """Which direction of a series is the good one."""

    LOWER = "lower"
    HIGHER = "higher"


@dataclass(frozen=True, slots=True)
class Effect:
    """An estimated change with its 95 % interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A stretch of the history in which the level did not move.

    Attributes
    ----------
    start, stop : int
        Indices of the history, gaps counted; `stop` is the first one of the next level, or the
        length of the history.
    n : int
        Values in it, gaps left out.
    median : float
        Of its values, in the unit of the series.
    """

    start: int
    stop: int
    n: int
    median: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePoint:
    """One move of the level.

    Attributes
    ----------
    index : int
        The first value of the new level, counted from 0, gaps counted.
    first, last : int
        The interval in which that value lies with 95 % confidence; `first <= index <= last`.
    effect_ratio : Effect or None
        New level over old (1.05 is +5 %); None where a value of either level is not positive.
    difference : Effect
        New level minus old, in the unit of the series.
    before, after : float
        Medians of the levels on either side; in a drift, followed along the slope to the change.
    improved : bool or None
        Whether the move is a good one; None where no direction is.
    """

    index: int
    first: int
    last: int
    direction: Direction
    effect_ratio: Effect | None
    difference: Effect
    before: float
    after: float
    improved: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """All that was found in one history.

    Attributes
    ----------
    n, size : int
        Values without the gaps, and with them.
    change_points : tuple of ChangePoint
        Ascending by index.
    levels : tuple of Level
        In order. A level begins at each change point and at each break; none is without values.
    spikes : tuple of int
        Indices of lone values, or pairs, far off their level.
    drift : bool
        A slope describes the history better than levels alone; the change points are those that
        stand out from it, often none.
    """

    n: int
    size: int
    change_points: tuple[ChangePoint, ...]
    levels: tuple[Level, ...]
    spikes: tuple[int, ...]
    drift: bool
