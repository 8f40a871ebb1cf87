"""Which stored runs may go: by age and count, never those that something still refers to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perf_baselines.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is kept; a run goes only if both rules let it.

    Attributes
    ----------
    keep : int
        Newest runs of each profile in each environment.
    older_than_s : float
        Age below which every run is kept.
    protected : mapping of str to str
        Run ids that are kept whatever their age, each with the reason in words.
    now : datetime
        With a zone.
    """

    keep: int
    older_than_s: float
    protected: Mapping[str, str]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """What goes, the oldest first, and what would have gone but for a reference to it."""

    gone: tuple[Record, ...]
    spared: tuple[tuple[Record, str], ...]


def choose(records: Iterable[Record], retention: Retention) -> Pruning:
    """Choose what goes; a run whose clock was ahead of ours has no age and stays."""
    seen: Counter[tuple[str, str]] = Counter()
    gone: list[Record] = []
    spared: list[tuple[Record, str]] = []
    newest_first = sorted(records, key=lambda run: (run.started_at, run.run_id), reverse=True)
    for record in newest_first:
        seen[record.profile, record.environment] += 1
        is_kept = seen[record.profile, record.environment] <= retention.keep
        if is_kept or _age_s(record, retention.now) <= retention.older_than_s:
            continue
        reason = retention.protected.get(record.run_id)
        if reason is None:
            gone.append(record)
        else:
            spared.append((record, reason))
    return Pruning(gone=tuple(reversed(gone)), spared=tuple(reversed(spared)))


def _age_s(record: Record, now: datetime) -> float:
    return (now - datetime.fromisoformat(record.started_at)).total_seconds()
