"""What the trend site shows: built once, read by every page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from perf_baselines.trend_accepted import Accepted
    from perf_baselines.trend_tracks import Track
    from perf_baselines.trend_week import Week
    from perf_reports.trend.links import CommitLinks


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything that the site shows.

    Attributes
    ----------
    accepted : mapping
        Accepted runs by profile and environment.
    reports : set of str
        Runs whose report lies in the site.
    documented : set of str
        Runs whose document is kept, so that they can be compared.
    notes : tuple of str
        What could not be read or is left out.
    written_on, newest_days : date, int or None
        For the one line that depends on the day.
    generator : str
        Name and version of this program.
    kept : dict
        What several pages share, made once.
    """

    tracks: tuple[Track, ...]
    week: Week | None
    accepted: Mapping[tuple[str, str], Accepted]
    reports: frozenset[str]
    documented: frozenset[str]
    commit_links: CommitLinks
    notes: tuple[str, ...]
    written_on: date
    newest_days: int | None
    generator: str
    kept: dict[tuple[str | int, ...], str] = field(default_factory=dict, compare=False, repr=False)

    def band(self, track: Track) -> tuple[float, float] | None:
        """Lowest and highest accepted value of a series."""
        own = self.accepted.get((track.place.profile, track.place.environment))
        return own.band(track.name) if own else None
