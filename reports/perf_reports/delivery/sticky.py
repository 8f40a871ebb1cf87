"""The one comment: found, brought up to date, or made; never a second one, never another's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from perf_reports.delivery.http import DeliveryError, LostAnswerError, WaitedError
from perf_reports.delivery.marker import Marker, read_marker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ROUNDS = 6
_WRITTEN = "comment written"


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


def put(thread: Thread, key: str, order: tuple[int, int], compose: Callable[[str], str]) -> str:
    """Bring the comment of a key up to date, and read it back.

    Nothing is written without a look just before it, also after a wait or a lost answer. Of two
    runs whose calls interleave the newer one stands if it still looks; no host changes a comment
    on a condition, so a write of the older one after that stays until the next run. One comment
    remains in any case. `concurrency` of a workflow lets no two run.

    Parameters
    ----------
    thread : Thread
    key : str
    order : tuple of int
        Of this run.
    compose : callable
        From the text of the comment that stands, or nothing, to the whole new one.

    Returns
    -------
    str
        What became of it, for the log.

    Raises
    ------
    DeliveryError
        If it could not be written, or is not found where it was written.
    """
    done = ""
    for _ in range(_ROUNDS):
        known = own(thread, key)
        if done == _WRITTEN and not known:
            raise DeliveryError("the comment was taken, but it cannot be found again")
        text = compose(known[0][1].text if known else "")
        if known and (said := _settled(known[0], order, text, done)):
            _keep_first(thread, known)
            return said
        done = _write(thread, known, text)
    raise DeliveryError(f"the comment was not there as sent, {_ROUNDS} tries; next: run it again")


def _settled(standing: tuple[Marker, Comment], order: tuple[int, int], text: str, done: str) -> str:
    """What can be said of the comment that stands; empty where it must be written."""
    marker, comment = standing
    if marker.order > order:
        return "a newer run's comment stands"
    if comment.text.rstrip() == text.rstrip():
        return done or "the comment says so already"
    if done and marker == read_marker(text):
        return f"{done}, but the server keeps other words than were sent"
    return ""


def _write(thread: Thread, known: Sequence[tuple[Marker, Comment]], text: str) -> str:
    """Write once; what was done as far as one knows."""
    try:
        if known and thread.update(known[0][1].identity, text):
            return "comment updated"
        thread.create(text)
    except WaitedError:
        return ""
    except LostAnswerError:
        return "comment written, its answer lost"
    return _WRITTEN


def _keep_first(thread: Thread, known: Sequence[tuple[Marker, Comment]]) -> None:
    for _, comment in known[1:]:
        thread.delete(comment.identity)
