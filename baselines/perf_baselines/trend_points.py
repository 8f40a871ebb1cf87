"""What one run adds to the history's series: each value with its name, unit and interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from perf_analysis.changes import Better
from perf_analysis.compared import ERROR_RATE
from perf_analysis.intervals import wilson
from perf_baselines.history_source import FAILED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perf_analysis.figures import SeriesFigures
    from perf_baselines.record import Record, SeriesSummary

SECONDS, SHARE, PER_SECOND = "s", "ratio", "/s"
RATE = "rate"
_ALPHA = 0.025
_Z = 1.959963984540054


class SeriesName(NamedTuple):
    """What one series is of: `p95` of a request's name, in which unit, and where good lies."""

    metric: str
    label: str
    unit: str
    better: str

    @property
    def kind(self) -> str:
        """Unit by whose rules it is judged and told; none of a measure, whatever its own is."""
        return self.unit if self.metric else ""

    @property
    def text(self) -> str:
        """Name as people read it, and as patterns are held against."""
        if not self.metric:
            return self.label
        return f"{self.metric.replace('_', ' ')} of {self.label or 'all requests'}"


class Point(NamedTuple):
    """One run's value of one series with the 95 % interval within the run."""

    name: SeriesName
    value: float
    low: float
    high: float


def counts(record: Record) -> bool:
    """Whether a run may enter a level: judged, and valid."""
    return record.valid is True


def points_of(record: Record) -> Iterable[Point]:
    """Every value of a run that makes a series: what a tool could not show is none."""
    figures = {series.label: series for series in record.figures.series} if record.figures else {}
    for summary in (record.total, *record.series):
        whole = not summary.label
        yield from _quantiles(summary, figures.get(summary.label))
        n = summary.n + summary.abandoned + (record.dropped if whole else 0)
        failed = summary.failed + summary.abandoned + (record.dropped if whole else 0)
        if n and FAILED not in record.unstated:
            yield share_point(summary.label, failed, n)
    if str(record.load.get("executor", "")).endswith("-vus") and record.phase_s > 0:
        rate = record.total.n / record.phase_s
        name = SeriesName(RATE, "", PER_SECOND, Better.HIGHER.value)
        yield Point(name, rate, rate, rate)
    for one in record.measures:
        name = SeriesName("", one.name, one.unit, str(one.better))
        ends = (one.value if end is None else end for end in (one.low, one.high))
        yield Point(name, one.value, *ends)


def _quantiles(summary: SeriesSummary, figures: SeriesFigures | None) -> Iterable[Point]:
    stated = ((0.5, summary.p50_s), (0.95, summary.p95_s), (0.99, summary.p99_s))
    for q, value in stated:
        if not value:
            continue
        name = quantile_name(q, summary.label)
        figure = figures.quantile(q) if figures else None
        yield quantile_point(name, value, figure.error if figure else 0.0)


def quantile_name(q: float, label: str) -> SeriesName:
    """Series of a quantile."""
    return SeriesName(f"p{q * 100:g}", label, SECONDS, Better.LOWER.value)


def quantile_point(name: SeriesName, value: float, error: float) -> Point:
    """Value with its interval; `error` is the standard error of its logarithm."""
    reach = math.exp(_Z * error)
    return Point(name, value, value / reach, value * reach)


def share_point(label: str, failed: int, n: int) -> Point:
    """Share of failed requests with Wilson's interval."""
    name = SeriesName(ERROR_RATE, label, SHARE, Better.LOWER.value)
    return Point(name, failed / n, *wilson(failed, n, _ALPHA))
