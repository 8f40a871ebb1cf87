"""Which run comes after which, though clocks differ, and which series are no longer measured."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perf_baselines.trend_rows import Row

STALE_DAYS = 14
STALE_COMMITS = 20


class _Run(Protocol):
    """What says where a run belongs."""

    @property
    def run_id(self) -> str: ...

    @property
    def started_at(self) -> str: ...

    @property
    def commit(self) -> str: ...

    @property
    def committed_at(self) -> str: ...


_R = TypeVar("_R", bound=_Run)


def in_order(runs: Iterable[_R]) -> list[_R]:
    """Runs by the time of their commit, then by their own: clocks of several machines differ.

    Where nobody knows when a commit was made, its first run says so.
    """
    by_start = sorted(runs, key=lambda run: (run.started_at, run.run_id))
    made: dict[str, str] = {}
    for run in by_start:
        if run.committed_at:
            made.setdefault(run.commit, run.committed_at)
    for run in by_start:
        made.setdefault(run.commit, run.started_at)
    return sorted(by_start, key=lambda run: made[run.commit] if run.commit else run.started_at)


class Clock:
    """Says of a series that it is no longer measured: by the newest run, not by today."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._newest = rows[-1].started_at if rows else ""
        self._order: dict[str, dict[str, int]] = {}
        for row in rows:
            if row.commit:
                order = self._order.setdefault(row.branch, {})
                order.setdefault(row.commit, len(order))

    def stale(self, rows: Sequence[Row], values: Sequence[float | None]) -> str:
        """Why a series counts as stale; empty where it does not."""
        measured = [row for row, value in zip(rows, values, strict=True) if value is not None]
        last = max(measured, key=lambda row: row.started_at)
        days = (instant(self._newest) - instant(last.started_at)).days
        if days >= STALE_DAYS:
            return f"not measured for {days} days"
        order = self._order.get(last.branch, {})
        behind = len(order) - 1 - order.get(last.commit, len(order) - 1)
        return f"not measured for {behind} commits" if behind >= STALE_COMMITS else ""


def instant(text: str) -> datetime:
    """Instant of a run's start."""
    return datetime.fromisoformat(text)
