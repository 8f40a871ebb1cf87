"""`badge.svg` for each profile: verdict and day of the newest run of the default branch."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from perf_documents.strict_json import content_hash
from perf_reports.escape import shorten, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perf_baselines.trend_rows import Row
    from perf_reports.trend.model import Site

_FILLS = {"pass": "#00664b", "fail": "#a8321a", "inconclusive": "#6f3fa0"}
_GLYPHS = {"pass": "✓", "fail": "✗", "inconclusive": "?"}
_GREY = "#5a5a5a"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")
_CHARACTER = 6.6
_LONGEST = 30


def render(site: Site) -> Iterator[tuple[str, str]]:
    """Paths and pictures."""
    newest: dict[str, Row] = {}
    for track in site.tracks:
        row = track.rows[-1]
        known = newest.get(track.place.profile)
        if track.is_default and (known is None or row.started_at > known.started_at):
            newest[track.place.profile] = row
    for profile, row in sorted(newest.items()):
        # a profile's name may come from a file of another tool
        safe = profile if _NAME.fullmatch(profile) else content_hash(profile.encode())[:10]
        yield f"badges/{safe}.svg", _picture(profile, row, site.generator)


def _picture(profile: str, row: Row, generator: str) -> str:
    word = row.verdict if row.valid or row.verdict != "pass" else "inconclusive"
    left = shorten(visible(profile), _LONGEST)
    right = f"{_GLYPHS.get(word, '○')} {word or 'not judged'} {row.started_at[:10]}"
    widths = [round(_CHARACTER * len(text) + 14.0) for text in (left, right)]
    total, said = sum(widths), html.escape(f"{left}: {right}")
    fill = _FILLS.get(word, _GREY)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="20" role="img" '
        f'aria-label="{said}"><!-- {generator} --><title>{said}</title>'
        f'<rect width="{total}" height="20" rx="4" fill="{fill}"/>'
        f'<path d="M4 0H{widths[0]}V20H4a4 4 0 0 1-4-4V4a4 4 0 0 1 4-4z" fill="#3a4046"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" '
        'text-anchor="middle">'
        f'<text x="{widths[0] / 2:g}" y="14">{html.escape(left)}</text>'
        f'<text x="{widths[0] + widths[1] / 2:g}" y="14">{html.escape(right)}</text></g></svg>\n'
    )
