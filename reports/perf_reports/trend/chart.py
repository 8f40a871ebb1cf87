"""The chart of a series as it stands in the page without script: the last runs, linear."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_baselines.trend_order import instant
from perf_baselines.trend_points import SECONDS, SHARE
from perf_reports.charts import scale
from perf_reports.charts.palette import colour
from perf_reports.trend import words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perf_baselines.trend_tracks import Change, Track

SHOWN = 200
WIDTH, HEIGHT = 860.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 12.0, 14.0, 46.0
SPARK_WIDTH, SPARK_HEIGHT, SPARK_RUNS = 130, 26, 50
_LABEL_WIDTH = 120.0
_SHORT_DAYS = 3
_FEW = 60


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where runs and values stand in the drawing."""

    first: int
    count: int
    highest: float

    def x(self, at: float) -> str:
        """Place of a run."""
        share = (at - self.first + 0.5) / self.count
        return _short(LEFT + share * (WIDTH - LEFT - RIGHT))

    def y(self, value: float) -> str:
        """Height of a value."""
        share = min(max(value / self.highest, 0.0), 1.0)
        return _short(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM))


def factor_of(track: Track) -> tuple[float, str]:
    """What values are drawn in: a factor, and the unit's name."""
    match track.name.kind:
        case unit if unit == SECONDS:
            return 1000.0, "ms"
        case unit if unit == SHARE:
            return 100.0, "%"
        case unit:
            return 1.0, unit


def role_of(change: Change) -> str:
    """Colour of a change: grey where it no longer says anything of today's level."""
    if not change.stands:
        return "limit"
    return {True: "held", False: "breached", None: "undecided"}[change.point.improved]


def draw(track: Track, band: tuple[float, float] | None) -> str:
    """SVG of the last runs."""
    first = max(0, len(track.rows) - SHOWN)
    factor, unit = factor_of(track)
    shown = [v for v in (*track.values[first:], *track.highs[first:]) if v is not None]
    ticks = scale.linear(max([*shown, *(band or ())], default=0.0) * factor)
    frame = _Frame(first, len(track.rows) - first, ticks[-1] / factor)
    parts = [
        *_axes(track, frame, ticks, factor, unit),
        *_bands(track, frame, band),
        *_levels(track, frame),
        *_points(track, frame),
    ]
    said = html.escape(f"{words.name(track.name.text)}, the last {frame.count} runs")
    return (
        f'<svg class="runs-plot" id="plot" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-label="{said}" font-family="system-ui, sans-serif" font-size="11">'
        f"{''.join(parts)}</svg>\n"
    )


def spark(track: Track) -> dict[str, object]:
    """Path of the last runs, smallest picture; points of valid runs only."""
    start = max(0, len(track.rows) - SPARK_RUNS)
    counted = track.counted[start:]
    good = [value for value in counted if value is not None]
    low, high = (min(good), max(good)) if good else (0.0, 1.0)
    # a series that hardly moves is not blown up to look wild
    reach = max(high - low, 0.1 * abs(high)) or 1.0
    middle = (high + low) / 2.0

    def place(at: int, value: float) -> str:
        x = (at + 0.5) * SPARK_WIDTH / len(counted)
        y = SPARK_HEIGHT / 2.0 - (value - middle) / reach * (SPARK_HEIGHT - 6.0)
        return f"{x:.0f} {y:.0f}"

    path: list[str] = []
    for at, value in enumerate(counted):
        if value is None:
            continue
        pen = "M" if start + at in track.breaks or not path else "L"
        path.append(pen + place(at, value))
    point = track.latest
    marked = point and start <= point.point.index
    last = next((at for at in reversed(range(len(counted))) if counted[at] is not None), None)
    return {
        "path": "".join(path),
        "dot": "" if last is None else place(last, counted[last] or 0.0),
        "mark": _short((point.point.index - start) * SPARK_WIDTH / len(counted))
        if point and marked
        else "",
        "lonely": len(good) == 1,
    }


def _axes(
    track: Track, frame: _Frame, ticks: list[float], factor: float, unit: str
) -> Iterable[str]:
    for tick, label in zip(ticks, scale.labels(ticks), strict=True):
        y = frame.y(tick / factor)
        yield _line(f"M{LEFT:g} {y}H{WIDTH - RIGHT:g}", "grid")
        yield _text(LEFT - 6.0, y, f"{label} {unit}" if tick == ticks[-1] else label, "end")
    floor, before = HEIGHT - BOTTOM, -math.inf
    rows = track.rows[frame.first :]
    is_short = (instant(rows[-1].started_at) - instant(rows[0].started_at)).days < _SHORT_DAYS
    for at, row in enumerate(rows, frame.first):
        x = float(frame.x(at))
        if x - before >= _LABEL_WIDTH and x <= WIDTH - _LABEL_WIDTH / 3.0:
            said = row.started_at[5:16].replace("T", " ") if is_short else row.started_at[:10]
            yield _text(
                x, floor + 18.0, said, "start" if x < LEFT + _LABEL_WIDTH / 4.0 else "middle"
            )
            before = x
    yield _line(f"M{LEFT:g} {_short(floor)}H{WIDTH - RIGHT:g}", "ink")
    yield _text(
        (LEFT + WIDTH) / 2.0, HEIGHT - 10.0, "runs in order, by the day they began", "middle"
    )


def _bands(track: Track, frame: _Frame, band: tuple[float, float] | None) -> Iterable[str]:
    if band is not None:
        top, bottom = frame.y(band[1]), frame.y(band[0])
        tall = _short(max(float(bottom) - float(top), 2.0))
        yield _box(f"{LEFT:g}", top, f"{WIDTH - LEFT - RIGHT:g}", tall, "before", 0.22)
    for change in track.changes:
        point = change.point
        if point.last < frame.first:
            continue
        left = float(frame.x(max(point.first, frame.first) - 0.5))
        width = max(float(frame.x(point.last + 0.5)) - left, 2.0)
        role = role_of(change)
        height = _short(HEIGHT - TOP - BOTTOM)
        faint = 0.18 if change.stands else 0.08
        yield _box(_short(left), f"{TOP:g}", _short(width), height, role, faint)
    for at in track.breaks:
        if at > frame.first:
            x = frame.x(at - 0.5)
            yield _line(
                f"M{x} {TOP:g}V{_short(HEIGHT - BOTTOM)}", "limit", 'stroke-dasharray="2 3"'
            )


def _levels(track: Track, frame: _Frame) -> Iterable[str]:
    for level in track.levels:
        if level.stop > frame.first:
            start, stop = frame.x(max(level.start, frame.first) - 0.5), frame.x(level.stop - 0.5)
            yield _line(f"M{start} {frame.y(level.median)}H{stop}", "p99", 'stroke-width="2"')


def _points(track: Track, frame: _Frame) -> Iterable[str]:
    ends, dots, hollow = [], [], []
    for at in range(frame.first, len(track.rows)):
        value, low, high = track.values[at], track.lows[at], track.highs[at]
        if not track.rows[at].valid:
            hollow.append(f"M{frame.x(at)} {_short(HEIGHT - BOTTOM - 4.0)}")
        elif value is not None:
            dots.append(f"M{frame.x(at)} {frame.y(value)}h.01")
            if low is not None and high is not None and low < high:
                ends.append(f"M{frame.x(at)} {frame.y(low)}V{frame.y(high)}")
    if ends:
        yield _line("".join(ends), "p50", 'stroke-opacity=".55"')
    if dots:
        size = 4.5 if frame.count > _FEW else 6
        yield _line("".join(dots), "p95", f'stroke-width="{size:g}" stroke-linecap="round"')
    ring = "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0"
    if hollow:
        yield _line("".join(start + ring for start in hollow), "breached", 'stroke-width="1.2"')


def _line(path: str, role: str, more: str = "") -> str:
    return f'<path class="s-{role}" d="{path}" fill="none" stroke="{colour(role)}" {more}/>'


def _box(x: str, y: str, width: str, height: str, role: str, opacity: float) -> str:
    return (
        f'<rect class="f-{role}" x="{x}" y="{y}" width="{width}" height="{height}" '
        f'fill="{colour(role)}" fill-opacity="{opacity:g}"/>'
    )


def _text(x: float, y: float | str, text: str, anchor: str) -> str:
    at = _short(float(y) + 4.0)
    return (
        f'<text class="f-text" x="{_short(x)}" y="{at}" text-anchor="{anchor}" '
        f'fill="{colour("text")}">{html.escape(text)}</text>'
    )


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
