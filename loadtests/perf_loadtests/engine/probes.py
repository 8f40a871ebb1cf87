"""How the generator itself is doing: processor, event loop, memory, clocks."""

from __future__ import annotations

import gc
import os
import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING

import gevent

if TYPE_CHECKING:
    from collections.abc import Callable

PROBE_S = 0.1
LATE_S = 0.1


class Probes:
    """Samples once a second what the validity rules on the generator need.

    Parameters
    ----------
    clock, wall : callable
        Monotonic seconds; seconds since 1970.
    yielded : callable
        Processor time so far that went into waiting: it counts as none.
    cores : float
        Processors that may be used; below one it is out of these that a share is taken.
    """

    def __init__(
        self, *, clock: Callable[[], float], wall: Callable[[], float],
        yielded: Callable[[], float], cores: float = 1.0,
    ) -> None:  # fmt: skip
        self._clock = clock
        self._wall = wall
        self._yielded = yielded
        self._cores = min(1.0, cores)
        self._wall_zero_s = wall() - clock()
        self._cpu_s = self._worked_s()
        self._at_s = clock()
        self._host = _host_times()
        self._worst_s = 0.0
        self._probes = 0
        self._late = 0
        self._gc_began_s = 0.0
        self._gc_pause_s = 0.0
        gc.callbacks.append(self._note_gc)

    def watch_loop(self) -> None:
        """Probe the event loop every 100 ms, for ever."""
        due_s = self._clock() + PROBE_S
        while True:
            gevent.sleep(max(0.0, due_s - self._clock()))
            late_s = max(0.0, self._clock() - due_s)
            self._probes += 1
            self._late += late_s >= LATE_S
            self._worst_s = max(self._worst_s, late_s)
            due_s = max(due_s + PROBE_S, self._clock())

    def take(self) -> dict[str, object]:
        """Hand over the figures since the last call, as a `HealthModel`."""
        now_s, cpu_s, host = self._clock(), self._worked_s(), _host_times()
        span_s = max(1e-9, now_s - self._at_s)
        busy, stolen = _shares(self._host, host)
        record: dict[str, object] = {
            "cpu_ratio": max(0.0, cpu_s - self._cpu_s) / span_s / self._cores,
            "loop_lag_s": self._worst_s,
            "loop_probes": self._probes,
            "loop_late": self._late,
            "rss_bytes": _rss_bytes(),
            "open_files": _open_files(),
            "gc_pause_s": self._gc_pause_s,
            "wall_offset_s": self._wall() - now_s - self._wall_zero_s,
            "host_cpu_ratio": busy,
            "steal_ratio": stolen,
        }
        self._at_s, self._cpu_s, self._host = now_s, cpu_s, host
        self._worst_s = self._gc_pause_s = 0.0
        self._probes = self._late = 0
        return record

    def _worked_s(self) -> float:
        """Processor time without what only waited for an instant to come."""
        return time.process_time() - self._yielded()

    def _note_gc(self, phase: str, info: dict[str, int]) -> None:
        del info
        if phase == "start":
            self._gc_began_s = self._clock()
        else:
            self._gc_pause_s = max(self._gc_pause_s, self._clock() - self._gc_began_s)


def settle_gc() -> None:
    """Keep what lives now out of every collection, and full collections out of the load."""
    gc.collect()
    gc.freeze()
    # young ones stay on, but none for every few requests
    gc.set_threshold(5_000, 10, 1_000_000)


def _rss_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        # macOS counts in bytes, and only the highest value
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * os.sysconf("SC_PAGE_SIZE")


def _open_files() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # names only, no Path objects
    except OSError:
        return 0


def _host_times() -> list[int]:
    try:
        line = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
    except OSError:
        return []
    return [int(field) for field in line.split()[1:9]]


def _shares(before: list[int], after: list[int]) -> tuple[float | None, float | None]:
    """Busy and stolen share of all processors between two readings of /proc/stat."""
    spent = [late - early for early, late in zip(before, after, strict=False)]
    total = sum(spent)
    if len(spent) < 8 or total <= 0:  # noqa: PLR2004  # user..steal
        return None, None
    idle = spent[3] + spent[4]
    return max(0.0, (total - idle) / total), max(0.0, spent[7] / total)
