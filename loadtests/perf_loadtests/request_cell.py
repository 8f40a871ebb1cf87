"""Requests of one series and slot, while they are counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from perf_analysis.failure_classes import ABANDONED, TIMEOUT
from perf_analysis.filling import HistogramBuilder
from perf_analysis.series import CANDIDATE
from perf_loadtests.timing import encode_filled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perf_analysis.series import Slot
    from perf_loadtests.timing import Timed, TimingCell

LONGEST_S = 3600.0
# Classes under which the response came whole: only these have a service time.
COMPLETE = frozenset({"", "assertion", "http_4xx", "http_5xx", "bad_status"})
CENSORED = frozenset({TIMEOUT, ABANDONED})
_COUNTS = ("n", "first", "asserted", "received_bytes")


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
class RequestCell:
    """A `Cell` while it is being filled, by samples whose figures may be."""

    limits_s: Mapping[str, tuple[float, ...]]
    timing: TimingCell
    n: int = 0
    first: int = 0
    asserted: int = 0
    received_bytes: int = 0
    service: HistogramBuilder = field(init=False)
    latency: HistogramBuilder = field(init=False)
    censored: dict[str, HistogramBuilder] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.service = HistogramBuilder(self.limits_s.get("http_req_duration", ()))
        self.latency = HistogramBuilder(self.limits_s.get("http_req_latency", ()))

    def add(self, sample: Sample) -> None:
        """Count a request."""
        self.n += 1
        self.first += sample.first
        self.asserted += sample.asserted
        self.received_bytes += sample.received_bytes
        service_s = sample.service_s
        if sample.error_class not in COMPLETE or service_s > LONGEST_S:
            self._add_other(sample)
            return
        timed, latency_s = sample.timed, sample.latency_s
        if timed is not None:
            self.timing.add(timed)
        self.service.keep(service_s)
        if latency_s is not None:
            self.latency.keep(min(LONGEST_S, latency_s))

    def _add_other(self, sample: Sample) -> None:
        """Count what never ended, broke, or took more than an hour: all beyond it is alike."""
        timed = sample.timed
        if sample.error_class in COMPLETE:
            if timed is not None:
                self.timing.add(timed)
        elif sample.error_class not in CENSORED:
            self.timing.count(timed)
            return
        elif timed is not None:
            self.timing.cut(timed)
        self._cut("service_censored", "http_req_duration", sample.service_s)
        if sample.latency_s is not None:
            self._cut("latency_censored", "http_req_latency", sample.latency_s)

    def _cut(self, name: str, metric: str, value_s: float) -> None:
        builder = self.censored.get(name)
        if builder is None:
            builder = self.censored[name] = HistogramBuilder(self.limits_s.get(metric, ()))
        builder.add(min(value_s, LONGEST_S))

    def encode(self, rest: Callable[[], None]) -> dict[str, object]:
        """Return the cell as JSON without what is zero or empty; see `Recorder.take`."""
        coded: dict[str, object] = {
            name: getattr(self, name) for name in _COUNTS if getattr(self, name)
        }
        filled = {"service": self.service, "latency": self.latency, **self.censored}
        return coded | {name: encode_filled(b, rest) for name, b in filled.items() if b}
