"""Change points as text and as JSON: the result of `perf changes`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from perf_analysis.changes import Direction
from perf_baselines.trend_points import SECONDS, SHARE
from perf_reports import units
from perf_reports.escape import cut, terminal
from perf_reports.terminal_text import COLUMNS, in_ascii
from perf_reports.trend.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.changes import ChangePoint, Changes, Effect
    from perf_reports.terminal import Style

_PLAIN = {Direction.UP: "up", Direction.DOWN: "down"}
_LABEL, _NAME = 24, 80
_MOST_SPIKES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedSeries:
    """One series with what was found in it.

    Attributes
    ----------
    about : mapping
        What else says which series it is: profile, environment and branch, of stored runs.
    labels : tuple of str
        What each run is called; empty where nothing is known.
    unit : str
        Empty where it is not known.
    kind : str
        `s` or `ratio` of our own series, which are told in ms, and as failures in %.
    """

    name: str
    changes: Changes
    about: dict[str, str]
    labels: tuple[str, ...] = ()
    unit: str = ""
    kind: str = ""

    def label(self, index: int) -> str:
        """What the run at an index is called."""
        return self.labels[index] if self.labels else ""


def render_changes(found: Sequence[ChangedSeries], style: Style) -> str:
    """Return one line per series and one per change point."""
    # one branch goes without saying
    told = _ABOUT[: 3 if len({series.about.get(_ABOUT[2]) for series in found}) > 1 else 2]
    lines = [line for series in found for line in _lines(series, told)]
    return "\n".join(in_ascii(line) if style.ascii_only else cut(line, COLUMNS) for line in lines)


def changes_as_json(found: Sequence[ChangedSeries]) -> str:
    """Return the document of `perf changes --json`."""
    document = {"series": [_series(series) for series in found]}
    return json.dumps(document, indent=2, allow_nan=False)


def size_of(point: ChangePoint, kind: str) -> str:
    """Size of a change with its interval: `slower 12.3 % (9.1 % to 15.4 %)`.

    A share of requests changes by percentage points; where a level is not positive, there is no
    ratio, and the difference stands in its place.
    """
    word = WORDS.get(kind, {}).get(point.improved) or _PLAIN[point.direction]
    if kind == SHARE:
        return f"{word} {_sized(point.difference, 100.0, ' pp')}"
    if point.effect_ratio is None:
        return f"{word} {_sized(point.difference, 1.0, '')}"
    ratio = point.effect_ratio
    moved = type(ratio)(ratio.estimate - 1.0, ratio.low - 1.0, ratio.high - 1.0)
    return f"{word} {_sized(moved, 100.0, ' %')}"


def _sized(effect: Effect, scale: float, unit: str) -> str:
    """Size without sign, as the word says it; the ends of the interval keep theirs where unlike."""
    sign = -1.0 if effect.estimate < 0.0 else 1.0
    size, *ends = (
        units.significant(sign * value * scale)
        for value in (effect.estimate, effect.low, effect.high)
    )
    low, high = ends if sign > 0.0 else reversed(ends)
    return f"{size}{unit} ({low}{unit} to {high}{unit})"


_ABOUT = ("profile", "environment", "branch")


def _lines(series: ChangedSeries, told: Sequence[str]) -> list[str]:
    changes = series.changes
    points = len(changes.change_points)
    about = [value for key, value in series.about.items() if key in told or key not in _ABOUT]
    where = f" ({terminal(' on '.join(filter(None, about)), 40)})" * bool(about)
    gaps = changes.size - changes.n
    count = (
        f"{units.count(changes.n)} values"
        + f", {units.count(gaps)} gap{'s' * (gaps > 1)}" * bool(gaps)
    )
    found = f"{points or 'no'} change point{'s' * (points != 1)}"
    lines = [
        f"{terminal(series.name, _NAME)}{where}: {found} in {count}",
        *(f"  {_point(series, point)}" for point in changes.change_points),
    ]
    if changes.drift:
        lines.append("  drift: a slope describes it better than levels alone")
    if changes.spikes:
        shown = ", ".join(map(str, changes.spikes[:_MOST_SPIKES]))
        more = len(changes.spikes) - _MOST_SPIKES
        lines.append(f"  spikes, no changes: {shown}{f' and {more} more' * (more > 0)}")
    return lines


def _point(series: ChangedSeries, point: ChangePoint) -> str:
    scale = {SECONDS: 1000.0, SHARE: 100.0}.get(series.kind, 1.0)
    own = f" {terminal(series.unit, _LABEL)}" if series.unit else ""
    unit = {SECONDS: " ms", SHARE: " %"}.get(series.kind, own)
    levels = " → ".join(units.significant(level * scale) for level in (point.before, point.after))
    label = terminal(series.label(point.index), _LABEL)
    # where the unit is not known, the word for a direction does not say which one is good
    is_plain = point.improved is not None and series.kind not in WORDS
    judged = ("better, " if point.improved else "worse, ") * is_plain
    return (
        f"{point.index} [{point.first}..{point.last}]{f' {label}' * bool(label)}: "
        f"{judged}{size_of(point, series.kind)}, {levels}{unit}"
    )


def _series(series: ChangedSeries) -> dict[str, object]:
    changes = series.changes
    return {
        "name": series.name,
        **series.about,
        "n": changes.n,
        "unit": series.unit or None,
        "change_points": [_change(series, point) for point in changes.change_points],
        "drift": changes.drift,
        "spikes": list(changes.spikes),
        "levels": [asdict(level) for level in changes.levels],
    }


def _change(series: ChangedSeries, point: ChangePoint) -> dict[str, object]:
    ratio = point.effect_ratio
    return {
        "index": point.index,
        "interval": [point.first, point.last],
        "label": series.label(point.index) or None,
        "direction": point.direction,
        "improved": point.improved,
        "effect_ratio": ratio and ratio.estimate,
        "effect_ratio_interval": ratio and [ratio.low, ratio.high],
        "difference": point.difference.estimate,
        "difference_interval": [point.difference.low, point.difference.high],
        "before": point.before,
        "after": point.after,
    }
