"""Progress of a run: what the supervisor emits each second and a renderer shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The run as it stands at one second.

    Attributes
    ----------
    at_s, duration_s, left_s : float
        Seconds of schedule gone, planned and left; `left_s` includes no drain.
    phase : str
        `starting`, a phase of the schedule, or `drain`.
    open_model : bool
        Whether `planned` and `achieved` are iterations per second; VUs otherwise.
    planned, achieved : float
        Over the last whole second.
    p50_s, p95_s, p99_s : float or None
        Service time over the last five seconds; None without answers.
    requests, failed, dropped, abandoned : int
        Since the start.
    lag_p99_s : float or None
        Schedule lag over the last five seconds.
    vus : int
    """

    at_s: float
    duration_s: float
    left_s: float
    phase: str
    open_model: bool
    planned: float
    achieved: float
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    requests: int
    failed: int
    dropped: int
    abandoned: int
    lag_p99_s: float | None
    vus: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One line that a person should see: where the run is, or what went wrong in it."""

    text: str
    warning: bool = False
