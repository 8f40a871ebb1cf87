"""Change points for machines: an Atom feed and one JSON document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from perf_baselines.trend_order import instant
from perf_baselines.trend_tracks import Status
from perf_reports.escape import visible
from perf_reports.trend import links, words

if TYPE_CHECKING:
    from perf_baselines.trend_tracks import Change, Track
    from perf_reports.trend.model import Site

MOST_ENTRIES = 200
_ATOM = "http://www.w3.org/2005/Atom"
_FEED_ID = "tag:perfproof.invalid,2026:trend"
_NEVER = "1970-01-01T00:00:00Z"


def newest_first(site: Site) -> list[tuple[Track, Change]]:
    """Every change point that still means something, the newest first."""
    found = [
        (track, change)
        for track in site.tracks
        for change in track.changes
        if change.status is not Status.PAST
    ]
    found.sort(key=lambda it: links.page_of(it[0]))
    found.sort(key=lambda it: it[0].rows[it[1].point.index].started_at, reverse=True)
    return found


def render_feed(site: Site) -> str:
    """Atom (RFC 4287): one entry for each change point, with an id that stays."""
    entries = newest_first(site)[:MOST_ENTRIES]
    feed = ET.Element("feed", {"xmlns": _ATOM})
    _add(feed, "id", _FEED_ID)
    _add(feed, "title", "perfproof: changes of level")
    _add(feed, "updated", max((_updated(*it) for it in entries), default=_NEVER))
    _add(feed, "generator", site.generator)
    _add(_add(feed, "author"), "name", "perfproof")
    ET.SubElement(feed, "link", {"rel": "alternate", "href": links.INDEX})
    for track, change in entries:
        entry = _add(feed, "entry")
        _add(entry, "id", links.identity_of(track, change))
        badge = words.badge(track.name, change)
        _add(entry, "title", f"{badge.text}: {words.name(track.name.text)}, {words.place(track)}")
        _add(entry, "updated", _updated(track, change))
        _add(entry, "published", track.rows[change.point.index].started_at)
        ET.SubElement(entry, "link", {"rel": "alternate", "href": links.page_of(track)})
        _add(entry, "summary", _summary(track, change))
    ET.indent(feed)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(feed, encoding="unicode")}\n'


def render_changes(site: Site) -> str:
    """The same, in full, as JSON."""
    document = {
        "generator": site.generator,
        "changes": [_described(track, change) for track, change in newest_first(site)],
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def _described(track: Track, change: Change) -> dict[str, object]:
    point, known = change.point, change.known
    at = track.rows[point.index]
    return {
        "id": links.identity_of(track, change),
        "profile": track.place.profile,
        "environment": track.place.environment,
        "branch": track.place.branch,
        "series": track.name.text,
        "unit": track.name.unit,
        "page": links.page_of(track),
        "run": at.run_id,
        "commit": at.commit,
        "at": at.started_at,
        "commits": list(dict.fromkeys(track.commits(change))),
        "direction": point.direction.value,
        "improved": point.improved,
        "before": point.before,
        "after": point.after,
        "effect_ratio": point.effect_ratio
        and [point.effect_ratio.estimate, point.effect_ratio.low, point.effect_ratio.high],
        "difference": [point.difference.estimate, point.difference.low, point.difference.high],
        "status": change.status.value,
        "acknowledged": known
        and {
            "by": known.who,
            "reason": known.reason,
            "until": known.until.isoformat() if known.until else None,
        },
    }


def _updated(track: Track, change: Change) -> str:
    """When the last run began that decides where it lies: it moves when the interval does."""
    began = instant(track.rows[change.point.last].started_at)
    return f"{began:%Y-%m-%dT%H:%M:%SZ}"


def _summary(track: Track, change: Change) -> str:
    point, rows = change.point, track.rows
    before = next((rows[at].commit for at in range(point.first - 1, -1, -1)), "")
    span = f"after {before[:10] or 'the first run'}, up to {rows[point.last].commit[:10] or 'n/a'}"
    series = track.name
    return (
        f"From {words.value(series, point.before)} to {words.value(series, point.after)}; the new "
        f"level began {visible(span)}. Status: {words.status(change)}."
    )


def _add(parent: ET.Element, tag: str, text: str = "") -> ET.Element:
    child = ET.SubElement(parent, tag)
    # XML 1.0 knows no way to write most control characters
    child.text = visible(text) or None
    return child
