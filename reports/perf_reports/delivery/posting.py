"""A view to the one comment: rendered to fit, marked, and put where it belongs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perf_reports.comment import BUDGET, MOST_EARLIER, Commit, render_comment
from perf_reports.delivery.github import TooLongError
from perf_reports.delivery.marker import Marker, body_hash, commits_line, read_commits
from perf_reports.delivery.sticky import put

if TYPE_CHECKING:
    from collections.abc import Callable

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

    def compose_within(budget: int) -> Callable[[str], str]:
        def compose(before: str) -> str:
            return _text(view, _with_earlier(context, before), (key, order), budget - _HIDDEN)

        return compose

    try:
        return put(thread, key, order, compose_within(BUDGET))
    except TooLongError:
        return put(thread, key, order, compose_within(BUDGET // 2))


def _with_earlier(context: Context, before: str) -> Context:
    """Context with the commits that the comment before knew of, this one left out."""
    others = [one for one in read_commits(before) if one.sha != context.commit]
    return replace(context, earlier=tuple(others[: MOST_EARLIER - 1]))


def _text(view: View, context: Context, whose: tuple[str, tuple[int, int]], room: int) -> str:
    body = render_comment(view, context, room)
    # what came before is no part of what this run says
    own_words = render_comment(view, replace(context, earlier=()), room)
    marker = Marker(key=whose[0], order=whose[1], body=body_hash(own_words))
    commits = context.earlier
    if context.commit:
        commits = (Commit(sha=context.commit, glyph=view.glyph), *commits)
    return f"{marker.line}\n{commits_line(commits)}\n\n{body}"
