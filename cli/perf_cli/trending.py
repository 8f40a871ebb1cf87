"""The trend site from a workspace's history: read, find, draw, write."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from perf_baselines.baseline_files import BaselineFiles
from perf_baselines.trend_accepted import Accepted, accepted_of
from perf_baselines.trend_order import instant
from perf_baselines.trend_rows import read_rows, save_rows
from perf_baselines.trend_tracks import Known, tracks_of
from perf_baselines.trend_week import week_of
from perf_cli.output import say
from perf_cli.wiring import history_of
from perf_documents.acknowledged import load_acknowledged
from perf_documents.errors import PerfError, StoreError
from perf_documents.git import collect_git, default_branch
from perf_reports.trend.folder import SiteFolder, report_made_from
from perf_reports.trend.links import links_of, report_of
from perf_reports.trend.model import Site
from perf_reports.trend.site import Page, pages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime
    from pathlib import Path

    from perf_baselines.history import History
    from perf_baselines.trend_rows import Row, Rows
    from perf_baselines.trend_tracks import Track
    from perf_documents.acknowledged import Acknowledgement
    from perf_loadtests.workspace import Workspace
    from perf_reports.trend.folder import Written

CACHE = "trend-cache.bin"
ACKNOWLEDGED = "acknowledged.yaml"
MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person asked for, and the world it is asked in."""

    folder: Path
    reports: int
    commit_url: str | None
    environ: Mapping[str, str]
    now: datetime


def build_site(workspace: Workspace, wanted: Wanted) -> Written:
    """Write the site; what cannot be read of the history is named and left out.

    Raises
    ------
    UsageError
        If the acknowledgements or the folder are wrong.
    StoreError
        If history or folder cannot be reached.
    """
    acknowledged = load_acknowledged(workspace.baselines / ACKNOWLEDGED)
    target = SiteFolder(wanted.folder)
    unreadable: list[str] = []
    history = history_of(workspace, heard=unreadable.append)
    cache = workspace.state / CACHE
    rows = read_rows(history, cache)
    version = importlib.metadata.version("perfproof")
    known = Known(
        default_branch=default_branch(workspace.root, wanted.environ),
        acknowledged=acknowledged,
        today=wanted.now.date(),
        version=version,
    )
    tracks, left_out = tracks_of(rows, known)
    if rows.changed:
        _keep(rows, cache)
    generator = f"perfproof {version}"
    wish = _Reports(target, wanted.reports, generator, unreadable)
    documented = history.documented()
    reports = wish.of(history, rows.rows, documented)
    accepted = _accepted(workspace, tracks)
    newest = instant(rows.rows[-1].started_at) if rows.rows else None
    site = Site(
        tracks=tuple(tracks),
        week=week_of(tracks),
        accepted=accepted,
        reports=frozenset(run_id for run_id, _ in reports),
        documented=frozenset(documented),
        commit_links=links_of(
            wanted.commit_url, collect_git(workspace.root, wanted.environ).get("remote", "")
        ),
        notes=_notes(unreadable, left_out, acknowledged, tracks),
        written_on=wanted.now.date(),
        newest_days=(wanted.now.date() - newest.date()).days if newest else None,
        generator=generator,
    )
    return target.write(pages(site), [page for _, page in reports])


def _keep(rows: Rows, cache: Path) -> None:
    try:
        save_rows(rows, cache)
    except StoreError as error:
        say(f"perf: the next site takes as long as this one: {error}")


@dataclass(frozen=True, slots=True)
class _Reports:
    """Which reports lie in the site; those that cannot be made are named and left out."""

    target: SiteFolder
    most: int
    generator: str
    unreadable: list[str]

    def of(
        self, history: History, rows: Sequence[Row], kept: AbstractSet[str]
    ) -> list[tuple[str, Page]]:
        """Reports of the newest runs whose document is kept, by profile and environment."""
        counted: dict[tuple[str, str], int] = {}
        found: list[tuple[str, Page]] = []
        for row in reversed(rows):
            place = (row.profile, row.environment)
            if counted.get(place, 0) >= self.most or row.run_id not in kept:
                continue
            counted[place] = counted.get(place, 0) + 1
            page = self._page(history, row)
            if page is not None:
                found.append((row.run_id, page))
        return found

    def _page(self, history: History, row: Row) -> Page | None:
        """A report, made already unless the site has it."""
        path, made_from = report_of(row.run_id), report_made_from(row.stamp, self.generator)
        if self.target.has(path, made_from):
            return Page(path, made_from, str)
        try:
            return Page(path, made_from, partial(str, _report(history, row.run_id)))
        except PerfError as error:
            say(f"perf: its report is left out: {error}")
            self.unreadable.append(f"Its report is left out: {error}")
            return None


def _report(history: History, run_id: str) -> str:
    # most sites have all their reports already
    from perf_cli.moving import view_of  # noqa: PLC0415  # as said
    from perf_reports.html import render_html  # noqa: PLC0415  # as said

    return render_html(view_of(history.load(run_id), over_time=True))


def _accepted(workspace: Workspace, tracks: Sequence[Track]) -> dict[tuple[str, str], Accepted]:
    """Accepted runs by profile and environment; a damaged file is said, and has none."""
    files = BaselineFiles(workspace.baselines, workspace.state)
    found: dict[tuple[str, str], Accepted] = {}
    for place in dict.fromkeys((t.place.profile, t.place.environment) for t in tracks):
        try:
            found[place] = accepted_of(files.read(*place))
        except PerfError as error:
            say(f"perf: its baselines are not drawn: {error}")
    return found


def _notes(
    unreadable: Sequence[str],
    left_out: Sequence[str],
    acknowledged: Sequence[Acknowledgement],
    tracks: Sequence[Track],
) -> tuple[str, ...]:
    """What a reader of the site must know is not in it."""
    notes = list(unreadable[:MOST_NAMED])
    if len(unreadable) > MOST_NAMED:
        notes.append(f"and {len(unreadable) - MOST_NAMED} more records that cannot be read")
    if left_out:
        named = ", ".join(left_out[:MOST_NAMED])
        more = f" and {len(left_out) - MOST_NAMED} more" if len(left_out) > MOST_NAMED else ""
        notes.append(f"Branches measured longer ago are left out: {named}{more}.")
    used = {change.known for track in tracks for change in track.changes if change.known}
    notes += [
        f"acknowledged.yaml, line {entry.line}: fits no open change point ({entry.series}, "
        f"{entry.commit})."
        for entry in acknowledged
        if entry not in used
    ]
    return tuple(notes)
