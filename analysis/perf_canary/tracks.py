"""Readings made into intervals: each arm for itself, and both over the same time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perf_canary.reading import Counters, Interval, NoData, difference

if TYPE_CHECKING:
    from perf_canary.reading import Reading


@dataclass(slots=True)
class ArmTrack:
    """One arm's counters, differenced: what a gap hides is in the next interval, a restart not."""

    _base: Counters | None = None
    _base_s: float = 0.0
    requests: float = 0.0
    errors: float = 0.0

    def take(self, counters: Counters | NoData, t_s: float) -> Interval | NoData:
        """Return the interval since the last reading."""
        if isinstance(counters, NoData):
            if counters.restarted:
                self._base = None
            return counters
        base, base_s = self._base, self._base_s
        self._base, self._base_s = counters, t_s
        if base is None:
            return NoData(why="first reading: nothing to subtract yet")
        interval = difference(base, counters, base_s, t_s)
        if isinstance(interval, Interval):
            self.requests += interval.requests
            self.errors += interval.errors
        return interval


@dataclass(slots=True)
class PairTrack:
    """Both arms between the same two instants; one of them without data ends no interval."""

    _canary: ArmTrack = field(default_factory=ArmTrack)
    _control: ArmTrack = field(default_factory=ArmTrack)

    def take(self, reading: Reading) -> tuple[Interval, Interval] | NoData:
        """Return the canary's interval and the control's."""
        canary, control = reading.canary, reading.control
        if control is None:
            return NoData(why="no control")
        lacking = [arm for arm in (canary, control) if isinstance(arm, NoData)]
        if lacking:
            if any(arm.restarted for arm in lacking):
                self._canary, self._control = ArmTrack(), ArmTrack()
            return lacking[0]
        first = self._canary.take(canary, reading.t_s)
        second = self._control.take(control, reading.t_s)
        if isinstance(first, NoData):
            return first
        return second if isinstance(second, NoData) else (first, second)
