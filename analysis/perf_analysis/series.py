"""What a run measured, by series, phase and window, as plain numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from perf_analysis.histogram import Histogram, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perf_analysis.stated import Stated
    from perf_analysis.timings import CheckKey, Tally, Timings

C = TypeVar("C")
SUSTAINED = "sustained"
DRAIN = "drain"
CANDIDATE = "candidate"
CONTROL = "control"
ALL_PHASES = "all"
# What follows the name of a scenario whose iterations went to the control; see `arms`.
_MARK = f"@{CONTROL}"
PHASES = ("warm-up", "ramp", SUSTAINED, DRAIN)
_RANK = {phase: rank for rank, phase in enumerate(PHASES)}


def is_counted_for(name: str, target: str) -> bool:
    """Whether iterations under a name went to a target."""
    return name.endswith(_MARK) == (target == CONTROL)


class Slot(NamedTuple):
    """Where a sample belongs: the phase and the window of its start, never of its end."""

    phase: str
    window: int


class SeriesKey(NamedTuple):
    """One stream of request samples; `error_class` is empty where the request succeeded.

    `target` is `CANDIDATE`, or `CONTROL` for the old version measured beside it.
    """

    target: str
    scenario: str
    method: str
    name: str
    status: int
    error_class: str

    @property
    def label(self) -> str:
        """Name with its method, as thresholds and reports write it."""
        return f"{self.method} {self.name}" if self.method else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Requests of one series that began in one slot.

    Attributes
    ----------
    n : int
        Requests that ended by themselves, failed ones included; abandoned ones where the series'
        class is `abandoned`.
    first : int
        How many of them were the first of their iteration.
    asserted : int
        How many carried an assertion (`catch_response`).
    received_bytes : int
        Body bytes received.
    service, latency : Histogram
        Complete responses: end minus start; end minus intended start (first requests only).
    service_censored, latency_censored : Histogram
        Lower bounds of what never completed: timeouts and abandoned requests.
    """

    n: int = 0
    first: int = 0
    asserted: int = 0
    received_bytes: int = 0
    service: Histogram = field(default_factory=Histogram)
    latency: Histogram = field(default_factory=Histogram)
    service_censored: Histogram = field(default_factory=Histogram)
    latency_censored: Histogram = field(default_factory=Histogram)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioCell:
    """Iterations of one scenario that belong to one slot.

    Attributes
    ----------
    planned, started, dropped, late_drops, unsent : int
        Arrivals of the schedule (open executors): planned = started + dropped + unsent.
        `late_drops` of the dropped were decided while the generator itself was late.
    finished, failed, abandoned : int
        Ends of started iterations: by themselves, by an exception, or cut off at the stop.
    faulted : int
        Failed iterations in which no request had failed before: the scenario's own fault (V9).
    vus_busy_max, vus : int
        Most VUs busy at once; VUs present at the end of the slot.
    vu_seconds_planned, vu_seconds : float
        Area under the planned and actual number of VUs (closed executors).
    lag, vu_wait, iteration, dropped_latency : Histogram
        Begun minus intended while a VU was free; waiting for a starting VU; length of iterations;
        lower bounds of the latency of dropped arrivals.
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
    vus_busy_max: int = 0
    vus: int = 0
    vu_seconds_planned: float = 0.0
    vu_seconds: float = 0.0
    lag: Histogram = field(default_factory=Histogram)
    vu_wait: Histogram = field(default_factory=Histogram)
    iteration: Histogram = field(default_factory=Histogram)
    dropped_latency: Histogram = field(default_factory=Histogram)


_HIGHEST = frozenset({"vus_busy_max"})
_LATEST = frozenset({"vus"})


def add_cells(parts: Iterable[Cell]) -> Cell:
    """Sum of request cells."""
    cells = list(parts)
    return Cell(
        n=sum(cell.n for cell in cells),
        first=sum(cell.first for cell in cells),
        asserted=sum(cell.asserted for cell in cells),
        received_bytes=sum(cell.received_bytes for cell in cells),
        service=merge(cell.service for cell in cells),
        latency=merge(cell.latency for cell in cells),
        service_censored=merge(cell.service_censored for cell in cells),
        latency_censored=merge(cell.latency_censored for cell in cells),
    )


def add_scenario_cells(parts: Iterable[ScenarioCell]) -> ScenarioCell:
    """Sum of scenario cells in order of time; `vus` is the last one, `vus_busy_max` the highest."""
    cells = list(parts)
    if not cells:
        return ScenarioCell()
    summed: dict[str, float | int | Histogram] = {}
    for name in ScenarioCell.__slots__:
        values = [getattr(cell, name) for cell in cells]
        if isinstance(values[0], Histogram):
            summed[name] = merge(values)
        elif name in _HIGHEST:
            summed[name] = max(values)
        elif name in _LATEST:
            summed[name] = values[-1]
        elif isinstance(values[0], float):
            # rounded once: what `sum` makes of floats depends on the version of Python
            summed[name] = math.fsum(values)
        else:
            summed[name] = sum(values)
    return ScenarioCell(**summed)  # type: ignore[arg-type]  # values follow the fields' own types


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A phase's share of the schedule, in seconds since its start; phases may have several."""

    phase: str
    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


class Sums(NamedTuple):
    """Cells summed over each phase's windows, in order of the last one; `source` was summed."""

    series: Mapping[SeriesKey, Mapping[str, Cell]]
    scenarios: Mapping[str, Mapping[str, ScenarioCell]]
    source: tuple[object, object]


def sum_series(slots: Mapping[Slot, Cell]) -> dict[str, Cell]:
    """Request cells of one series, summed by phase."""
    return {phase: add_cells(cells) for phase, cells in _by_phase(slots).items()}


def sum_scenario(slots: Mapping[Slot, ScenarioCell]) -> dict[str, ScenarioCell]:
    """Iteration cells of one scenario, summed by phase."""
    return {phase: add_scenario_cells(cells) for phase, cells in _by_phase(slots).items()}


def _by_phase(slots: Mapping[Slot, C]) -> dict[str, list[C]]:
    """Cells in order of time by phase; a phase that comes again moves to the end.

    Phases that share a window follow each other as in `PHASES`, whatever the order of `slots`.
    """
    found: dict[str, list[C]] = {}
    for slot in sorted(slots, key=lambda slot: (slot.window, _RANK[slot.phase])):
        cells = found.pop(slot.phase, [])
        cells.append(slots[slot])
        found[slot.phase] = cells
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Everything a run recorded.

    Attributes
    ----------
    window_s : float
        Length of one window.
    spans : tuple of Span
        Phases in order, cut at the moment the run stopped; `drain` last.
    open_model : bool
        Whether arrivals exist (latency, lag and dropped are defined).
    series, scenarios : mapping
        Cells by key and slot.
    ended : mapping of int to int
        Requests by the window in which they *ended*, for throughput over time.
    timings, checks : mapping of the parts of requests and of own checks, by key and phase
    stated, unstated : tuple of Stated, frozenset of str
        Of an imported run: figures without samples; metrics that it cannot show.
    kept : Sums or None
        Sums by phase that are known already: then windows need not be looked at.
    """

    window_s: float
    spans: tuple[Span, ...]
    open_model: bool
    series: Mapping[SeriesKey, Mapping[Slot, Cell]]
    scenarios: Mapping[str, Mapping[Slot, ScenarioCell]]
    ended: Mapping[int, int] = field(default_factory=dict)
    timings: Mapping[SeriesKey, Mapping[str, Timings]] = field(default_factory=dict)
    checks: Mapping[CheckKey, Mapping[str, Tally]] = field(default_factory=dict)
    stated: tuple[Stated, ...] = ()
    unstated: frozenset[str] = frozenset()
    kept: Sums | None = field(default=None, compare=False, repr=False)
    _sums: list[Sums] = field(init=False, default_factory=list, compare=False, repr=False)

    @property
    def sums(self) -> Sums:
        """Cells by phase: those that were stored beside the windows, or the windows summed once."""
        source = (self.series, self.scenarios)
        if self.kept is not None and all(
            mine is theirs for mine, theirs in zip(source, self.kept.source, strict=True)
        ):
            return self.kept
        if not self._sums:
            series = {key: sum_series(slots) for key, slots in self.series.items()}
            scenarios = {name: sum_scenario(slots) for name, slots in self.scenarios.items()}
            self._sums.append(Sums(series, scenarios, source))
        return self._sums[0]

    def names_of(self, target: str) -> list[str]:
        """Names of scenarios on a target."""
        return [name for name in self.scenarios if is_counted_for(name, target)]

    def phase_s(self, phase: str) -> float:
        """Seconds of a phase; of `all` the whole schedule without the drain."""
        return sum(
            span.length_s for span in self.spans
            if span.phase == phase or (phase == ALL_PHASES and span.phase != DRAIN)
        )  # fmt: skip

    def judged_phase(self) -> str:
        """`sustained` where the schedule has it, else the whole schedule, as in k6."""
        return SUSTAINED if any(span.phase == SUSTAINED for span in self.spans) else ALL_PHASES

    def cells(self, phase: str) -> dict[SeriesKey, Cell]:
        """Request cells of a phase, summed over its windows."""
        return {
            key: add_cells(cell for of, cell in cells.items() if phase in (of, ALL_PHASES))
            for key, cells in self.sums.series.items()
        }

    def scenario_cell(self, phase: str, *names: str) -> ScenarioCell:
        """Scenario cells of a phase, summed over windows and the named scenarios (all without).

        Over several `vus` is the sum of the last values, `vus_busy_max` the highest of any one.
        """
        parts = [
            add_scenario_cells(cell for of, cell in cells.items() if phase in (of, ALL_PHASES))
            for name, cells in self.sums.scenarios.items()
            if not names or name in names
        ]
        return replace(add_scenario_cells(parts), vus=sum(part.vus for part in parts))
