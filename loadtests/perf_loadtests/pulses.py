"""How the generator itself did: the worst of its processes, from their per-second records."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perf_analysis.saturation import CPU_RATIO
from perf_documents.health import HealthWindow
from perf_loadtests.totals import sum_counts

if TYPE_CHECKING:
    from perf_loadtests.protocol import SecondRecord


@dataclass(slots=True)
class _Pulse:
    """One process."""

    last: SecondRecord | None = None
    wall_offset_s: float | None = None
    cpu_ratios: list[float] = field(default_factory=list)


class Pulses:
    """Health of every process that loads, and of a master if there is one."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._windows: dict[int, HealthWindow] = {}
        self._pulses: dict[int, _Pulse] = {}
        self.silent_s = 0.0
        self.wall_step_s: float | None = None

    def add(self, record: SecondRecord) -> SecondRecord:
        """Take a second in; return it with the accounts of all processes so far."""
        pulse = self._pulses.setdefault(record.worker or 0, _Pulse())
        before, pulse.last = pulse.last, record
        # a large second comes in parts
        if before is None or before.at_s != record.at_s:
            self._note(pulse, before, record)
        if record.worker is None:
            return record
        lasts = [other.last for other in self._pulses.values() if other.last is not None]
        return record.model_copy(update={"counts": sum_counts([last.counts for last in lasts])})

    def windows(self) -> tuple[HealthWindow, ...]:
        """Worst health by window."""
        return tuple(window for _, window in sorted(self._windows.items()))

    def cpu_p95_ratio(self) -> float | None:
        """Of the busiest process: the smallest share with at most 5 % of its seconds above."""
        shares = [_p95(pulse.cpu_ratios) for pulse in self._pulses.values() if pulse.cpu_ratios]
        return max(shares, default=None)

    def too_busy(self) -> list[str]:
        """Which of several processes were too busy: the rule on it shows the worst figure only."""
        shares = {number: _p95(p.cpu_ratios) for number, p in self._pulses.items() if p.cpu_ratios}
        names = {number: f"worker {number}" if number else "the master" for number in shares}
        return [
            f"{names[number]} was too busy: {100 * shares[number]:.0f} % of a core"
            for number in sorted(shares)
            if len(shares) > 1 and shares[number] >= CPU_RATIO
        ]

    def _note(self, pulse: _Pulse, before: SecondRecord | None, record: SecondRecord) -> None:
        health = record.health
        if pulse.wall_offset_s is not None:
            step_s = abs(health.wall_offset_s - pulse.wall_offset_s)
            self.wall_step_s = max(self.wall_step_s or 0.0, step_s)
        pulse.wall_offset_s = health.wall_offset_s
        if record.at_s < 0.0:
            return
        if record.phase == "load":
            pulse.cpu_ratios.append(health.cpu_ratio)
        span_s = record.at_s - max(0.0, before.at_s if before else 0.0)
        self.silent_s = max(self.silent_s, span_s)
        window = int(max(0.0, record.at_s - 0.5) / self._window_s)
        made = HealthWindow(window=window, **health.model_dump())
        self._windows[window] = _worst(self._windows.get(window), made)


def _worst(old: HealthWindow | None, new: HealthWindow) -> HealthWindow:
    """Worst of two records of one window; probes are counted together."""
    if old is None:
        return new
    summed = {"loop_probes", "loop_late"}
    values: dict[str, float | int | None] = {}
    for name in HealthWindow.__slots__:
        pair = [value for value in (getattr(old, name), getattr(new, name)) if value is not None]
        if name == "wall_offset_s":
            values[name] = new.wall_offset_s
        else:
            values[name] = (sum(pair) if name in summed else max(pair)) if pair else None
    return HealthWindow(**values)  # type: ignore[arg-type]  # values follow the fields' own types


def _p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, math.ceil(0.95 * len(values)) - 1)]
