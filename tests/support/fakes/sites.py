"""Trend sites of made-up histories, as `perf trend` builds them, in memory or in a folder."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from fakes.histories import make_record, stepping
from hostile import TEXTS
from perf_baselines.trend_accepted import Accepted
from perf_baselines.trend_rows import Rows, row_of
from perf_baselines.trend_tracks import Known, tracks_of
from perf_baselines.trend_week import week_of
from perf_documents.acknowledged import Acknowledgement
from perf_reports.trend.links import CommitLinks, links_of
from perf_reports.trend.model import Site
from perf_reports.trend.site import pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from perf_baselines.record import Record
    from perf_baselines.trend_points import SeriesName
    from perf_reports.trend.site import Page

TODAY = date(2026, 6, 1)
LINKS = links_of(None, "git@github.com:team/service.git")
ACKNOWLEDGED = Acknowledgement(
    series="sustained/staging/p99 of *", commit=f"{22:08x}" * 5, reason="a new TLS library",
    who="anna", until=None, line=2,
)  # fmt: skip


def make_site(
    records: Iterable[Record],
    *,
    acknowledged: Sequence[Acknowledgement] = (),
    today: date = TODAY,
    commit_links: CommitLinks = LINKS,
    reports: Iterable[str] = (),
    notes: tuple[str, ...] = (),
) -> Site:
    """Site of a history."""
    rows = Rows()
    places: dict[SeriesName, int] = {}
    made = [row_of(record, "stamp", places) for record in records]
    rows.rows = sorted((row for row, _ in made), key=lambda row: row.started_at)
    rows.figures = {row.run_id: figures for row, figures in made}
    rows.names = list(places)
    known = Known(default_branch="main", acknowledged=acknowledged, today=today, version="0.0.0")
    tracks, _ = tracks_of(rows, known)
    values = {track.name: [0.09, 0.11] for track in tracks if track.name.label}
    accepted = {
        ("sustained", "staging"): Accepted(newest="2026-01-05T08:00:00.000Z", values=values)
    }
    return Site(
        tracks=tuple(tracks),
        week=week_of(tracks),
        accepted=accepted,
        reports=frozenset(reports),
        documented=frozenset(row.run_id for track in tracks for row in track.rows),
        commit_links=commit_links,
        notes=notes,
        written_on=today,
        newest_days=3 if rows.rows else None,
        generator="perfproof 0.0.0",
    )


def one_run() -> list[Record]:
    return [make_record(0)]


def thirty() -> list[Record]:
    """A step up after 21 runs, one run that is not valid, a branch, a second environment."""
    records = stepping([(21, 0.1), (11, 0.14)], failed=2, labels=("GET /health", "POST /orders"))
    records[10] = replace(records[10], valid=False)
    other = stepping([(4, 0.12)], first=33, branch="feature/x")
    load = stepping([(9, 0.05)], seed=3, environment="live", load_hash="d" * 64)
    # a run id is there once
    return [*records, *other, *(replace(one, run_id=f"{one.run_id}-live") for one in load)]


def two_thousand() -> list[Record]:
    levels = [(700, 0.1), (600, 0.125), (701, 0.118)]
    records = stepping(levels, labels=("GET /health", "POST /orders"))
    return [
        replace(record, valid=False) if at % 97 == 5 else record
        for at, record in enumerate(records)
    ]


def hostile() -> list[Record]:
    """Every name, branch, commit and reason written by somebody who means harm."""
    records = []
    for at in range(12):
        texts = [text.encode("utf-8", "replace").decode() for text in TEXTS]
        own = texts[at * 11 : at * 11 + 11]
        record = make_record(at, labels=own, valid=at % 5 != 4)
        more = {"branch": "main", "commit": own[1][:60], "reason": own[2], "profile": texts[40]}
        records.append(replace(record, environment=texts[3][:60], **more))  # type: ignore[arg-type]  # texts
    return records


HISTORIES: dict[str, Callable[[], list[Record]]] = {
    "one": one_run, "thirty": thirty, "two_thousand": two_thousand, "hostile": hostile,
    "empty": list,
}  # fmt: skip


def page_text(site: Site, wanted: Callable[[Page], bool]) -> str:
    """Text of the first page that fits."""
    return next(page for page in pages(site) if wanted(page)).make()
