"""The site as pages, each with what it is made from: only changed ones are made anew."""

from __future__ import annotations

import json
from dataclasses import astuple
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from perf_baselines.trend_found import packed
from perf_documents.strict_json import content_hash
from perf_reports.html import shell
from perf_reports.trend import badges, feed, index_page, links, series_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perf_baselines.trend_tracks import Place, Track
    from perf_reports.trend.model import Site

# what every page shares: one that was made with other templates is made anew
_SHARED = ("trend_index.html", "trend_series.html", "trend.css", "trend_index.js",
           "trend_series.js", "report.js")  # fmt: skip


class Page(NamedTuple):
    """One file: where, a hash of what it is made from, and how it is made."""

    path: str
    made_from: str
    make: Callable[[], str]


def pages(site: Site) -> Iterator[Page]:
    """Every file of the site but the run reports."""
    shared = shell.assets_hash(*_SHARED) + site.generator
    by_place: dict[Place, str] = {}
    for track in site.tracks:
        if track.place not in by_place:
            by_place[track.place] = content_hash(json.dumps(track.rows).encode())
        own = json.dumps([shared, by_place[track.place], *_own(track, site)], default=str)
        numbers = map(packed, (track.values, track.lows, track.highs))
        made_from = content_hash(b"".join((own.encode(), *numbers)))
        yield Page(links.page_of(track), made_from, partial(series_page.render, track, site))
    documents = [
        (links.INDEX, index_page.render(site)),
        ("feed.xml", feed.render_feed(site)),
        ("changes.json", feed.render_changes(site)),
        *badges.render(site),
    ]
    for path, text in documents:
        yield Page(path, content_hash(text.encode()), partial(str, text))


def _own(track: Track, site: Site) -> tuple[object, ...]:
    """What of a series' page is its own."""
    return (
        len(track.rows),
        [(astuple(change.point), change.status, change.known) for change in track.changes],
        [astuple(level) for level in track.levels],
        (track.drift, track.stale),
        site.band(track),
        [row.run_id for row in track.rows if row.run_id in site.reports],
        links.compare_commands(track, site.documented),
        (site.commit_links.commit_template, site.commit_links.range_template),
    )
