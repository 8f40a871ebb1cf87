"""How much the generator held, second by second, and what stopped it from holding more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_analysis.wording import number, seconds, share

if TYPE_CHECKING:
    from collections.abc import Iterable

CPU_RATIO = 0.85
LAG_S = 0.010
STEAL_RATIO = 0.05
GC_PAUSE_S = 0.050
_ALL_BUSY = 0.95
_NEARLY_BUSY = 0.70
_DROPPED_RATIO = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The generator over one window.

    Attributes
    ----------
    rate_per_s : float
        Arrivals that were begun.
    planned, dropped : int
        Arrivals of the plan, and how many of them found every VU busy.
    lag_p99_s : float or None
        None where no arrival found a VU free.
    cpu_ratio : float
        Processor time over wall time of the busiest engine process.
    gc_pause_s : float
        Longest pause of the garbage collector.
    host_cpu_ratio, steal_ratio : float or None
        Share of all processors busy, and stolen by the hypervisor; None where unknown.
    """

    rate_per_s: float
    planned: int
    dropped: int
    lag_p99_s: float | None
    cpu_ratio: float
    gc_pause_s: float = 0.0
    host_cpu_ratio: float | None = None
    steal_ratio: float | None = None


def is_held(reading: Reading, *, lag_s: float = LAG_S) -> bool:
    """Whether the generator kept up, and every arrival found a VU."""
    late = reading.lag_p99_s is not None and reading.lag_p99_s >= lag_s
    dropped = reading.dropped > _DROPPED_RATIO * reading.planned
    return not late and not dropped and reading.cpu_ratio < CPU_RATIO


def rate_held(readings: Iterable[Reading], *, lag_s: float = LAG_S) -> float | None:
    """Highest rate in a window in which the generator kept up; None if it never did."""
    rates = [reading.rate_per_s for reading in readings if is_held(reading, lag_s=lag_s)]
    return max(rates, default=None)


def cause(reading: Reading) -> str:
    """What kept the generator from holding a rate, in words: the likeliest first.

    Examples
    --------
    >>> cause(Reading(rate_per_s=9e3, planned=9000, dropped=0, lag_p99_s=0.04, cpu_ratio=0.99))
    "the generator's processor: 99 % of a core"
    """
    steal, host = reading.steal_ratio or 0.0, reading.host_cpu_ratio or 0.0
    if reading.cpu_ratio >= CPU_RATIO:
        return f"the generator's processor: {share(reading.cpu_ratio, 2)} of a core"
    if steal >= STEAL_RATIO:
        return f"the hypervisor: it took {share(steal, 2)} of the processors for other machines"
    if host >= _ALL_BUSY:
        return (
            f"other work on this machine: all cores {share(host, 2)} busy, "
            f"the generator {share(reading.cpu_ratio, 2)} of one"
        )
    if reading.gc_pause_s >= GC_PAUSE_S:
        return f"the garbage collector: a pause of {seconds(reading.gc_pause_s)}"
    if reading.cpu_ratio >= _NEARLY_BUSY:
        return f"the generator's processor: {share(reading.cpu_ratio, 2)} of a core"
    if reading.dropped:
        return f"answers too slow for the VUs there are: {reading.dropped:,} arrivals dropped"
    return "something that held the event loop up: a blocking call, or a machine that paused"


def worst(readings: Iterable[Reading]) -> Reading | None:
    """Window that names the cause: the latest, and the busiest where none was late."""
    lost = [reading for reading in readings if not is_held(reading)]
    return max(lost, key=lambda one: (one.lag_p99_s or 0.0, one.cpu_ratio), default=None)


def in_words(readings: Iterable[Reading]) -> str:
    """What kept the generator from the rate that was asked of it, and what it held; or nothing."""
    seen = list(readings)
    lost, held = worst(seen), rate_held(seen)
    if lost is None:
        return ""
    most = "no second was held" if held is None else f"at most {number(held)} arrivals/s were held"
    return f"limited by {cause(lost)}; {most}"
