"""Requests, one at a time and in any order, into what a run measured: memory does not grow."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from perf_analysis.grid import LARGEST_S, bucket_index
from perf_analysis.histogram import Histogram
from perf_analysis.metrics import METRICS
from perf_analysis.series import DRAIN, SUSTAINED, Cell, Measured, SeriesKey, Slot, Span
from perf_documents.plan import MAX_WINDOWS
from perf_documents.redact import Redactor
from perf_importers.source import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_NAMES = 500
MAX_NAME_LENGTH = 200
MAX_METHOD_LENGTH = 50
_LARGEST_STATUS = 999
MAX_SPAN_S = 7 * 86_400.0
# what a list of requests shows; it knows nothing of iterations and intended starts
SHOWN = frozenset({"http_reqs", "http_req_duration", "http_req_failed"})
# sums of whole picoseconds: equal in any order of the rows
_PER_S = 1e12


def unstated(shows: frozenset[str]) -> frozenset[str]:
    """Metrics that a source does not show."""
    return frozenset(METRICS) - shows


@lru_cache(maxsize=4096)
def clean_name(name: str) -> str:
    """Name as it is stored: of an address, without its password and the values of its query."""
    return Redactor().clean(name)


def clean_names(labels: Sequence[tuple[str, str]]) -> list[str]:
    """Names as they are stored, of methods and names; those that become alike are numbered.

    Raises
    ------
    ValueError
        If a method and name stand twice.
    """
    if len(set(labels)) != len(labels):
        method, name = next(label for label in labels if labels.count(label) > 1)
        raise ValueError(f"{f'{method} {name}'.strip()[:80] or 'all requests'}: stands twice")
    found: dict[tuple[str, str], str] = {}
    taken: set[tuple[str, str]] = set()
    for method, name in sorted(labels):
        text, number = clean_name(name), 1
        while (method, text) in taken:
            number += 1
            text = f"{clean_name(name)} ({number})"
        taken.add((method, text))
        found[method, name] = text
    return [found[label] for label in labels]


def check_name(method: str, name: str) -> None:
    """Raise `RowError` unless a series may be called so."""
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise RowError(
            f"name: found {shown(name)}; expected 1 to {MAX_NAME_LENGTH} printable characters"
        )
    if len(method) > MAX_METHOD_LENGTH or not method.isprintable():
        raise RowError(
            f"method: found {shown(method)}; expected up to {MAX_METHOD_LENGTH} characters"
        )


class RowError(ValueError):
    """What is wrong with one request, in words."""


@dataclass(slots=True)
class _Durations:
    """A histogram while it is filled."""

    counts: dict[int, int] = field(default_factory=dict)
    total: int = 0
    low_s: float = math.inf
    high_s: float = -math.inf

    def add(self, value_s: float) -> None:
        bucket = bucket_index(value_s)
        self.counts[bucket] = self.counts.get(bucket, 0) + 1
        self.total += round(value_s * _PER_S)
        self.low_s = min(self.low_s, value_s)
        self.high_s = max(self.high_s, value_s)

    def take(self, other: _Durations) -> None:
        for bucket, count in other.counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + count
        self.total += other.total
        self.low_s = min(self.low_s, other.low_s)
        self.high_s = max(self.high_s, other.high_s)

    def freeze(self) -> Histogram:
        if not self.counts:
            return Histogram()
        return Histogram(
            counts=dict(sorted(self.counts.items())),
            sum_s=self.total / _PER_S,
            min_s=self.low_s,
            max_s=self.high_s,
        )


@dataclass(slots=True)
class _Filling:
    """A cell while it is filled."""

    n: int = 0
    service: _Durations = field(default_factory=_Durations)
    censored: _Durations = field(default_factory=_Durations)


@dataclass(slots=True)
class Rows:
    """Requests as they are read: windows of whole seconds, doubled whenever they become too many.

    Attributes
    ----------
    scenario : str
        Name under which the requests are counted.
    count : int
    first_s, last_s : float
        Earliest and latest start, in seconds since 1970.
    """

    scenario: str
    count: int = 0
    first_s: float = math.inf
    last_s: float = -math.inf
    names: set[str] = field(default_factory=set)
    _width_s: int = 1
    _cells: dict[SeriesKey, dict[int, _Filling]] = field(default_factory=dict)

    def add(
        self, key: SeriesKey, start_s: float, duration_s: float | None, *, censored: bool = False
    ) -> None:
        """Count one request; one without an answer has no duration, or a `censored` one.

        Raises
        ------
        RowError
            If its name, start or duration cannot be used.
        """
        self._check(key, start_s, duration_s)
        self.count += 1
        self.first_s = min(self.first_s, start_s)
        self.last_s = max(self.last_s, start_s)
        while self.last_s // self._width_s - self.first_s // self._width_s >= MAX_WINDOWS:
            self._widen()
        window = int(start_s // self._width_s)
        cell = self._cells.setdefault(key, {}).setdefault(window, _Filling())
        cell.n += 1
        if duration_s is not None:
            (cell.censored if censored else cell.service).add(duration_s)

    def series_key(self, name: str, *, method: str = "", status: int = 0, error: str = "",
                   arm: str = "candidate") -> SeriesKey:  # fmt: skip
        """Key of a request."""
        return SeriesKey(arm, self.scenario, method, clean_name(name), status, error)

    def measured(self, shows: frozenset[str] = SHOWN) -> Measured:
        """All requests as one sustained phase, from the first start to the last."""
        first = int(self.first_s // self._width_s)
        begin_s = self.first_s - first * self._width_s
        span = Span(phase=SUSTAINED, start_s=begin_s, end_s=begin_s + self.length_s)
        return Measured(
            window_s=float(self._width_s),
            spans=(span, Span(phase=DRAIN, start_s=span.end_s, end_s=span.end_s)),
            open_model=False,
            series={
                key: {Slot(SUSTAINED, w - first): _frozen(slots[w]) for w in sorted(slots)}
                for key, slots in sorted(self._cells.items())
            },
            scenarios={},
            unstated=unstated(shows),
        )

    @property
    def length_s(self) -> float:
        """Whole seconds from the first start to the last, at least one."""
        return float(max(1, math.ceil(self.last_s - self.first_s + 1e-9)))

    def by_arm(self) -> Mapping[str, int]:
        """Requests of each arm."""
        found: dict[str, int] = {}
        for key, slots in self._cells.items():
            found[key.target] = found.get(key.target, 0) + sum(cell.n for cell in slots.values())
        return found

    def _check(self, key: SeriesKey, start_s: float, duration_s: float | None) -> None:
        if duration_s is not None and not 0.0 <= duration_s < LARGEST_S:
            raise RowError(f"a duration of {duration_s:g} s; expected 0 to {LARGEST_S:.0f}")
        if not math.isfinite(start_s):
            raise RowError("the start is not a finite number")
        if max(self.last_s, start_s) - min(self.first_s, start_s) > MAX_SPAN_S:
            raise RowError("starts more than 7 days from another request; are stamps of two units?")
        if not 0 <= key.status <= _LARGEST_STATUS:
            found = shown(key.status)
            raise RowError(f"status: found {found}; expected a number of three digits")
        if key.label in self.names:
            return
        check_name(key.method, key.name)
        self.names.add(key.label)
        if len(self.names) > MAX_NAMES:
            raise RowError(f"name: more than {MAX_NAMES} names; group them")

    def _widen(self) -> None:
        self._width_s *= 2
        for key, slots in self._cells.items():
            wider: dict[int, _Filling] = {}
            for window, cell in slots.items():
                into = wider.setdefault(window // 2, _Filling())
                into.n += cell.n
                into.service.take(cell.service)
                into.censored.take(cell.censored)
            self._cells[key] = wider


def _frozen(cell: _Filling) -> Cell:
    return Cell(n=cell.n, service=cell.service.freeze(), service_censored=cell.censored.freeze())
