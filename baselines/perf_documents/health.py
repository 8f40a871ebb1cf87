"""The generator of a run, window by window: how much it began, how late, how busy it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_analysis.saturation import Reading
from perf_analysis.series import ScenarioCell, add_scenario_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.series import Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthWindow:
    """The generator over one window: worst values of the engine's per-second records.

    Attributes
    ----------
    window : int
    cpu_ratio : float
        CPU time over wall time of the engine process.
    loop_lag_s : float
        Latest the event loop answered a 100 ms timer.
    loop_probes, loop_late : int
        Loop probes, and how many came 100 ms late or more.
    rss_bytes, open_files : int
    gc_pause_s : float
        Longest pause of the garbage collector.
    wall_offset_s : float
        Wall clock minus monotonic clock, relative to the start of the run.
    host_cpu_ratio, steal_ratio : float or None
        Share of all processors busy, and stolen by the hypervisor; None where unknown.
    """

    window: int
    cpu_ratio: float
    loop_lag_s: float
    loop_probes: int = 0
    loop_late: int = 0
    rss_bytes: int
    open_files: int
    gc_pause_s: float = 0.0
    wall_offset_s: float = 0.0
    host_cpu_ratio: float | None = None
    steal_ratio: float | None = None


def readings_of(measured: Measured, health: Sequence[HealthWindow]) -> dict[int, Reading]:
    """Reading of each window of the schedule that has a record of the generator."""
    cells: dict[int, list[ScenarioCell]] = {}
    for slots in measured.scenarios.values():
        for slot, cell in slots.items():
            cells.setdefault(slot.window, []).append(cell)
    return {
        one.window: _reading(add_scenario_cells(cells[one.window]), one, measured.window_s)
        for one in health
        if one.window in cells
    }


def _reading(cell: ScenarioCell, health: HealthWindow, window_s: float) -> Reading:
    return Reading(
        rate_per_s=cell.started / window_s,
        planned=cell.planned,
        dropped=cell.dropped,
        lag_p99_s=cell.lag.quantile_s(0.99),
        cpu_ratio=health.cpu_ratio,
        gc_pause_s=health.gc_pause_s,
        host_cpu_ratio=health.host_cpu_ratio,
        steal_ratio=health.steal_ratio,
    )
