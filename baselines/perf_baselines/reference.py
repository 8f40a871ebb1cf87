"""Which accepted runs a candidate is held against, and what a reader should know of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from perf_baselines.baseline_files import KEPT
from perf_baselines.comparable import difference, same_mix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perf_analysis.figures import RunFigures
    from perf_baselines.baseline import Baseline

STALE_DAYS = 30
_ENOUGH = 3
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The run that is to be compared."""

    figures: RunFigures
    load: Mapping[str, object]
    fingerprint: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The other side of a comparison.

    Attributes
    ----------
    runs : tuple of RunFigures
        Comparable ones, the oldest first; may be empty.
    mix_kept : bool
        Whether both sides send the same mix of requests.
    left_out, notes : tuple of str
        In words.
    """

    runs: tuple[RunFigures, ...] = ()
    mix_kept: bool = True
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def choose(candidate: Candidate, accepted: Sequence[Baseline], now: datetime) -> Reference:
    """Choose the last 20 comparable baselines.

    Parameters
    ----------
    candidate : Candidate
    accepted : sequence of Baseline
        The oldest first; the candidate's own run is left aside.
    now : datetime
        With a zone; for ages.

    Notes
    -----
    Those of an equal load come first. Where fewer than three are, those that differ in nothing but
    the scenario's file are taken too: the names that both have can still be compared.
    """
    others = [b for b in accepted if b.run_id != candidate.figures.run_id]
    differences = {b.run_id: difference(candidate.load, b.load) for b in others}
    equal = [b for b in others if not differences[b.run_id].load]
    unchanged = [b for b in equal if not differences[b.run_id].scenario]
    chosen = (unchanged if len(unchanged) >= _ENOUGH else equal)[-KEPT:]
    return Reference(
        runs=tuple(b.figures for b in chosen),
        mix_kept=all(
            not differences[b.run_id].scenario or same_mix(candidate.figures, b.figures)
            for b in chosen
        ),
        left_out=_left_out([differences[b.run_id].load for b in others]),
        notes=(
            *_mix_notes(any(differences[b.run_id].scenario for b in chosen)),
            *_age_notes(chosen, now),
            *_machine_notes(candidate, chosen),
        ),
    )


def _left_out(differences: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    counted = Counter(words for words in differences if words)
    return tuple(
        f"{count} {'baseline' if count == 1 else 'baselines'} not comparable: {', '.join(words)}"
        for words, count in counted.items()
    )


def _mix_notes(is_changed: bool) -> tuple[str, ...]:  # noqa: FBT001  # the only argument
    return ("the scenario's file changed since the baselines",) if is_changed else ()


def _age_notes(chosen: Sequence[Baseline], now: datetime) -> tuple[str, ...]:
    if not chosen:
        return ()
    newest = max(datetime.fromisoformat(b.accepted_at) for b in chosen)
    days = max(0.0, (now - newest).total_seconds() / _DAY_S)
    age = f"the newest of {len(chosen)} baselines was accepted {days:.0f} days ago"
    return (f"stale: {age}; accept newer runs",) if days > STALE_DAYS else ((age,))


def _machine_notes(candidate: Candidate, chosen: Sequence[Baseline]) -> tuple[str, ...]:
    """Facts of the machine in which no baseline equals the candidate: noted, never gated."""
    changed = [
        f"{name} {chosen[-1].fingerprint[name]} → {value}"
        for name, value in candidate.fingerprint.items()
        if chosen
        and name in chosen[-1].fingerprint
        and all(b.fingerprint.get(name) != value for b in chosen)
    ]
    return (f"the machine differs from that of the baselines: {', '.join(changed)}",) * bool(
        changed
    )
