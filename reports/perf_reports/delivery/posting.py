"""A view to the one comment: rendered to fit, marked, and put where it belongs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perf_reports.comment import BUDGET, MOST_EARLIER, Commit, render_comment
from perf_reports.delivery.github import TooLongError
from perf_reports.delivery.marker import Marker, body_hash, commits_line, read_commits
from perf_reports.delivery.sticky import own, put

if TYPE_CHECKING:
    from perf_reports.comment import Context
    from perf_reports.delivery.sticky import Thread
    from perf_reports.parts import View

# The two hidden lines before the body: the marker, and ten commits with their glyphs.
_HIDDEN = 1000


def post(thread: Thread, view: View, context: Context, key: str, order: tuple[int, int]) -> str:
    """Bring the comment of a view up to date; return what became of it.

    Raises
    ------
    DeliveryError
        If it could not be delivered, also with half of the size.
    """
    known = own(thread, key)
    before = read_commits(known[0][1].text) if known else ()
    earlier = tuple(one for one in before if one.sha != context.commit)[:MOST_EARLIER]
    try:
        return _put(thread, view, replace(context, earlier=earlier), (key, order), BUDGET)
    except TooLongError:
        half = BUDGET // 2
        return _put(thread, view, replace(context, earlier=earlier), (key, order), half)


def _put(
    thread: Thread, view: View, context: Context, whose: tuple[str, tuple[int, int]], budget: int
) -> str:
    room = budget - _HIDDEN
    body = render_comment(view, context, room)
    # what came before is no part of what this run says
    own_words = render_comment(view, replace(context, earlier=()), room)
    marker = Marker(key=whose[0], order=whose[1], body=body_hash(own_words))
    commits = context.earlier
    if context.commit:
        commits = (Commit(sha=context.commit, glyph=view.glyph), *commits)
    text = f"{marker.line}\n{commits_line(commits[:MOST_EARLIER])}\n\n{body}"
    return put(thread, marker, text)
