"""Readings from a run that is going on: what its engine has put on record up to an instant."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from perf_analysis.series import DRAIN, is_counted_for
from perf_canary.reading import NoData, Reading
from perf_canary.sources.stored import BOUNDS, TARGETS, Tally
from perf_documents.canary_rules import CANARY, CONTROL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from perf_analysis.series import Cell, ScenarioCell, SeriesKey, Slot

# an engine writes once a second; what it wrote up to so long after an instant belongs to it
_AFTER_S = 0.5
# what is older than this says nothing of the instant
_STALE_S = 2.5


class Second(NamedTuple):
    """What an engine recorded in a second that ended at `at_s` of the run's own time."""

    at_s: float
    series: Mapping[SeriesKey, Mapping[Slot, Cell]]
    scenarios: Mapping[str, Mapping[Slot, ScenarioCell]]


@dataclass(slots=True, kw_only=True)
class RunningSource:
    """Counts requests where their end was recorded, as a service's own counters do.

    Parameters
    ----------
    poll : callable
        Seconds that were recorded since it was last asked.
    has_control : bool
    """

    poll: Callable[[], Iterable[Second]]
    has_control: bool
    _waiting: deque[Second] = field(init=False, default_factory=deque)
    _tallies: dict[str, Tally] = field(init=False)
    _last_s: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        arms = (CANARY, CONTROL) if self.has_control else (CANARY,)
        self._tallies = {arm: Tally() for arm in arms}

    def read(self, t_s: float) -> Reading:
        """Return what had been recorded at an instant; instants only ascend."""
        self._waiting.extend(self.poll())
        while self._waiting and self._waiting[0].at_s <= t_s + _AFTER_S:
            self._take(self._waiting.popleft())
        silent_s = t_s - (0.0 if self._last_s is None else self._last_s)
        if silent_s > _STALE_S:
            missing = NoData(why=f"the run has recorded nothing for {silent_s:.0f} s")
            return Reading(t_s=t_s, canary=missing, control=missing)
        found = {arm: tally.counters(BOUNDS) for arm, tally in self._tallies.items()}
        return Reading(t_s=t_s, canary=found[CANARY], control=found.get(CONTROL))

    def _take(self, second: Second) -> None:
        self._last_s = second.at_s
        for arm, tally in self._tallies.items():
            target = TARGETS[arm]
            for key, slots in second.series.items():
                if key.target == target:
                    for slot, cell in slots.items():
                        if slot.phase != DRAIN:
                            tally.add(cell, failed=bool(key.error_class))
            for name, parts in second.scenarios.items():
                if is_counted_for(name, target):
                    tally.drop(sum(cell.dropped for cell in parts.values()))
