"""What charts are drawn from: a run over time, and how its durations were distributed."""

from __future__ import annotations

from dataclasses import dataclass

Line = tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The run over time, one entry per point; a point is one window or several.

    Attributes
    ----------
    point_s : float
        Length of a point.
    windows : int
        Windows that the points were merged from.
    at_s : tuple of float
        Start of each point.
    phases : tuple of str
        Phase at the start of each point.
    trend : str
        `latency`, or `service time` under closed executors.
    p50_s, p95_s, p99_s, service_p95_s : Line
        Quantiles of the trend, and of service time; None where too few requests began.
    control_p95_s : Line
        p95 of the control's service time; empty without one.
    unfinished : tuple of int
        Requests that never completed and dropped arrivals, which only have a lower bound.
    planned, started : Line
        Iterations per second, or VUs under closed executors.
    ended, dropped, unsent : Line
        Requests ended per second; arrivals dropped and unsent per second.
    failures : tuple of (str, Line)
        Failures per second by class, largest first, the rest as `other`.
    lag_p99_s, cpu_ratio : Line
        Schedule lag, and the highest CPU share of the engine.
    """

    point_s: float
    windows: int
    at_s: tuple[float, ...]
    phases: tuple[str, ...]
    trend: str
    p50_s: Line
    p95_s: Line
    p99_s: Line
    service_p95_s: Line
    control_p95_s: Line
    unfinished: tuple[int, ...]
    planned: Line
    started: Line
    ended: Line
    dropped: Line
    unsent: Line
    failures: tuple[tuple[str, Line], ...]
    lag_p99_s: Line
    cpu_ratio: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Service time of one arm by quantile.

    Attributes
    ----------
    target : str
        `candidate` or `control`.
    n, censored : int
        Requests, and how many of them never completed.
    points : tuple of (float, float)
        Quantile and seconds, ascending; it ends where ten requests lie above, or where requests
        that never completed would decide.
    """

    target: str
    n: int
    censored: int
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """Durations by group of windows and by bins that are even on a logarithmic scale.

    Attributes
    ----------
    group_s : float
        Length of a group.
    low_s, high_s : float
        Lower end of the first and upper end of the last bin.
    counts : tuple of tuple of int
        One row per group, the shortest durations first.
    """

    group_s: float
    low_s: float
    high_s: float
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointLine:
    """One endpoint over time.

    Attributes
    ----------
    point_s : float
        Length of a point.
    p95_s, control_p95_s : Line
        p95 of service time; None where too few requests began, empty without such requests at all.
    failed : tuple of bool
        Whether a request failed, by point.
    """

    label: str
    point_s: float
    p95_s: Line
    control_p95_s: Line
    failed: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """How durations were distributed; empty where windows were not looked at."""

    curves: tuple[Curve, ...]
    heat: Heat | None
    lines: tuple[EndpointLine, ...]
