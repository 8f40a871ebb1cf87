"""A run that is going on, read while its engine writes it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perf_analysis.judgement import judge
from perf_analysis.validity import broken_so_far
from perf_documents.cells import decode_scenarios, decode_series
from perf_loadtests.assemble import Ending, build_run
from perf_loadtests.recover import is_owned, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from perf_analysis.series import Cell, ScenarioCell, SeriesKey, Slot
    from perf_loadtests.assemble import Record
    from perf_loadtests.protocol import Order, SecondRecord

    Series = Mapping[SeriesKey, Mapping[Slot, Cell]]
    Scenarios = Mapping[str, Mapping[Slot, ScenarioCell]]

# a second is on record so long after its end
DELAY_S = 1.0


@dataclass(slots=True, kw_only=True)
class LiveRun:
    """A record while it grows, and the run's own time.

    Attributes
    ----------
    clock : callable
        Monotonic seconds.
    """

    folder: Path
    order: Order
    record: Record
    clock: Callable[[], float]
    _waiting: list[tuple[float, Series, Scenarios]] = field(init=False, default_factory=list)
    _at_s: float = field(init=False, default=0.0)
    _seen_s: float = field(init=False, default=0.0)

    def poll(self) -> list[tuple[float, Series, Scenarios]]:
        """Seconds recorded since the last call: end in the run's own time, and what they added."""
        self._read()
        taken = self._waiting[:]
        self._waiting.clear()
        return taken

    def now_s(self) -> float:
        """The run's own time: of the newest record, and what has gone by since; 0 before any."""
        self._read()
        if self._at_s <= 0.0:
            return 0.0
        return self._at_s + (DELAY_S if self.is_over() else self.clock() - self._seen_s)

    def is_over(self) -> bool:
        """Whether nothing more will be recorded."""
        return self.record.sum.final is not None or not is_owned(self.folder)

    def objection(self) -> str:
        """What says that the run so far, or all of it, is not valid; empty where nothing does."""
        if self.record.sum.final is None:
            if not is_owned(self.folder):
                return "its supervisor is gone"
            run = build_run(self.order, self.record, Ending())
            broken = broken_so_far(run.facts(), run.measured)
            if broken is None:
                return ""
            return f"{broken.rule} {broken.title}: {broken.figure}, limit {broken.limit}"
        run = build_run(self.order, self.record, Ending())
        judgement = judge(run.facts(), run.measured, run.plan.thresholds)
        return "" if judgement.valid else judgement.reason

    def keep(self, second: SecondRecord) -> None:
        """Take a second in; those of the start before the schedule add nothing."""
        if second.at_s > 0.0:
            cells = second.cells
            series, scenarios = decode_series(cells.series), decode_scenarios(cells.scenarios)
            self._waiting.append((second.at_s, series, scenarios))

    def _read(self) -> None:
        while self.record.poll():
            pass
        last = self.record.sum.last
        if last is not None and last.at_s > self._at_s:
            self._at_s, self._seen_s = last.at_s, self.clock()


@contextmanager
def live_run(folder: Path, clock: Callable[[], float]) -> Iterator[LiveRun]:
    """Run of a spool that is being written.

    Raises
    ------
    DocumentError
        If it is no spool.
    """
    with opened(folder) as (order, record):
        live = LiveRun(folder=folder, order=order, record=record, clock=clock)
        record.on_second = live.keep
        yield live
