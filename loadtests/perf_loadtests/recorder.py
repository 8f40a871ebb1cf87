"""Samples into deltas of counts and histograms; holds no more than one second's worth."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, NamedTuple

from perf_analysis.failure_classes import ABANDONED, INVALID_SAMPLE, TIMEOUT
from perf_analysis.histogram import HistogramBuilder
from perf_analysis.series import CANDIDATE, SeriesKey, Slot
from perf_documents.cells import encode_histogram, is_finite_duration
from perf_loadtests.checks import MAX_CHECKS
from perf_loadtests.timing import TimingCell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_analysis.timings import CheckKey
    from perf_loadtests.timing import Timed

MAX_NAMES = 500
MAX_STATUSES = 12
MAX_NAME_LENGTH = 200
OTHER = "(other)"
LONGEST_S = 3600.0
# Classes under which the response came whole: only these have a service time.
COMPLETE = frozenset({"", "assertion", "http_4xx", "http_5xx", "bad_status"})
CENSORED = frozenset({TIMEOUT, ABANDONED})


class Sample(NamedTuple):
    """One request as its client saw it end.

    `service_s` is end minus start, `latency_s` end minus intended start of the iteration's first
    request (None for others); both are lower bounds where the class is censored.
    """

    scenario: str
    method: str
    name: str
    status: int
    error_class: str
    slot: Slot
    end_window: int
    service_s: float
    latency_s: float | None
    first: bool
    asserted: bool
    received_bytes: int
    target: str = CANDIDATE
    timed: Timed | None = None


@dataclass(slots=True)
class _RequestCell:
    limits_s: Mapping[str, tuple[float, ...]]
    timing: TimingCell
    n: int = 0
    first: int = 0
    asserted: int = 0
    received_bytes: int = 0
    histograms: dict[str, HistogramBuilder] = field(default_factory=dict)

    def add(self, name: str, metric: str, value_s: float) -> None:
        builder = self.histograms.get(name)
        if builder is None:
            builder = self.histograms[name] = HistogramBuilder(self.limits_s.get(metric, ()))
        builder.add(value_s)

    def encode(self) -> dict[str, object]:
        coded: dict[str, object] = {
            name: getattr(self, name)
            for name in ("n", "first", "asserted", "received_bytes")
            if getattr(self, name)
        }
        return coded | {k: encode_histogram(b.freeze()) for k, b in self.histograms.items()}


@dataclass(slots=True)
class IterationCell:
    """A `ScenarioCell` while it is being filled; the driver counts straight into it."""

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
    lag: HistogramBuilder = field(default_factory=HistogramBuilder)
    vu_wait: HistogramBuilder = field(default_factory=HistogramBuilder)
    iteration: HistogramBuilder = field(default_factory=HistogramBuilder)
    dropped_latency: HistogramBuilder = field(default_factory=HistogramBuilder)

    def encode(self) -> dict[str, object]:
        """Return the cell as JSON without what is zero or empty."""
        coded: dict[str, object] = {}
        for spec in fields(self):
            value = getattr(self, spec.name)
            if isinstance(value, HistogramBuilder):
                if value.counts:
                    coded[spec.name] = encode_histogram(value.freeze())
            elif value:
                coded[spec.name] = value
        return coded


def clean_name(name: object) -> str:
    """Request name fit to be stored: no control or format characters, at most 200 characters."""
    text = name if isinstance(name, str) else repr(name)
    if not text.isascii() or not text.isprintable():
        text = "".join(
            f"\\x{ord(c):02x}" if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c
            for c in text
        )
    return text[:MAX_NAME_LENGTH] or "(unnamed)"


class Recorder:
    """Counts of everything since the last flush, by series and slot.

    Parameters
    ----------
    limits_s : mapping of str to tuple of float
        Per trend metric, the limits beside which samples are counted exactly.
    """

    def __init__(self, *, limits_s: Mapping[str, tuple[float, ...]]) -> None:
        self._limits_s = limits_s
        self._requests: dict[tuple[SeriesKey, Slot], _RequestCell] = {}
        self._iterations: dict[tuple[str, Slot], IterationCell] = {}
        self._timings: dict[tuple[SeriesKey, str], TimingCell] = {}
        self._checks: dict[tuple[str, str, str, str], list[int]] = {}
        self._checked: set[str] = set()
        self._ended: dict[int, int] = {}
        self._names: dict[str, None] = {}
        self._beyond: set[int] = set()
        self._statuses: dict[tuple[str, str], set[int]] = {}
        self.invalid_samples = 0
        self.ended = 0
        self.failed = 0
        self.abandoned = 0

    @property
    def names(self) -> int:
        """Distinct request names so far; those beyond the limit are counted up to 10,000."""
        return len(self._names) + len(self._beyond)

    def add(self, sample: Sample) -> None:
        """Count one request; what is no valid sample is counted as invalid and nowhere else."""
        if not self._valid(sample):
            self.invalid_samples += 1
            self._tally(INVALID_SAMPLE)
            sample = sample._replace(error_class=INVALID_SAMPLE, received_bytes=0)
        else:
            self._tally(sample.error_class)
        cell = self._cell(sample)
        cell.n += 1
        cell.first += sample.first
        cell.asserted += sample.asserted
        cell.received_bytes += sample.received_bytes
        if sample.error_class != ABANDONED:
            self._ended[sample.end_window] = self._ended.get(sample.end_window, 0) + 1
        if sample.error_class in COMPLETE:
            self._time(cell, sample, "")
            if sample.timed is not None:
                cell.timing.add(sample.timed)
        elif sample.error_class in CENSORED:
            self._time(cell, sample, "_censored")
            if sample.timed is not None:
                cell.timing.cut(sample.timed)
        elif sample.timed is not None:
            cell.timing.count(sample.timed)

    def check(self, key: CheckKey, phase: str, *, ok: bool) -> None:
        """Count one check of the scenario's own; of more than 100 names the rest is `(other)`."""
        name = clean_name(key.name)
        if name not in self._checked:
            name = name if len(self._checked) < MAX_CHECKS else OTHER
            self._checked.add(name)
        tally = self._checks.setdefault((key.target, key.scenario, name, phase), [0, 0])
        tally[0] += ok
        tally[1] += 1

    def iterations(self, scenario: str, slot: Slot) -> IterationCell:
        """Cell of a scenario and slot, to be counted into."""
        cell = self._iterations.get((scenario, slot))
        if cell is None:
            limits_s = self._limits_s
            cell = self._iterations[scenario, slot] = IterationCell(
                lag=HistogramBuilder(limits_s.get("schedule_lag", ())),
                iteration=HistogramBuilder(limits_s.get("iteration_duration", ())),
                dropped_latency=HistogramBuilder(limits_s.get("http_req_latency", ())),
            )
        return cell

    def take(self) -> dict[str, object]:
        """Hand over what was counted since the last call, as rows of `CellsModel`."""
        requests, self._requests = self._requests, {}
        iterations, self._iterations = self._iterations, {}
        timings, self._timings = self._timings, {}
        checks, self._checks = self._checks, {}
        ended, self._ended = self._ended, {}
        return {
            "series": [[*key, *slot, cell.encode()] for (key, slot), cell in requests.items()],
            "scenarios": [[name, *slot, c.encode()] for (name, slot), c in iterations.items()],
            "ended": [list(pair) for pair in ended.items()],
            "timings": [[*key, phase, c.encode()] for (key, phase), c in timings.items() if c.n],
            "checks": [[*key, *tally] for key, tally in checks.items()],
        }

    def _valid(self, sample: Sample) -> bool:
        latency_s = sample.latency_s
        return (
            is_finite_duration(sample.service_s)
            and (latency_s is None or is_finite_duration(latency_s))
            and 1 <= len(sample.method) <= 16  # noqa: PLR2004  # a method's length
            and sample.method.isascii()
            and sample.method.isalpha()
            and 0 <= sample.received_bytes < 2**53
        )

    def _tally(self, error_class: str) -> None:
        if error_class == ABANDONED:
            self.abandoned += 1
            return
        self.ended += 1
        if error_class:
            self.failed += 1

    def _time(self, cell: _RequestCell, sample: Sample, suffix: str) -> None:
        # beyond an hour nothing is told apart: it is at least an hour
        if sample.service_s > LONGEST_S:
            suffix = "_censored"
        cell.add("service" + suffix, "http_req_duration", min(sample.service_s, LONGEST_S))
        if sample.latency_s is not None:
            cell.add("latency" + suffix, "http_req_latency", min(sample.latency_s, LONGEST_S))

    def _cell(self, sample: Sample) -> _RequestCell:
        method = sample.method if sample.error_class != INVALID_SAMPLE else "INVALID"
        name = self._admit(clean_name(sample.name))
        seen = self._statuses.setdefault((method, name), set())
        status = sample.status
        if status not in seen:
            if len(seen) >= MAX_STATUSES:
                status = 0
            seen.add(status)
        key = SeriesKey(sample.target, sample.scenario, method, name, status, sample.error_class)
        cell = self._requests.get((key, sample.slot))
        if cell is None:
            # windows of one phase share its timings
            place = key, sample.slot.phase
            timing = self._timings.get(place)
            if timing is None:
                timing = self._timings[place] = TimingCell(self._limits_s)
            cell = self._requests[key, sample.slot] = _RequestCell(self._limits_s, timing)
        return cell

    def _admit(self, name: str) -> str:
        if name in self._names:
            return name
        if len(self._names) < MAX_NAMES:
            self._names[name] = None
            return name
        if len(self._beyond) < 10_000:  # noqa: PLR2004  # memory stays flat
            self._beyond.add(hash(name))
        return OTHER
