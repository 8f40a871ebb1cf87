"""Samples into deltas of counts and histograms; holds no more than one second's worth."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from perf_analysis.failure_classes import ABANDONED, INVALID_SAMPLE
from perf_analysis.filling import HistogramBuilder
from perf_analysis.histogram import LARGEST_S
from perf_analysis.series import SeriesKey, Slot
from perf_loadtests.checks import MAX_CHECKS
from perf_loadtests.iteration_cell import IterationCell
from perf_loadtests.request_cell import RequestCell, Sample
from perf_loadtests.timing import TimingCell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perf_analysis.timings import CheckKey

MAX_NAMES = 500
MAX_STATUSES = 12
MAX_NAME_LENGTH = 200
OTHER, UNNAMED = "(other)", "(unnamed)"
# of a longer name: enough that no secret is cut in two before it is found
_LOOKED_AT = 1_000
# What iterations are accounted for by.
COUNTED = ("planned", "started", "dropped", "late_drops", "unsent", "finished", "failed",
           "abandoned", "faulted")  # fmt: skip
MOST_BYTES = 2**53


def _measured(sample: Sample) -> bool:
    """Whether the figures of a sample may be: finite, not negative, not beyond every grid."""
    latency_s = sample.latency_s
    return (
        0.0 <= sample.service_s < LARGEST_S
        and (latency_s is None or 0.0 <= latency_s < LARGEST_S)
        and 0 <= sample.received_bytes < MOST_BYTES
    )


def _valid(sample: Sample) -> bool:
    method = sample.method
    return (
        _measured(sample)
        and 1 <= len(method) <= 16  # noqa: PLR2004  # a method's length
        and method.isascii()
        and method.isalpha()
    )


def clean_name(name: object, clean: Callable[[str], str] = str) -> str:
    """Request name fit to be stored: no secret, no control or format characters, not too long."""
    text = clean((name if isinstance(name, str) else repr(name))[:_LOOKED_AT])
    if not text.isascii() or not text.isprintable():
        text = "".join(
            f"\\x{ord(c):02x}" if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c
            for c in text
        )
    text = text[:MAX_NAME_LENGTH]
    if not text.strip():
        return UNNAMED
    # a scenario that uses the names that mean something here does not get their meaning
    return f"'{text}'" if text in {OTHER, UNNAMED} else text


class Recorder:
    """Counts of everything since the last flush, by series and slot.

    Parameters
    ----------
    limits_s : mapping of str to tuple of float
        Per trend metric, the limits beside which samples are counted exactly.
    clean : callable
        Removes secrets from names.
    """

    def __init__(
        self, *, limits_s: Mapping[str, tuple[float, ...]], clean: Callable[[str], str] = str
    ) -> None:
        self._limits_s = limits_s
        self._clean = clean
        self._requests: dict[tuple[SeriesKey, Slot], RequestCell] = {}
        self._iterations: dict[tuple[str, Slot], IterationCell] = {}
        self._timings: dict[tuple[SeriesKey, str], TimingCell] = {}
        self._checks: dict[tuple[str, str, str, str], list[int]] = {}
        self._checked: set[str] = set()
        self._ended: dict[int, int] = {}
        self._names: dict[str, None] = {}
        self._beyond: set[int] = set()
        self._statuses: dict[tuple[str, str], set[int]] = {}
        # cells by what a sample says of itself: everything but the figures is known to be in order
        self._known: dict[tuple[object, ...], RequestCell] = {}
        # the iterations' cell that was asked for last: nearly always the next one too
        self._last: tuple[str, Slot | None, IterationCell] = "", None, IterationCell()
        self._totals = dict.fromkeys(COUNTED, 0)
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
        key = (sample.target, sample[:6])
        cell = self._known.get(key) if type(sample.name) is str else None
        if cell is None or not _measured(sample):
            if not _valid(sample):
                self.invalid_samples += 1
                sample = sample._replace(error_class=INVALID_SAMPLE, received_bytes=0)
            cell = self._cell(sample)
            if sample.error_class != INVALID_SAMPLE and type(sample.name) is str:
                self._known[key] = cell
        cell.add(sample)
        error_class = sample.error_class
        if error_class == ABANDONED:
            self.abandoned += 1
        else:
            self.ended += 1
            self.failed += error_class != ""
            ended = self._ended
            ended[sample.end_window] = ended.get(sample.end_window, 0) + 1

    def check(self, key: CheckKey, phase: str, *, ok: bool) -> None:
        """Count one check of the scenario's own; of more than 100 names the rest is `(other)`."""
        name = clean_name(key.name, self._clean)
        if name not in self._checked:
            name = name if len(self._checked) < MAX_CHECKS else OTHER
            self._checked.add(name)
        tally = self._checks.setdefault((key.target, key.scenario, name, phase), [0, 0])
        tally[0] += ok
        tally[1] += 1

    def iterations(self, scenario: str, slot: Slot) -> IterationCell:
        """Cell of a scenario and slot, to be counted into."""
        name, where, cell = self._last
        if slot is where and scenario == name:
            return cell
        return self._iterations_of(scenario, slot)

    def _iterations_of(self, scenario: str, slot: Slot) -> IterationCell:
        cell = self._iterations.get((scenario, slot))
        if cell is None:
            limits_s = self._limits_s
            cell = self._iterations[scenario, slot] = IterationCell(
                lag=HistogramBuilder(limits_s.get("schedule_lag", ())),
                iteration=HistogramBuilder(limits_s.get("iteration_duration", ())),
                dropped_latency=HistogramBuilder(limits_s.get("http_req_latency", ())),
            )
        self._last = scenario, slot, cell
        return cell

    def take(self, rest: Callable[[], None] = lambda: None) -> dict[str, object]:
        """Hand over what was counted since the last call, as rows of `CellsModel`.

        It is cut off at once; `rest` is called after each row, so that encoding need not stall.
        """
        requests, self._requests = self._requests, {}
        iterations, self._iterations = self._iterations, {}
        timings, self._timings = self._timings, {}
        checks, self._checks = self._checks, {}
        ended, self._ended = self._ended, {}
        self._known.clear()
        self._last = "", None, IterationCell()
        for cell in iterations.values():
            cell.add_to(self._totals)
        series: list[object] = []
        scenarios: list[object] = []
        timed: list[object] = []
        for (key, slot), request_cell in requests.items():
            series.append([*key, *slot, request_cell.encode(rest)])
            rest()
        for (key, phase), timing in timings.items():
            if timing.n:
                timed.append([*key, phase, timing.encode(rest)])
                rest()
        for (name, slot), cell in iterations.items():
            scenarios.append([name, *slot, cell.encode(rest)])
            rest()
        return {
            "series": series,
            "scenarios": scenarios,
            "ended": [list(pair) for pair in ended.items()],
            "timings": timed,
            "checks": [[*key, *tally] for key, tally in checks.items()],
        }

    def totals(self) -> dict[str, object]:
        """What the iterations of the whole run came to so far."""
        totals = dict(self._totals)
        for cell in self._iterations.values():
            cell.add_to(totals)
        return {**totals}

    def _cell(self, sample: Sample) -> RequestCell:
        method = sample.method if sample.error_class != INVALID_SAMPLE else "INVALID"
        name = self._admit(clean_name(sample.name, self._clean))
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
            cell = self._requests[key, sample.slot] = RequestCell(self._limits_s, timing)
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
