"""Stored runs as series: one number per run, by profile, environment, name and metric."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from perf_analysis.changes import Better
from perf_analysis.compared import ERROR_RATE
from perf_baselines.record import SeriesSummary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perf_baselines.record import Record

METRICS = ("p50", "p95", "p99", ERROR_RATE)
_NO_DATA = SeriesSummary(
    label="", n=0, failed=0, abandoned=0, censored=0, p50_s=None, p95_s=None, p99_s=None
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendSeries:
    """One metric of one name over the runs of a profile in an environment, the oldest first.

    Attributes
    ----------
    label : str
        Method and name; empty for all requests together.
    metric : str
        One of `METRICS`; empty for a measure of another tool, which `label` then names.
    records : tuple of Record
        The runs, each once.
    measured : tuple of float or None
        What each run measured, whether it counts or not: seconds, or a share of requests.
    values : tuple of float or None
        The same, None for a run that proves nothing: it enters no level.
    breaks : tuple of int
        Indices of runs whose load differs from that of the run before: no change crosses them.
    """

    profile: str
    environment: str
    label: str
    metric: str
    records: tuple[Record, ...]
    measured: tuple[float | None, ...]
    values: tuple[float | None, ...]
    breaks: tuple[int, ...]
    unit: str
    better: Better = Better.LOWER

    @property
    def name(self) -> str:
        """What a person calls it: `p95 of GET /health`."""
        if not self.metric:
            return self.label
        return f"{self.metric.replace('_', ' ')} of {self.label or 'all requests'}"


def series_of(records: Iterable[Record]) -> tuple[TrendSeries, ...]:
    """All series of stored runs, in whatever order those come.

    Sorted by profile, environment, name (all requests together first) and metric. A series without
    a single measured value is left out.
    """
    groups: dict[tuple[str, str], dict[str, Record]] = {}
    for record in records:
        groups.setdefault((record.profile, record.environment), {})[record.run_id] = record
    found: list[TrendSeries] = []
    for _, group in sorted(groups.items()):
        runs = tuple(sorted(group.values(), key=lambda run: (run.started_at, run.run_id)))
        found += _of_group(runs)
    return tuple(found)


def counts(record: Record) -> bool:
    """Whether a run may enter a level: judged, and valid."""
    return record.valid is True


def _of_group(runs: tuple[Record, ...]) -> list[TrendSeries]:
    """Series of one profile in one environment."""
    labels = {summary.label for run in runs for summary in run.series}
    summaries = [{summary.label: summary for summary in (*run.series, run.total)} for run in runs]
    found: list[TrendSeries | None] = []
    for label in ["", *sorted(labels - {""})]:
        of_label = [by_label.get(label, _NO_DATA) for by_label in summaries]
        for metric in METRICS:
            measured = tuple(map(_value, runs, of_label, [metric] * len(runs)))
            unit = "ratio" if metric == ERROR_RATE else "s"
            found.append(_series(runs, (label, metric, unit, Better.LOWER), measured))
    measures = [{one.name: one for one in run.measures} for run in runs]
    kinds = {
        one.name: (one.name, "", one.unit, Better(one.better))
        for run in runs
        for one in run.measures
    }
    for name, kind in sorted(kinds.items()):
        # what was measured in another unit is another series, which the newest runs have left
        alike = [by_name.get(name) for by_name in measures]
        values = tuple(one.value if one and one.unit == kind[2] else None for one in alike)
        found.append(_series(runs, kind, values))
    return [series for series in found if series is not None]


def _series(
    runs: tuple[Record, ...],
    kind: tuple[str, str, str, Better],
    measured: tuple[float | None, ...],
) -> TrendSeries | None:
    """One series of label, metric, unit and good direction; None where nothing was measured."""
    if all(value is None for value in measured):
        return None
    label, metric, unit, better = kind
    return TrendSeries(
        profile=runs[0].profile,
        environment=runs[0].environment,
        label=label,
        metric=metric,
        records=runs,
        measured=measured,
        values=tuple(
            value if counts(run) else None for run, value in zip(runs, measured, strict=True)
        ),
        breaks=tuple(
            index for index, (a, b) in enumerate(pairwise(runs), 1) if a.load_hash != b.load_hash
        ),
        unit=unit,
        better=better,
    )


def _value(run: Record, summary: SeriesSummary, metric: str) -> float | None:
    if metric != ERROR_RATE:
        value: float | None = getattr(summary, f"{metric}_s")
        return value
    figures = run.figures.labelled(summary.label) if run.figures and summary.n else None
    if figures is not None:
        return figures.failed / figures.n if figures.n else None
    # records of the first schema have no figures
    ended = summary.n + summary.abandoned
    return (summary.failed + summary.abandoned) / ended if ended else None
