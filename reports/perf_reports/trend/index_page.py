"""The index: this week in three sentences, change points, every series with its last runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perf_baselines.trend_accepted import days_old, slack_of
from perf_baselines.trend_points import SHARE
from perf_baselines.trend_tracks import Status
from perf_reports import units
from perf_reports.escape import visible
from perf_reports.html import shell
from perf_reports.trend import chart, feed, links, words
from perf_reports.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perf_baselines.trend_tracks import Change, Place, Track
    from perf_reports.trend.model import Site

MOST_MOVES = 20
MOST_NAMED = 3
_GLYPHS = {"pass": "✓", "fail": "✗", "inconclusive": "?"}
_TONES = {"pass": "pass", "fail": "fail", "inconclusive": "unsure"}
_STATUS_TONES = {Status.OPEN.value: "fail", Status.IMPROVED.value: "pass"}


def render(site: Site) -> str:
    """Return the index."""
    groups = [_group(place, tracks) for place, tracks in _by_place(site.tracks)]
    own = [track for track in site.tracks if track.is_default]
    still_open = sum(c.status is Status.OPEN for track in own for c in track.changes)
    return shell.fill(
        "trend_index.html",
        "trend.css",
        "trend_index.js",
        groups=groups,
        tone="fail" if still_open else "none",
        still_open=still_open,
        opens=f"{units.count(still_open)} open {plural('change', still_open)}"
        if own else "no runs yet",
        subject=f"since last week, {units.count(len(site.tracks))} series" if own else "trends",
        sentences=words.week_said(site.week),
        written=_written(site),
        moves=_moves(site),
        most_moves=MOST_MOVES,
        stale=[
            {"name": words.name(track.name.text), "place": words.place(track),
             "page": links.page_of(track), "why": track.stale}
            for track in own if track.stale
        ],
        slack=_slack(site, own),
        notes=site.notes,
        filters=_filters(site.tracks),
        newest=max((track.rows[-1].started_at[:10] for track in site.tracks), default=""),
        generator=site.generator,
    )  # fmt: skip


def _slack(site: Site, own: list[Track]) -> list[str]:
    """Baselines that are old, or that leave room for a rise that nobody would see."""
    said: list[str] = []
    for place, accepted in site.accepted.items():
        members = [t for t in own if (t.place.profile, t.place.environment) == place]
        days = days_old(accepted, members)
        where = words.place(members[0]) if members else ""
        if days is not None:
            said.append(f"{where}: the newest baseline is {days} days older than the newest run.")
        said += [
            f"{where}, {words.name(slack.track.name.text)}: the baselines are at "
            f"{words.value(slack.track.name, slack.accepted)}, the last runs at "
            f"{words.value(slack.track.name, slack.last)}: a rise in between is not seen."
            for slack in slack_of(accepted, members)
        ]
    return said


def _written(site: Site) -> str:
    """The one line that depends on the day."""
    days = site.newest_days
    if days is None:
        return f"Written on {site.written_on}."
    age = "today" if days <= 0 else f"{days} {plural('day', days)} old"
    return f"Written on {site.written_on}; the newest run is {age if days > 0 else 'of today'}."


def _by_place(tracks: Iterable[Track]) -> list[tuple[Place, list[Track]]]:
    """Groups: the default branch first, then those with open changes; stale ones last."""
    found: dict[Place, list[Track]] = {}
    for track in tracks:
        found.setdefault(track.place, []).append(track)

    def order(group: tuple[Place, list[Track]]) -> tuple[bool, bool, bool]:
        members = group[1]
        is_open = any(track.status == Status.OPEN.value for track in members)
        return not members[0].is_default, not is_open, all(track.stale for track in members)

    return sorted(found.items(), key=order)


def _group(place: Place, tracks: list[Track]) -> Mapping[str, object]:
    row = max((track.rows[-1] for track in tracks), key=lambda row: row.started_at)
    still_open = sum(c.status is Status.OPEN for track in tracks for c in track.changes)
    verdict = row.verdict or "not judged"
    return {
        "anchor": links.anchor_of(tracks[0]),
        "profile": words.name(place.profile),
        "environment": words.name(place.environment),
        "branch": words.name(place.branch) or "no branch",
        "is_default": tracks[0].is_default,
        "verdict": verdict,
        "glyph": _GLYPHS.get(verdict, "○"),
        "tone": _TONES.get(verdict, "none") if row.valid else "unsure",
        "at": row.started_at[:10],
        "commit": visible(row.commit[:10]),
        "opens": f"{still_open} open" if still_open else "",
        "rows": [_row(track) for track in sorted(tracks, key=_order)],
    }


def _order(track: Track) -> tuple[int, int, str, str]:
    """Open changes first, then all requests together, then by name."""
    urgent = 0 if track.status == Status.OPEN.value else 1
    return urgent, 1 if track.name.label else 0, track.name.label, track.name.metric


def _row(track: Track) -> Mapping[str, object]:
    last, change, newest = track.rows[track.last], track.telling, track.latest
    at = track.rows[change.point.index] if change else None
    return {
        "page": links.page_of(track),
        "name": words.name(track.name.text),
        "label": words.name(track.name.label) or "all requests",
        "spark": chart.spark(track),
        "value": words.value(track.name, track.values[track.last]),
        "badge": words.badge(track.name, change) if change else None,
        "changed": track.rows[newest.point.index].started_at[:10] if newest else "",
        "began": at.started_at[:10] if at else "",
        "commit": visible(at.commit[:10]) if at else "",
        "commits": " ".join(visible(commit[:10]) for commit in _searched(track, change)),
        "status": track.status,
        "tone": _STATUS_TONES.get(track.status, "none"),
        "drift": track.drift,
        "size": f"{_weight(track, change):.3f}" if change else "0",
        "at": last.started_at[:10],
        "verdict": track.rows[-1].verdict or "not judged",
        "stale": track.stale,
        "runs": f"{units.count(len(track.rows))} {plural('run', len(track.rows))}",
    }


def _searched(track: Track, change: Change | None) -> list[str]:
    """Commits by which a row is found: those its change may have begun with, and the last."""
    found = track.commits(change)[:MOST_NAMED] if change else []
    return list(dict.fromkeys([*found, track.rows[-1].commit]))


def _weight(track: Track, change: Change) -> float:
    """Size to sort by: logarithm of the ratio, or the difference of shares times ten."""
    point = change.point
    if track.name.kind == SHARE or point.effect_ratio is None:
        return 10.0 * abs(point.difference.estimate)
    return abs(math.log(point.effect_ratio.estimate))


def _moves(site: Site) -> list[Mapping[str, object]]:
    """Change points that stand, those of one commit range together, the newest first."""
    clusters: list[tuple[tuple[object, ...], list[tuple[Track, Change]]]] = []
    for track, change in feed.newest_first(site):
        if not track.is_default or not change.stands:
            continue
        key = (track.place, change.point.improved, change.status)
        cluster = next((c for c in clusters if c[0] == key and _overlap(c[1], track, change)), None)
        if cluster is None:
            clusters.append((key, [(track, change)]))
        else:
            cluster[1].append((track, change))
    return [_move(members, site) for _, members in clusters[:MOST_MOVES]]


def _overlap(members: list[tuple[Track, Change]], track: Track, change: Change) -> bool:
    """Whether a change may have begun with the same run as the first of the others."""
    other, known = members[0][0], members[0][1].point
    began = (other.rows[known.first].started_at, other.rows[known.last].started_at)
    low, high = track.rows[change.point.first].started_at, track.rows[change.point.last].started_at
    return low <= began[1] and began[0] <= high


def _move(members: list[tuple[Track, Change]], site: Site) -> Mapping[str, object]:
    members = sorted(members, key=lambda it: -_weight(*it))
    track, change = members[0]
    rows, point = track.rows, change.point
    before = rows[point.first - 1].commit if point.first else ""
    after = rows[point.last].commit
    return {
        "at": rows[point.index].started_at[:10],
        "place": words.place(track),
        "badge": words.badge(track.name, change),
        "named": [
            {"name": words.name(one.name.text), "page": links.page_of(one)}
            for one, _ in members[:MOST_NAMED]
        ],
        "more": max(0, len(members) - MOST_NAMED),
        "before": visible(before[:10]) or "the first run",
        "after": visible(after[:10]) or rows[point.last].run_id,
        "range_url": site.commit_links.between(before, after)
        or site.commit_links.commit(rows[point.index].commit),
        "status": words.status(change),
        "tone": _STATUS_TONES.get(change.status.value, "none"),
    }


def _filters(tracks: Iterable[Track]) -> list[Mapping[str, object]]:
    """Selects with the words that occur; one word alone makes no filter."""
    default = [words.name(t.place.branch) or "no branch" for t in tracks if t.is_default]
    found: dict[str, dict[str, None]] = {
        "branch": dict.fromkeys(default),
        "environment": {}, "label": {}, "verdict": {}, "status": {},
    }  # fmt: skip
    for track in tracks:
        found["branch"][words.name(track.place.branch) or "no branch"] = None
        found["environment"][words.name(track.place.environment)] = None
        found["label"][words.name(track.name.label) or "all requests"] = None
        found["verdict"][track.rows[-1].verdict or "not judged"] = None
        found["status"][track.status] = None
        if track.stale:
            found["status"]["stale"] = None
    return [{"key": key, "words": list(told)} for key, told in found.items() if len(told) > 1]
