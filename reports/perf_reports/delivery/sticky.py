"""The one comment: found, brought up to date, or made; never a second one, never another's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from perf_reports.delivery.http import DeliveryError, LostAnswerError
from perf_reports.delivery.marker import Marker, read_marker

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment that this token's identity wrote."""

    identity: int
    text: str


class Thread(Protocol):
    """Where comments stand: a pull request of GitHub, a merge request of GitLab."""

    def mine(self) -> Sequence[Comment]:
        """Comments of this token's identity, all pages of them."""

    def create(self, text: str) -> None:
        """Write a new one."""

    def update(self, identity: int, text: str) -> bool:
        """Change one; False if it is gone."""

    def delete(self, identity: int) -> None:
        """Remove one; fine if it is gone."""


def own(thread: Thread, key: str) -> list[tuple[Marker, Comment]]:
    """Our comments of that key, the one to keep first: the newest run's, then the oldest."""
    marked = [(read_marker(comment.text), comment) for comment in thread.mine()]
    found = [(marker, comment) for marker, comment in marked if marker and marker.key == key]
    newest_first = sorted(found, key=lambda pair: pair[1].identity)
    return sorted(newest_first, key=lambda pair: pair[0].order, reverse=True)


def put(thread: Thread, marker: Marker, text: str) -> str:
    """Bring the comment of a key up to date.

    Of two runs whose calls interleave, the later write stands: no host changes a comment on a
    condition. One comment remains all the same. `concurrency` of a workflow lets no two run.

    Parameters
    ----------
    thread : Thread
    marker : Marker
        Of this run.
    text : str
        Whole comment, its marker first.

    Returns
    -------
    str
        What became of it, for the log.
    """
    known = own(thread, marker.key)
    if known and known[0][0].order > marker.order:
        _keep_first(thread, known)
        return "a newer run's comment stands"
    if known and known[0][1].text.rstrip() == text.rstrip():
        _keep_first(thread, known)
        return "the comment says so already"
    if known and thread.update(known[0][1].identity, text):
        _keep_first(thread, known)
        return "comment updated"
    _create(thread, marker, text)
    found = own(thread, marker.key)
    if not found:
        raise DeliveryError("the comment was taken, but it cannot be found again")
    _keep_first(thread, found)
    return "comment written"


def _create(thread: Thread, marker: Marker, text: str) -> None:
    """Write a new one; where the answer was lost, look before writing again."""
    try:
        thread.create(text)
    except LostAnswerError:
        if not _is_there(thread, marker):
            thread.create(text)


def _is_there(thread: Thread, marker: Marker) -> bool:
    return any(found == marker for found, _ in own(thread, marker.key))


def _keep_first(thread: Thread, known: Sequence[tuple[Marker, Comment]]) -> None:
    for _, comment in known[1:]:
        thread.delete(comment.identity)
