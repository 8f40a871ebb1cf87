"""Stored runs as series: one number per run, by profile, environment, branch, name and metric."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from perf_analysis.changes import Better
from perf_baselines.trend_order import in_order
from perf_baselines.trend_points import counts, points_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perf_baselines.record import Record
    from perf_baselines.trend_points import SeriesName


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendSeries:
    """One metric of one name over the runs of a profile, environment and branch, in order.

    Attributes
    ----------
    of : SeriesName
        What it is of, in which unit, and where good lies.
    records : tuple of Record
        The runs, each once.
    values : tuple of float or None
        What each run measured; None also for a run that proves nothing, which enters no level.
    breaks : tuple of int
        Indices of runs whose load differs from that of the run before: no change crosses them.
    """

    profile: str
    environment: str
    branch: str
    of: SeriesName
    records: tuple[Record, ...]
    values: tuple[float | None, ...]
    breaks: tuple[int, ...]

    @property
    def name(self) -> str:
        """What a person calls it: `p95 of GET /health`."""
        return self.of.text

    @property
    def unit(self) -> str:
        """`s`, `ratio` for a share of requests, or another tool's own."""
        return self.of.unit

    @property
    def better(self) -> Better:
        """The good direction."""
        return Better(self.of.better)


def series_of(records: Iterable[Record]) -> tuple[TrendSeries, ...]:
    """All series of stored runs, in whatever order those come.

    Sorted by profile, environment, branch and name (all requests together first).
    """
    groups: dict[tuple[str, str, str], dict[str, Record]] = {}
    for record in records:
        place = record.profile, record.environment, record.branch
        groups.setdefault(place, {})[record.run_id] = record
    found: list[TrendSeries] = []
    for _, group in sorted(groups.items()):
        runs = tuple(in_order(group.values()))
        found += _of_group(runs)
    return tuple(found)


def _of_group(runs: tuple[Record, ...]) -> list[TrendSeries]:
    """Series of one profile, environment and branch."""
    points = [{point.name: point.value for point in points_of(run)} for run in runs]
    # in the order in which a run states them, of the names all requests together first
    names = sorted({name: None for of_run in points for name in of_run}, key=lambda n: n.label)
    valid = [counts(run) for run in runs]
    breaks = tuple(
        index for index, (a, b) in enumerate(pairwise(runs), 1) if a.load_hash != b.load_hash
    )
    return [
        TrendSeries(
            profile=runs[0].profile,
            environment=runs[0].environment,
            branch=runs[0].branch,
            of=name,
            records=runs,
            values=tuple(
                of_run.get(name) if is_valid else None
                for of_run, is_valid in zip(points, valid, strict=True)
            ),
            breaks=breaks,
        )
        for name in names
    ]
