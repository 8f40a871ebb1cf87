"""Runs of the last week against the level before, over all series of the default branch."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from perf_analysis.two_levels import difference_of_levels, ratio_of_levels
from perf_baselines.trend_order import instant
from perf_baselines.trend_points import SHARE
from perf_baselines.trend_tracks import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.changes import Effect
    from perf_baselines.trend_tracks import Change, Track

DAYS = 7
MOST_BEFORE = 50
ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One series this week; `effect` is a ratio, or a difference for shares."""

    track: Track
    effect: Effect
    before: int
    after: int

    @property
    def is_moved(self) -> bool:
        """Whether its interval excludes that nothing changed."""
        none = 0.0 if self.track.name.kind == SHARE else 1.0
        return not self.effect.low <= none <= self.effect.high

    @property
    def is_worse(self) -> bool:
        """Whether it moved to the bad side."""
        none = 0.0 if self.track.name.kind == SHARE else 1.0
        return (self.effect.estimate > none) == (self.track.name.better != "higher")


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """The seven days up to the newest run.

    Attributes
    ----------
    start, end : str
        Days.
    runs, verdicts : int, Counter of str
        Runs of the default branch, and what they came to.
    shifts : tuple of Shift
        Series with enough runs on both sides, intervals at 95 % over all of them together.
    thin : int
        Series with too few runs on one side.
    begun : tuple of (Track, Change)
        Change points of this week.
    still_open : int
        Changes for the worse that nobody has answered for, whenever they began.
    """

    start: str
    end: str
    runs: int
    verdicts: Counter[str]
    shifts: tuple[Shift, ...]
    thin: int
    begun: tuple[tuple[Track, Change], ...]
    still_open: int


def week_of(tracks: Sequence[Track]) -> Week | None:
    """What this week brought; None without runs."""
    own = [track for track in tracks if track.is_default]
    if not own:
        return None
    newest = instant(max(row.started_at for track in own for row in track.rows))
    start = newest - timedelta(days=DAYS)
    since = f"{start:%Y-%m-%dT%H:%M:%S}.{start.microsecond // 1000:03d}Z"
    sides = [(track, *_sides(track, since)) for track in own]
    enough = [side for side in sides if _effect(*side, alpha=ALPHA) is not None]
    alpha = ALPHA / max(len(enough), 1)
    shifts = [
        Shift(track=track, effect=effect, before=len(before), after=len(after))
        for track, before, after in enough
        if (effect := _effect(track, before, after, alpha=alpha)) is not None
    ]
    runs = {row.run_id: row for track in own for row in track.rows if row.started_at > since}
    return Week(
        start=since[:10],
        end=f"{newest:%Y-%m-%d}",
        runs=len(runs),
        verdicts=Counter(row.verdict if row.valid else "not valid" for row in runs.values()),
        shifts=tuple(shifts),
        thin=len(own) - len(enough),
        begun=tuple(
            (track, change)
            for track in own
            for change in track.changes
            if change.stands and track.rows[change.point.index].started_at > since
        ),
        still_open=sum(c.status is Status.OPEN for track in own for c in track.changes),
    )


def _sides(track: Track, since: str) -> tuple[list[float], list[float]]:
    """Values of the level before the week, and of the week; nothing is compared across a break."""
    older = (at for at in reversed(range(len(track.rows))) if track.rows[at].started_at <= since)
    first = next(older, -1) + 1
    start = max((level.start for level in track.levels if level.start < first), default=0)
    start = max([start, *(at for at in track.breaks if at <= first)])
    end = next((at for at in track.breaks if at > first), len(track.rows))
    counted = track.counted
    before = [value for value in counted[start:first] if value is not None]
    after = [value for value in counted[first:end] if value is not None]
    return before[-MOST_BEFORE:], after


def _effect(
    track: Track, before: list[float], after: list[float], *, alpha: float
) -> Effect | None:
    compare = difference_of_levels if track.name.kind == SHARE else ratio_of_levels
    return compare(before, after, alpha=alpha)
