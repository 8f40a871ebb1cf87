"""The records of a history in a git branch: the union of both sides, however many push at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_baselines.store import Entry, checked
from perf_documents.errors import StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from perf_baselines.git_branch import Blob, Branch
    from perf_baselines.history import History

TRIES = 20
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How to sync.

    Attributes
    ----------
    push : bool
        False only takes what is there: for those who may not write.
    restore : bool
        Put back what a rewritten branch no longer holds.
    now : datetime
        With a zone; of the commit.
    pause : callable
        Waits before the next try, given the number of tries.
    """

    push: bool
    restore: bool
    now: datetime
    pause: Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """How many records went which way, and how often somebody else was first."""

    sent: int
    received: int
    tries: int


def sync(history: History, branch: Branch, wish: Wish) -> Synced:
    """Bring history and branch to the union of their records.

    Raises
    ------
    UsageError
        If the branch holds anything else than records, or was rewritten without some of them.
    StoreError
        If the remote cannot be reached, or others were first too often. Nothing that either
        side held is lost.
    """
    received = 0
    for number in range(1, TRIES + 1):
        tip = branch.fetch()
        there = branch.records(tip) if tip else {}
        here = history.ids()
        if not wish.restore:
            _refuse_loss(branch, tip, there, here)
        received += _take(history, branch, {i: there[i] for i in there.keys() - here})
        missing = sorted(here - there.keys()) if wish.push else []
        if missing:
            texts = {run_id: history.texts(run_id)[0] for run_id in missing}
            commit = branch.commit(tip, texts, wish.now)
            if not branch.push(commit):
                wish.pause(number)
                continue
            tip = commit
        if tip:
            branch.remember(tip)
        return Synced(sent=len(missing), received=received, tries=number)
    raise StoreError(
        f"{branch.place}: others were first {TRIES} times; what it held is stored here; "
        "next: try again"
    )


def _refuse_loss(
    branch: Branch, tip: str | None, there: Mapping[str, Blob], here: AbstractSet[str]
) -> None:
    """Refuse a branch that was rewritten without records that it held, and that stand here."""
    before = branch.synced()
    if before is None or (tip is not None and branch.contains(tip, before)):
        return
    lost = sorted(branch.records(before).keys() & here - there.keys())
    if lost:
        few = ", ".join(lost[:_SHOWN]) + (", ..." if len(lost) > _SHOWN else "")
        raise UsageError(
            f"{branch.place}: was rewritten and lacks {len(lost)} runs that it held: {few}; they "
            "are still here, and nothing was changed; next: --restore puts them back, or perf "
            "history prune removes them here too"
        )


def _take(history: History, branch: Branch, blobs: Mapping[str, Blob]) -> int:
    """Store records that are not here yet, all of them or none that cannot be read."""
    texts = dict(zip(blobs, branch.read(list(blobs.values())), strict=True))
    entries = [
        Entry(checked(f"{branch.place}:records/{run_id}.json", run_id, text), text, None)
        for run_id, text in texts.items()
    ]
    return history.store_records(entries) if entries else 0
