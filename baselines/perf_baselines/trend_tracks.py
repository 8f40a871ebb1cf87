"""Series of a history, each of one profile, environment and branch, with what became of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from perf_analysis.changes import Better
from perf_baselines.history_source import USUAL
from perf_baselines.trend_found import Search
from perf_baselines.trend_order import Clock, in_order
from perf_baselines.trend_points import SHARE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from perf_analysis.changes import ChangePoint, Level
    from perf_baselines.trend_points import SeriesName
    from perf_baselines.trend_rows import Row, Rows
    from perf_documents.acknowledged import Acknowledgement

# a level that comes back to within this of the one before is back
TOLERANCE = 0.05
TOLERANCE_SHARE = 0.0025
MOST_BRANCHES = 8


class Status(StrEnum):
    """What a change of level means today."""

    OPEN = "open"
    WAIVED = "waived"
    ACKNOWLEDGED = "acknowledged"
    IMPROVED = "improved"
    SMALL = "small"
    FIXED = "fixed"
    PAST = "past"


class Place(NamedTuple):
    """Which runs belong together."""

    profile: str
    environment: str
    branch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change point of a track; its indices count the track's runs."""

    point: ChangePoint
    status: Status
    known: Acknowledgement | None = None

    @property
    def stands(self) -> bool:
        """Whether it still says something of today's level."""
        return self.status not in {Status.SMALL, Status.FIXED, Status.PAST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One series.

    Attributes
    ----------
    rows : tuple of Row
        Runs in the order of their commits.
    values, lows, highs : tuple of float or None
        By run; None where it was not measured.
    counted : tuple of float or None
        The values that enter levels: those of valid runs.
    breaks : tuple of int
        Runs from which on the load was another: nothing is compared across.
    levels : tuple of Level
        Of all pieces.
    stale : str
        Why it counts as no longer measured; empty otherwise.
    """

    place: Place
    is_default: bool
    name: SeriesName
    rows: tuple[Row, ...]
    values: tuple[float | None, ...]
    counted: tuple[float | None, ...]
    lows: tuple[float | None, ...]
    highs: tuple[float | None, ...]
    breaks: tuple[int, ...]
    changes: tuple[Change, ...]
    levels: tuple[Level, ...]
    spikes: tuple[int, ...]
    drift: bool
    stale: str

    @property
    def full_name(self) -> str:
        """What acknowledgements are held against, and what identifies the series for good."""
        return f"{self.place.profile}/{self.place.environment}/{self.name.text}"

    @property
    def last(self) -> int:
        """The newest run that entered a level, or was measured at all."""
        newest_first = range(len(self.rows) - 1, -1, -1)
        good = (at for at in newest_first if self.counted[at] is not None)
        return next(good, next(at for at in newest_first if self.values[at] is not None))

    @property
    def latest(self) -> Change | None:
        """The newest change that still stands."""
        standing = [change for change in self.changes if change.stands]
        return standing[-1] if standing else None

    @property
    def telling(self) -> Change | None:
        """The newest change of those that give the series its status."""
        standing = [change for change in self.changes if change.status.value == self.status]
        return standing[-1] if standing else None

    @property
    def status(self) -> str:
        """The most urgent of its changes, or that it is steady."""
        found = {change.status for change in self.changes if change.stands}
        return next((status.value for status in Status if status in found), "steady")

    def commits(self, change: Change) -> list[str]:
        """Commits that the new level may have begun with."""
        rows = self.rows[change.point.first : change.point.last + 1]
        return [row.commit for row in rows if row.commit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known beside the runs."""

    default_branch: str
    acknowledged: Sequence[Acknowledgement]
    today: date
    version: str


def tracks_of(rows: Rows, known: Known) -> tuple[list[Track], list[str]]:
    """All series, default branch first, and the branches that are left out.

    `rows.found` remembers the change points, so that equal values are not searched twice.
    """
    default = _default_branch(rows.rows, known.default_branch)
    shown, left_out = _branches(rows.rows, default)
    groups: dict[Place, list[Row]] = {}
    for row in rows.rows:
        if row.branch in shown:
            groups.setdefault(Place(row.profile, row.environment, row.branch), []).append(row)
    search, clock = Search(rows.found, known.version), Clock(rows.rows)
    tracks: list[Track] = []
    for place, members in sorted(groups.items(), key=lambda it: (it[0].branch != default, it[0])):
        ordered = in_order(members)
        for name, columns in _columns(rows, ordered).items():
            made = _track(name, ordered, columns, search)
            made = replace(made, place=place, is_default=place.branch == default)
            made = replace(made, stale=clock.stale(made.rows, made.values))
            tracks.append(_known(made, known))
    rows.changed = rows.changed or rows.found.keys() != search.found.keys()
    rows.found = search.found
    return tracks, left_out


def _default_branch(rows: Iterable[Row], stated: str) -> str:
    counted = Counter(row.branch for row in rows)
    named = next((name for name in (stated, *USUAL) if name and name in counted), None)
    return named if named is not None else max(counted, key=lambda n: counted[n], default="")


def _branches(rows: Sequence[Row], default: str) -> tuple[set[str], list[str]]:
    newest = list(dict.fromkeys(row.branch for row in reversed(rows) if row.branch != default))
    return {default, *newest[:MOST_BRANCHES]}, newest[MOST_BRANCHES:]


Columns = tuple[list[float | None], list[float | None], list[float | None]]


def _columns(rows: Rows, members: Sequence[Row]) -> dict[SeriesName, Columns]:
    """Values, lows and highs by series, in the order in which the runs name them."""
    own = [rows.figures[row.run_id] for row in members]
    if not sum(map(len, own)):
        return {}
    figures, runs = np.concatenate(own), np.repeat(np.arange(len(own)), [len(one) for one in own])
    order = np.argsort(figures[:, 0], kind="stable")
    starts = np.flatnonzero(np.diff(figures[order, 0])) + 1
    found: dict[SeriesName, Columns] = {}
    for at in sorted(np.split(order, starts), key=lambda ats: int(ats[0])):
        numbers = np.full((3, len(own)), None)
        numbers[:, runs[at]] = figures[at, 1:].T
        values, lows, highs = numbers.tolist()
        name = rows.names[int(figures[at[0], 0])]
        # of failures by name only those that ever failed: the others are one line at nothing
        if not name.label or name.kind != SHARE or any(values):
            found[name] = values, lows, highs
    return found


def _track(name: SeriesName, rows: Sequence[Row], columns: Columns, search: Search) -> Track:
    values = columns[0]
    first = next(at for at, value in enumerate(values) if value is not None)
    rows, columns = rows[first:], tuple(column[first:] for column in columns)  # type: ignore[assignment]  # as before
    values = columns[0]
    breaks = [at for at in range(1, len(rows)) if rows[at].load != rows[at - 1].load]
    good = [value if row.valid else None for value, row in zip(values, rows, strict=True)]
    changes: list[Change] = []
    levels: list[Level] = []
    spikes: list[int] = []
    drift = False
    for start, stop in zip((0, *breaks), (*breaks, len(rows)), strict=True):
        found = search(good[start:stop], name.better)
        levels += [_moved_level(level, start) for level in found.levels]
        points = [_moved(point, start) for point in found.change_points]
        changes += [
            Change(point=point, status=_status(point, found.levels, name, past=stop < len(rows)))
            for point in points
        ]
        spikes += [start + at for at in found.spikes]
        drift = found.drift
    return Track(
        place=Place("", "", ""), is_default=False, name=name, rows=tuple(rows),
        values=tuple(values), counted=tuple(good), lows=tuple(columns[1]), highs=tuple(columns[2]),
        breaks=tuple(breaks), changes=tuple(changes), levels=tuple(levels),
        spikes=tuple(spikes), drift=drift, stale="",
    )  # fmt: skip


def _moved(point: ChangePoint, by: int) -> ChangePoint:
    return replace(point, index=point.index + by, first=point.first + by, last=point.last + by)


def _moved_level(level: Level, by: int) -> Level:
    return replace(level, start=level.start + by, stop=level.stop + by)


def _status(point: ChangePoint, levels: Sequence[Level], name: SeriesName, *, past: bool) -> Status:
    if past:
        return Status.PAST
    spare = TOLERANCE_SHARE if name.kind == SHARE else TOLERANCE * abs(point.before)
    if abs(point.after - point.before) <= spare:
        return Status.SMALL
    if point.improved:
        return Status.IMPROVED
    sign = -1.0 if name.better == Better.HIGHER else 1.0
    is_back = sign * (levels[-1].median - point.before) <= spare
    return Status.FIXED if is_back else Status.OPEN


def _known(track: Track, known: Known) -> Track:
    """The track with what people say of its changes."""
    return replace(track, changes=tuple(_acknowledged(c, track, known) for c in track.changes))


def _acknowledged(change: Change, track: Track, known: Known) -> Change:
    if change.status is not Status.OPEN:
        return change
    commits = track.commits(change)
    covering = [e for e in known.acknowledged if e.covers(track.full_name, commits)]
    if not covering:
        return change
    entry = next((e for e in covering if not e.has_ended(known.today)), covering[-1])
    if entry.has_ended(known.today):
        return replace(change, known=entry)
    status = Status.WAIVED if entry.until else Status.ACKNOWLEDGED
    return replace(change, status=status, known=entry)
