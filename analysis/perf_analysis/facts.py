"""What the validity rules must know of a run, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class EndState(StrEnum):
    """How a run ended."""

    COMPLETED = "completed"
    ABORTED = "aborted"  # a threshold with abortOnFail was breached
    STOPPED = "stopped"  # nothing but transport errors for ten seconds
    INTERRUPTED = "interrupted"  # by a signal
    INCOMPLETE = "incomplete"  # the engine left no whole completion record

    @property
    def counts_as_completed(self) -> bool:
        """Whether the schedule counts as completed (at the stop, for an early one)."""
        return self in {EndState.COMPLETED, EndState.ABORTED, EndState.STOPPED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Closing accounts of the engine.

    Attributes
    ----------
    planned, started, dropped, late_drops, unsent : int
        Arrivals up to the stop: planned = started + dropped + unsent (open executors).
    finished, failed, abandoned : int
        Iterations: started = finished + failed + abandoned.
    faulted : int
        Failed iterations in which no request had failed before.
    requests_started, requests_ended, requests_abandoned : int
        Requests: started = ended + abandoned; `ended` holds the failed ones too.
    requests_known : bool
        False where a client's request starts cannot be seen (custom Locust users).
    """

    planned: int = 0
    started: int = 0
    dropped: int = 0
    late_drops: int = 0
    unsent: int = 0
    finished: int = 0
    failed: int = 0
    abandoned: int = 0
    faulted: int = 0
    requests_started: int = 0
    requests_ended: int = 0
    requests_abandoned: int = 0
    requests_known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """Everything that V1 to V11 look at, beside the measured cells themselves.

    Attributes
    ----------
    state : EndState
    end_detail : str
        In words: which threshold aborted, which signal, what the completion record lacked.
    schedule_s, reached_s : float
        Planned length of the schedule; how far it came on the monotonic clock.
    open_model : bool
    accounts : Accounts
    vu_seconds_planned, vu_seconds : float
        Up to the stop (closed executors).
    cpu_p95_ratio : float or None
        95th percentile over one-second windows of the engine's CPU time over wall time.
    lag_p99_s : float or None
        Of all arrivals that found a VU free; None under closed executors.
    loop_late_ratio : float
        Share of loop probes that came 100 ms late or more (a note, not a gate).
    silent_s : float
        Longest silence between two of the engine's per-second records.
    local_errors : mapping of str to int
        Failure classes of the generator with their counts.
    processes_planned, processes_final : int
        Engine processes, and how many sent a whole final report.
    sequence_problem : str
        Empty, or what is wrong with the record (gap, damage, foreign id, changed bytes).
    wall_step_s : float or None
        Largest change of wall minus monotonic clock between two seconds.
    exceptions : mapping of str to int
        Exceptions outside requests in words ("TypeError in file.py:12"), with counts; those of
        iterations in which a request had failed before are excused and left out (V9).
    invalid_samples : int
    names : int
        Distinct request names seen, those beyond the limit included.
    unknown : frozenset of str
        Rules ("V6") that the source of this run cannot show.
    saturation : str
        What kept the generator from the rate that was asked of it, and what it held; empty where
        nothing did.
    """

    state: EndState
    end_detail: str = ""
    schedule_s: float
    reached_s: float
    open_model: bool
    accounts: Accounts
    vu_seconds_planned: float = 0.0
    vu_seconds: float = 0.0
    cpu_p95_ratio: float | None
    lag_p99_s: float | None
    loop_late_ratio: float = 0.0
    silent_s: float = 0.0
    local_errors: Mapping[str, int] = field(default_factory=dict)
    processes_planned: int = 1
    processes_final: int
    sequence_problem: str = ""
    wall_step_s: float | None
    exceptions: Mapping[str, int] = field(default_factory=dict)
    invalid_samples: int = 0
    names: int = 0
    unknown: frozenset[str] = frozenset()
    saturation: str = ""
