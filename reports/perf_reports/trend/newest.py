"""One line on what the newest run does to the trend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_baselines.trend_points import SHARE
from perf_reports.escape import visible
from perf_reports.trend import words

if TYPE_CHECKING:
    from perf_baselines.trend_newest import Newest


def said(newest: Newest) -> str:
    """The line."""
    series = newest.series.of
    about = words.name(series.text)
    others = f" (and {newest.more} more series)" if newest.more else ""
    point = newest.confirmed
    if point is not None:
        change = words.word(series, improved=point.improved)
        since = f" since {visible(newest.commit[:10])}" if newest.commit else ""
        return (
            f"this run confirms a change of level: {about} is "
            f"{change} {words.point_size(series, point)}{since}{others}"
        )
    if series.kind == SHARE or newest.level <= 0.0:
        step = f"{words.value(series, newest.value)} after {words.value(series, newest.level)}"
    else:
        ratio = newest.value / newest.level - 1.0
        step = f"{abs(ratio) * 100.0:.0f} % {'above' if ratio > 0 else 'below'} its level"
    return (
        f"this run may start a change: {about} is {step} over {newest.runs} "
        f"runs{others}; the next runs will tell"
    )
