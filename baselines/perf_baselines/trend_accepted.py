"""Accepted runs beside the trend: their band, their age, and what slack they leave."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_analysis.changes import Better
from perf_baselines.trend_order import instant
from perf_baselines.trend_points import (
    SHARE,
    SeriesName,
    quantile_name,
    quantile_point,
    share_point,
)
from perf_baselines.trend_tracks import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_baselines.baseline import Baseline
    from perf_baselines.trend_tracks import Track

OLD_DAYS = 30
LAST_RUNS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Accepted runs of a profile and an environment.

    Attributes
    ----------
    newest : str
        When the newest of them began; empty without any.
    values : dict of SeriesName to list of float
    """

    newest: str
    values: dict[SeriesName, list[float]]

    def band(self, name: SeriesName) -> tuple[float, float] | None:
        """Lowest and highest accepted value."""
        values = self.values.get(name)
        return (min(values), max(values)) if values else None


@dataclass(frozen=True, slots=True)
class Slack:
    """A series whose baselines are worse than its last runs: a rise in between is not seen."""

    track: Track
    accepted: float
    last: float


def accepted_of(baselines: Sequence[Baseline]) -> Accepted:
    """What a file of baselines says of each series."""
    values: dict[SeriesName, list[float]] = {}
    for baseline in baselines:
        for series in baseline.figures.series:
            points = [
                quantile_point(
                    quantile_name(figure.q, series.label), math.exp(figure.ln_s), figure.error
                )
                for figure in series.quantiles
            ]
            points += [share_point(series.label, series.failed, series.n)] if series.n else []
            for point in points:
                values.setdefault(point.name, []).append(point.value)
    return Accepted(newest=max((b.started_at for b in baselines), default=""), values=values)


def days_old(accepted: Accepted, tracks: Sequence[Track]) -> int | None:
    """Days between the newest accepted run and the newest run, where that is too many."""
    if not accepted.newest or not tracks:
        return None
    newest = max(instant(track.rows[-1].started_at) for track in tracks)
    days = (newest - instant(accepted.newest)).days
    return days if days > OLD_DAYS else None


def slack_of(accepted: Accepted, tracks: Sequence[Track]) -> list[Slack]:
    """Series whose last ten runs are better than their baselines by more than the tolerance."""
    found: list[Slack] = []
    for track in tracks:
        values = accepted.values.get(track.name)
        last = [value for value in track.counted if value is not None][-LAST_RUNS:]
        if not values or len(last) < LAST_RUNS or track.name.kind == SHARE:
            continue
        pair = statistics.median(values), statistics.median(last)
        worse, better = pair if track.name.better != Better.HIGHER else pair[::-1]
        if worse > better * (1.0 + TOLERANCE):
            found.append(Slack(track, *pair))
    return found
