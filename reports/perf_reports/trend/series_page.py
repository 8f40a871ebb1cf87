"""The page of one series: chart with its data, change points, the last runs."""

from __future__ import annotations

import json
import math
import re
from contextlib import suppress
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from perf_baselines.trend_order import instant
from perf_baselines.trend_tracks import Status
from perf_reports import units
from perf_reports.escape import visible
from perf_reports.html import shell
from perf_reports.html.cells import Tile
from perf_reports.trend import chart, links, words
from perf_reports.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perf_baselines.trend_tracks import Change, Track
    from perf_reports.trend.model import Site

MOST_DRAWN = 10_000
MOST_LISTED = 50
WITH_INTERVALS = 2_000
_COMMIT = 8
_RUN_ID = re.compile(r"([0-9]{8}t[0-9]{6}z)(-[0-9a-f]+)")
_UNSAFE = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
_BODIES = {Status.OPEN.value: "fail", Status.IMPROVED.value: "pass"}


def render(track: Track, site: Site) -> str:
    """Return the page of a series."""
    telling = track.telling
    return shell.fill(
        "trend_series.html",
        "trend.css",
        "trend_series.js",
        track=track,
        tone=_BODIES.get(track.status, "none"),
        badge=words.badge(track.name, telling) if telling else None,
        title=words.name(track.name.text),
        place=words.place(track),
        branch=words.name(track.place.branch) or "no branch",
        headline=_headline(track),
        tiles=_tiles(track, site),
        back=f"../{links.INDEX}#{links.anchor_of(track)}",
        # written by `chart.draw`, which escapes every text
        svg=Markup(chart.draw(track, site.band(track))),  # noqa: S704
        # `<`, `>` and `&` are written as escapes of JSON
        data=Markup(_data(track, site)),  # noqa: S704
        sentence=_sentence(track, site),
        changes=_changes(track, site),
        runs=_runs(track, site),
        of_runs=len(track.rows),
        generator=site.generator,
    )


def embedded(document: object) -> str:
    """JSON that may stand inside a script element."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.translate(_UNSAFE)


def _headline(track: Track) -> str:
    row, value = track.rows[track.last], track.values[track.last]
    said = f"{words.value(track.name, value)} on {row.started_at[:10]}{_at(row.commit)}"
    level = track.levels[-1] if track.levels else None
    if level is None:
        return f"Last value {said}. No run counts yet, so there is no level."
    since = track.rows[min(level.start, len(track.rows) - 1)]
    base = (
        f"Last value {said}. The level is {words.value(track.name, level.median)}, over {level.n} "
        f"{plural('run', level.n)} since {since.started_at[:10]}{_at(since.commit)}."
    )
    drift = " It drifts: a slope describes these runs better than steps do." if track.drift else ""
    stale = f" Stale: {track.stale}." if track.stale else ""
    return base + drift + stale


def _at(commit: str) -> str:
    return f" at {visible(commit[:10])}" if commit else ""


def _tiles(track: Track, site: Site) -> tuple[Tile, ...]:
    good = sum(value is not None for value in track.counted)
    standing = [change for change in track.changes if change.stands]
    band = site.band(track)
    row = track.rows[track.last]
    return (
        Tile(
            label="last value",
            value=words.value(track.name, track.values[track.last]),
            under=f"{row.verdict or 'not judged'}, {row.started_at[:10]}",
        ),
        Tile(
            label="runs that count",
            value=f"{units.count(good)} of {units.count(len(track.rows))}",
            under="the others are not valid or did not measure it"
            if good < len(track.rows)
            else "all are valid and measured it",
        ),
        Tile(
            label="change points",
            value=units.count(len(track.changes)),
            under=f"{len(standing)} standing; status {track.status}",
            tone={"open": "fail", "improved": "pass"}.get(track.status, ""),
        ),
        Tile(
            label="baselines",
            value=" to ".join(dict.fromkeys(words.value(track.name, end) for end in band))
            if band
            else "none",
            under="of accepted runs" if band else "none accepted for this series",
        ),
    )


def _sentence(track: Track, site: Site) -> str:
    parts = ["Dots: one run each, with the 95 % interval within the run"]
    parts.append("lines: the median of each level")
    parts += ["grey band: accepted baselines"] if site.band(track) else []
    if track.changes:
        parts.append("upright bands: where a change of level lies with 95 % confidence")
    if any(not row.valid for row in track.rows):
        parts.append("rings on the lower edge: runs that are not valid, which enter no level")
    if track.breaks:
        parts.append("dotted: from here on the load was another, nothing is compared across")
    said = "; ".join(parts) + "."
    if len(track.rows) > MOST_DRAWN:
        said += f" Drawn from the last {MOST_DRAWN:,} of {len(track.rows):,} runs."
    return said


def _data(track: Track, site: Site) -> str:
    """What the page's script draws: columns by run, rounded to what can be seen."""
    own = embedded(_own(track, site))
    # series of one group that begin with the same run have the same runs
    key = (*track.place, len(track.rows))
    runs = site.kept.get(key)
    if runs is None:
        runs = site.kept[key] = embedded(_runs_of(track, site))
    return f"{own.removesuffix('}')},{runs.removeprefix('{')}"


def _runs_of(track: Track, site: Site) -> dict[str, object]:
    """Columns that say which runs they are."""
    first = max(0, len(track.rows) - MOST_DRAWN)
    rows = track.rows[first:]
    began = [_began(row.run_id, row.started_at) for row in rows]
    seconds = [second for second, _ in began]
    return {
        "t": [seconds[0], *(after - before for before, after in pairwise(seconds))],
        "c": [visible(row.commit[:_COMMIT]) for row in rows],
        "r": [told for _, told in began],
        "v": "".join(_letter(row.verdict, valid=row.valid) for row in rows),
        "breaks": [at - first for at in track.breaks if at > first],
        "reports": [at for at, row in enumerate(rows) if row.run_id in site.reports],
        "commit": site.commit_links.commit_template,
    }


def _own(track: Track, site: Site) -> dict[str, object]:
    """What is the series' own."""
    first = max(0, len(track.rows) - MOST_DRAWN)
    thin = max(first, len(track.rows) - WITH_INTERVALS)
    factor, unit = chart.factor_of(track)
    band = site.band(track)
    return {
        "unit": unit,
        "y": _scaled(track.values[first:], factor, 4),
        "lo": _scaled(track.lows[thin:], factor, 3),
        "hi": _scaled(track.highs[thin:], factor, 3),
        "levels": [
            [max(level.start - first, 0), level.stop - first, *_scaled([level.median], factor, 4)]
            for level in track.levels
            if level.stop > first
        ],
        "changes": [
            [max(change.point.first - first, 0), change.point.last - first, chart.role_of(change)]
            for change in track.changes
            if change.point.last >= first
        ],
        "band": _scaled(band, factor, 4) if band else None,
    }


def _scaled(values: Iterable[float | None], factor: float, digits: int) -> list[float | None]:
    given = np.array([np.nan if value is None else value for value in values]) * factor
    with np.errstate(divide="ignore"):
        places = digits - 1 - np.floor(np.log10(np.abs(given)))
    scale = 10.0 ** np.where(np.isfinite(places), places, 0.0)
    return [
        None if math.isnan(value) else value for value in (np.round(given * scale) / scale).tolist()
    ]


@lru_cache(maxsize=MOST_DRAWN)
def _began(run_id: str, started_at: str) -> tuple[int, str]:
    """Second in which a run began, and its id without the beginning that says the same."""
    match = _RUN_ID.fullmatch(run_id)
    if match is not None:
        with suppress(ValueError):
            return int(instant(match[1].upper()).timestamp()), match[2]
    return int(instant(started_at).timestamp()), run_id


def _letter(verdict: str, *, valid: bool) -> str:
    return (verdict[:1] or "n") if valid else "x"


def _changes(track: Track, site: Site) -> list[dict[str, object]]:
    """Change points as rows of the page, the newest first."""
    commands = links.compare_commands(track, site.documented)
    told = zip(track.changes, commands, strict=True)
    return [_change(track, change, site) | {"command": command} for change, command in told][::-1]


def _change(track: Track, change: Change, site: Site) -> dict[str, object]:
    """What one change point is."""
    point, rows = change.point, track.rows
    before = next((rows[at] for at in range(point.first - 1, -1, -1) if rows[at].commit), None)
    after = rows[point.last]
    between = [row.commit for row in rows[point.first : point.last + 1] if row.commit]
    at = rows[point.index]
    return {
        "badge": words.badge(track.name, change),
        "from": words.value(track.name, point.before),
        "to": words.value(track.name, point.after),
        "at": at.started_at[:10],
        "commit": visible(at.commit[:10]) or at.run_id,
        "commit_url": site.commit_links.commit(at.commit),
        "before": visible(before.commit[:10]) if before else "",
        "before_url": site.commit_links.commit(before.commit) if before else "",
        "after": visible(after.commit[:10]),
        "after_url": site.commit_links.commit(after.commit),
        "range_url": site.commit_links.between(before.commit, after.commit) if before else "",
        "between": len(dict.fromkeys(between)),
        "status": words.status(change),
        "tone": {Status.OPEN: "fail", Status.IMPROVED: "pass"}.get(change.status, "none"),
    }


def _runs(track: Track, site: Site) -> list[Mapping[str, object]]:
    """The last runs, the newest first."""
    found: list[Mapping[str, object]] = []
    for at in range(len(track.rows) - 1, max(-1, len(track.rows) - 1 - MOST_LISTED), -1):
        row = track.rows[at]
        low, high = track.lows[at], track.highs[at]
        known = low is not None and high is not None and low < high
        found.append(
            {
                "id": row.run_id,
                "at": f"{instant(row.started_at):%Y-%m-%d %H:%M}Z",
                "commit": visible(row.commit[:10]) or "none",
                "commit_url": site.commit_links.commit(row.commit),
                "verdict": row.verdict or "not judged",
                "tone": {"pass": "pass", "fail": "fail"}.get(row.verdict, "unsure"),
                "valid": row.valid,
                "reason": visible(row.reason),
                "value": words.value(track.name, track.values[at]),
                "interval": f"{words.value(track.name, low)} .. {words.value(track.name, high)}"
                if known
                else units.NOT_AVAILABLE,
                "report": f"../{links.report_of(row.run_id)}" if row.run_id in site.reports else "",
            }
        )
    return found
