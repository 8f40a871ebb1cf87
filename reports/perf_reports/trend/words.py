"""What the trend site says of values, changes and weeks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from perf_analysis.changes import Direction
from perf_baselines.trend_points import PER_SECOND, SECONDS, SHARE
from perf_baselines.trend_tracks import Status
from perf_reports import units
from perf_reports.escape import shorten, visible
from perf_reports.wording import plural

if TYPE_CHECKING:
    from perf_analysis.changes import ChangePoint, Effect
    from perf_baselines.trend_points import SeriesName
    from perf_baselines.trend_tracks import Change, Track
    from perf_baselines.trend_week import Shift, Week

ARROWS = {Direction.UP: "▲", Direction.DOWN: "▼"}
_LARGE_RATIO = 3.0
WORDS: dict[str, dict[bool | None, str]] = {
    SECONDS: {True: "faster", False: "slower"},
    SHARE: {True: "fewer failures", False: "more failures"},
}
_OTHERS: dict[bool | None, str] = {True: "better", False: "worse"}
STATUS_WORDS = {
    Status.OPEN: "open",
    Status.WAIVED: "waived",
    Status.ACKNOWLEDGED: "acknowledged",
    Status.IMPROVED: "improved",
    Status.SMALL: "small: within the tolerance",
    Status.FIXED: "fixed: the level is back",
    Status.PAST: "past: the load has changed since",
}
_TONES = {Status.OPEN: "fail", Status.IMPROVED: "pass"}


class Badge(NamedTuple):
    """A change as a mark: arrow, words and colour, each of which says it alone."""

    arrow: str
    text: str
    tone: str


def name(text: str) -> str:
    """A foreign name, visible and short."""
    return shorten(visible(text))


def value(series: SeriesName, number: float | None) -> str:
    """Value in the unit of its series."""
    if number is None:
        return units.NOT_AVAILABLE
    match series.kind:
        case units_s if units_s == SECONDS:
            return units.duration(number)
        case share if share == SHARE:
            return units.percent(number) if number else "0 %"
        case rate if rate == PER_SECOND:
            return units.rate(number)
        case _:
            return f"{units.number(number)} {name(series.unit)}".strip()


def size(effect: Effect, *, is_ratio: bool) -> str:
    """Size of a change without a sign, with its interval: `12 % (9 .. 15)`, `0.3 pp (0.1 .. 0.5)`.

    Ends on the other side of nothing keep their sign.
    """
    if is_ratio and effect.estimate >= _LARGE_RATIO:
        span = f"{units.number(effect.low)} .. {units.number(effect.high)}"
        return f"{units.number(effect.estimate)}-fold ({span})"
    ends = [effect.estimate, effect.low, effect.high]
    shown = [100.0 * (end - 1.0 if is_ratio else end) for end in ends]
    sign = -1.0 if shown[0] < 0 else 1.0
    low, high = sorted(sign * end for end in shown[1:])
    unit = "%" if is_ratio else "pp"
    return f"{_short(sign * shown[0])} {unit} ({_short(low)} .. {_short(high)})"


def point_size(series: SeriesName, point: ChangePoint) -> str:
    """Size of a change point; of shares, and where a ratio says nothing, as a difference."""
    if series.kind == SHARE:
        return size(point.difference, is_ratio=False)
    if point.effect_ratio is not None:
        return size(point.effect_ratio, is_ratio=True)
    return f"{value(series, point.before)} to {value(series, point.after)}"


def word(series: SeriesName, *, improved: bool | None) -> str:
    """Word of a direction: `slower`, `fewer failures`, `better`."""
    return WORDS.get(series.kind, _OTHERS)[improved]


def badge(series: SeriesName, change: Change) -> Badge:
    """Mark of a change point."""
    said = f"{word(series, improved=change.point.improved)} {point_size(series, change.point)}"
    tone = _TONES.get(change.status, "none")
    return Badge(ARROWS[change.point.direction], said, tone)


def status(change: Change) -> str:
    """Status with who answers for it, and until when."""
    known, said = change.known, STATUS_WORDS[change.status]
    if known is None:
        return said
    by = f"{name(known.who)}: {visible(known.reason)}"
    if change.status is Status.OPEN:
        return f"open again: the waiver ended {known.until} ({by})"
    until = f" until {known.until}" if known.until else ""
    return f"{said}{until} by {by}"


def place(track: Track) -> str:
    """Profile and environment."""
    return f"{name(track.place.profile)} on {name(track.place.environment)}"


def week_said(week: Week | None) -> tuple[str, ...]:
    """Three sentences: what moved, what began, what is not known."""
    if week is None:
        return ()
    return (_moved(week), _begun(week), _unknown(week))


def _moved(week: Week) -> str:
    span = (
        f"In the week to {week.end}, {week.runs} {plural('run', week.runs)} of the default branch "
        f"against the level before:"
    )
    if not week.shifts:
        return f"{span} too few runs to say whether any series moved."
    moved = sorted((s for s in week.shifts if s.is_moved), key=_weight, reverse=True)
    worse = [shift for shift in moved if shift.is_worse]
    better = [shift for shift in moved if not shift.is_worse]
    if moved:
        counted = f"{len(worse)} of {len(week.shifts)} series worse, {len(better)} better"
        return f"{span} {counted}; most of all {_shift(worse[0] if worse else moved[0])}."
    largest = max(week.shifts, key=_weight)
    said = f"; the largest shift is {_shift(largest)}" if _weight(largest) > 0 else ""
    return f"{span} none of {len(week.shifts)} series moved beyond chance{said}."


def _shift(shift: Shift) -> str:
    series = shift.track.name
    is_ratio = series.kind != SHARE
    said = word(series, improved=not shift.is_worse)
    moved = f"{said} {size(shift.effect, is_ratio=is_ratio)}"
    which = f"{name(series.text)} ({place(shift.track)})"
    return f"{which}, {moved}, {shift.after} runs against {shift.before}"


def _weight(shift: Shift) -> float:
    """How large a shift is for its kind."""
    estimate = shift.effect.estimate
    return abs(estimate) if shift.track.name.kind == SHARE else abs(math.log(estimate))


def _begun(week: Week) -> str:
    begun = week.begun
    worse = sum(change.point.improved is False for _, change in begun)
    if not begun:
        said = "No change point began this week"
    else:
        said = (
            f"{len(begun)} {plural('change point', len(begun))} began this week, "
            f"{worse} for the worse"
        )
    return f"{said}; {week.still_open} {'is' if week.still_open == 1 else 'are'} open in all."


def _unknown(week: Week) -> str:
    verdicts = ", ".join(f"{count} {word}" for word, count in sorted(week.verdicts.items()) if word)
    thin = (
        "every series had enough runs on both sides to be compared"
        if not week.thin
        else f"of {week.thin} series nothing can be said: fewer than 3 valid runs this week, "
        "or fewer than 5 before it at the same load"
    )
    return f"Runs of this week: {verdicts or 'none judged'}; {thin}."


def _short(number: float) -> str:
    text = f"{number:.1f}" if abs(number) < 10.0 else f"{number:.0f}"  # noqa: PLR2004  # two digits
    return (
        text.removesuffix(".0").replace("-0", "0") if float(text) == 0 else text.removesuffix(".0")
    )
