"""Histograms and cells as JSON: the one form that spools and run documents share."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from perf_analysis.histogram import BUCKETS, Histogram, Split
from perf_analysis.series import Cell, ScenarioCell, SeriesKey, Slot
from perf_analysis.timings import TIMINGS, CheckKey, Tally, Timings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perf_analysis.series import Measured

Count = Annotated[int, Field(ge=0, lt=2**53)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Text = Annotated[str, Field(max_length=300)]
PhaseName = Literal["warm-up", "ramp", "sustained", "drain"]


class StrictModel(BaseModel):
    """What every stored document is: frozen, no coercion, no unknown keys, finite numbers."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


def _check_buckets(flat: list[int]) -> list[int]:
    indices, counts = flat[::2], flat[1::2]
    if len(flat) % 2:
        raise ValueError("buckets are pairs of index and count")
    # loops in C: a long run has millions of buckets
    if not all(map(operator.lt, indices, indices[1:])):
        raise ValueError("bucket indices must ascend")
    if indices and (indices[-1] >= BUCKETS or min(counts) < 1):
        raise ValueError(f"an index lies in 0..{BUCKETS - 1}, a count is at least 1")
    return flat


class HistogramModel(StrictModel):
    """Sparse histogram: `b` alternates index and count; `at` holds [limit_s, below, equal].

    `zero` counts the samples of bucket 0 that are 0 exactly.
    """

    b: Annotated[list[Count], AfterValidator(_check_buckets), Field(min_length=2)]
    sum: Seconds
    min: Seconds
    max: Seconds
    at: list[tuple[Seconds, Count, Count]] = []
    zero: Count = 0

    def decode(self) -> Histogram:
        """Return the histogram."""
        return Histogram(
            counts=dict(zip(self.b[::2], self.b[1::2], strict=True)),
            sum_s=self.sum,
            min_s=self.min,
            max_s=self.max,
            splits={limit: Split(below=below, equal=equal) for limit, below, equal in self.at},
            zeros=self.zero,
        )


class CellModel(StrictModel):
    """A `Cell`; what is zero or empty is left out."""

    n: Count = 0
    first: Count = 0
    asserted: Count = 0
    received_bytes: Count = 0
    service: HistogramModel | None = None
    latency: HistogramModel | None = None
    service_censored: HistogramModel | None = None
    latency_censored: HistogramModel | None = None

    def decode(self) -> Cell:
        """Return the cell."""
        return Cell(
            n=self.n,
            first=self.first,
            asserted=self.asserted,
            received_bytes=self.received_bytes,
            service=_decode(self.service),
            latency=_decode(self.latency),
            service_censored=_decode(self.service_censored),
            latency_censored=_decode(self.latency_censored),
        )


class ScenarioCellModel(StrictModel):
    """A `ScenarioCell`; what is zero or empty is left out."""

    planned: Count = 0
    started: Count = 0
    dropped: Count = 0
    late_drops: Count = 0
    unsent: Count = 0
    finished: Count = 0
    failed: Count = 0
    abandoned: Count = 0
    faulted: Count = 0
    vus_busy_max: Count = 0
    vus: Count = 0
    vu_seconds_planned: Seconds = 0.0
    vu_seconds: Seconds = 0.0
    lag: HistogramModel | None = None
    vu_wait: HistogramModel | None = None
    iteration: HistogramModel | None = None
    dropped_latency: HistogramModel | None = None

    def decode(self) -> ScenarioCell:
        """Return the cell."""
        values = {
            name: _decode(getattr(self, name)) if name in _SCENARIO_HISTOGRAMS
            else getattr(self, name)
            for name in ScenarioCell.__slots__
        }  # fmt: skip
        return ScenarioCell(**values)  # type: ignore[arg-type]  # equal names, checked by a test


_SCENARIO_HISTOGRAMS = frozenset({"lag", "vu_wait", "iteration", "dropped_latency"})


class TimingsModel(StrictModel):
    """`Timings`: lower bounds of what never ended under names with `_censored` behind."""

    n: Count = 0
    timed: Count = 0
    sent_bytes: Count = 0
    blocked: HistogramModel | None = None
    connecting: HistogramModel | None = None
    tls_handshaking: HistogramModel | None = None
    sending: HistogramModel | None = None
    waiting: HistogramModel | None = None
    receiving: HistogramModel | None = None
    blocked_censored: HistogramModel | None = None
    connecting_censored: HistogramModel | None = None
    tls_handshaking_censored: HistogramModel | None = None
    sending_censored: HistogramModel | None = None
    waiting_censored: HistogramModel | None = None
    receiving_censored: HistogramModel | None = None

    def decode(self) -> Timings:
        """Return the timings."""
        return Timings(
            n=self.n, timed=self.timed, sent_bytes=self.sent_bytes,
            values=self._decoded(""), censored=self._decoded("_censored"),
        )  # fmt: skip

    def _decoded(self, suffix: str) -> dict[str, Histogram]:
        models = {name: getattr(self, name + suffix) for name in TIMINGS}
        return {name: model.decode() for name, model in models.items() if model is not None}


TimingsRow = tuple[Text, Text, Text, Text, Count, Text, PhaseName, TimingsModel]
# target, scenario, name of the check, phase, how often it held, how often it was made
CheckRow = tuple[Text, Text, Text, PhaseName, Count, Count]
SeriesRow = tuple[Text, Text, Text, Text, Count, Text, PhaseName, Count, CellModel]
ScenarioRow = tuple[Text, PhaseName, Count, ScenarioCellModel]


class CellsModel(StrictModel):
    """Rows of cells: what one second added, or what a whole run holds.

    A series row is target, scenario, method, name, status, error class, phase, window, cell;
    a scenario row scenario, phase, window, cell; `ended` pairs a window with the requests that
    ended in it. Timings and checks have a phase and no window.
    """

    series: list[SeriesRow] = []
    scenarios: list[ScenarioRow] = []
    ended: list[tuple[Count, Count]] = []
    timings: list[TimingsRow] = []
    checks: list[CheckRow] = []


def _decode(model: HistogramModel | None) -> Histogram:
    return Histogram() if model is None else model.decode()


def encode_histogram(histogram: Histogram) -> dict[str, object]:
    """Histogram as JSON; must not be empty."""
    coded: dict[str, object] = {
        "b": [number for pair in histogram.counts.items() for number in pair],
        "sum": histogram.sum_s,
        "min": histogram.min_s,
        "max": histogram.max_s,
    }
    if histogram.splits:
        coded["at"] = [[limit, s.below, s.equal] for limit, s in histogram.splits.items()]
    if histogram.zeros:
        coded["zero"] = histogram.zeros
    return coded


def encode_timings(timings: Timings) -> dict[str, object]:
    """Timings as JSON, without what is zero or empty."""
    counts = ("n", "timed", "sent_bytes")
    coded: dict[str, object] = {
        name: getattr(timings, name) for name in counts if getattr(timings, name)
    }
    for suffix, parts in (("", timings.values), ("_censored", timings.censored)):
        coded |= {name + suffix: encode_histogram(h) for name, h in parts.items() if h.counts}
    return coded


def encode_parts(measured: Measured) -> dict[str, object]:
    """Rows of timings and of checks, sorted; none where there are none."""
    timings: list[object] = [
        [*key, phase, encode_timings(part)]
        for key, parts in sorted(measured.timings.items())
        for phase, part in sorted(parts.items())
    ]
    checks: list[object] = [
        [*key, phase, *tally]
        for key, tallies in sorted(measured.checks.items())
        for phase, tally in sorted(tallies.items())
    ]
    rows: dict[str, object] = {"timings": timings, "checks": checks}
    return {name: held for name, held in rows.items() if held}


def decode_timings(rows: Iterable[TimingsRow]) -> dict[SeriesKey, dict[str, Timings]]:
    """Rows of timings back."""
    found: dict[SeriesKey, dict[str, Timings]] = {}
    for *key, phase, model in rows:
        found.setdefault(SeriesKey(*key), {})[phase] = model.decode()  # type: ignore[arg-type]  # a starred row loses its types
    return found


def decode_checks(rows: Iterable[CheckRow]) -> dict[CheckKey, dict[str, Tally]]:
    """Rows of checks back."""
    found: dict[CheckKey, dict[str, Tally]] = {}
    for target, scenario, name, phase, passed, made in rows:
        found.setdefault(CheckKey(target, scenario, name), {})[phase] = Tally(passed, made)
    return found


def encode_cell(cell: Cell | ScenarioCell) -> dict[str, object]:
    """Either kind of cell as JSON, without what is zero or empty."""
    coded: dict[str, object] = {}
    for name in cell.__slots__:
        value = getattr(cell, name)
        if isinstance(value, Histogram):
            if value.counts:
                coded[name] = encode_histogram(value)
        elif value:
            coded[name] = value
    return coded


def encode_series(
    series: Mapping[SeriesKey, Mapping[Slot, Cell]],
) -> list[list[object]]:
    """Series rows, sorted, so that equal content gives equal bytes."""
    return [
        [*key, *slot, encode_cell(cell)]
        for key, slots in sorted(series.items())
        for slot, cell in sorted(slots.items())
    ]


def encode_scenarios(
    scenarios: Mapping[str, Mapping[Slot, ScenarioCell]],
) -> list[list[object]]:
    """Scenario rows, sorted."""
    return [
        [name, *slot, encode_cell(cell)]
        for name, slots in sorted(scenarios.items())
        for slot, cell in sorted(slots.items())
    ]


def decode_series(rows: Iterable[SeriesRow]) -> dict[SeriesKey, dict[Slot, Cell]]:
    """Series rows back into cells."""
    series: dict[SeriesKey, dict[Slot, Cell]] = {}
    for *key, phase, window, cell in rows:
        series.setdefault(SeriesKey(*key), {})[Slot(phase, window)] = cell.decode()  # type: ignore[arg-type]  # a starred row loses its types
    return series


def decode_scenarios(rows: Iterable[ScenarioRow]) -> dict[str, dict[Slot, ScenarioCell]]:
    """Scenario rows back into cells."""
    scenarios: dict[str, dict[Slot, ScenarioCell]] = {}
    for name, phase, window, cell in rows:
        scenarios.setdefault(name, {})[Slot(phase, window)] = cell.decode()
    return scenarios


def is_finite_duration(value_s: float) -> bool:
    """Whether a duration may enter a histogram: finite, 0 <= value < 2**32 us."""
    return math.isfinite(value_s) and 0.0 <= value_s < 2.0**32 * 1e-6
