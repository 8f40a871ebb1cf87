"""What decides about a canary, over time: each rule's state, and the evidence of harm."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matplotlib.patches import PathPatch
from matplotlib.path import Path

from perf_reports import units
from perf_reports.canary_words import BREACH, NO_DATA, OK, THIN
from perf_reports.charts.canary import WatchSheet, table_rows
from perf_reports.charts.palette import colour
from perf_reports.charts.sheet import Mark, Picture
from perf_reports.escape import shorten, visible
from perf_reports.wording import joined

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from perf_reports.canary_timeline import Strip, Watched

_ROW, _AROUND = 36.0, 12.0
_NAME = 60
_LN10 = math.log(10.0)
# odds that are drawn: what lies beyond touches the edge
_LEAST, _MOST = -3.0, 4.0
_DASHES: tuple[str | tuple[float, tuple[float, ...]], ...] = (
    (0, (5.0, 2.0)), (0, (1.5, 1.5)), (0, (6.0, 2.0, 1.0, 2.0)),
)  # fmt: skip
_ROLES = ("service", "p50", "unsent")
_AVERAGE = Mark(role="now", label="all together", width=2.2)
# role, hatch, and the part of the bar's height: states differ by more than their colour, and no
# data is an empty box
_STATES = {
    OK: ("held", "", 0.3),
    BREACH: ("breached", "", 1.0),
    THIN: ("undecided", "////", 0.6),
    NO_DATA: ("service", "", 0.6),
}
_FILLED = {OK, BREACH}
_SAID = {OK: "ok", BREACH: "breach", THIN: "too few samples", NO_DATA: "no data"}
_BAR = 0.5


def draw_strips(watched: Watched) -> Picture | None:
    """Each rule's state over time; none where no rule was evaluated."""
    if not watched.strips:
        return None
    title = "When was each rule broken? States over time"
    count = len(watched.strips)
    sheet = WatchSheet(watched, lane_height=_AROUND + _ROW * count)
    lane = sheet.lanes[0]
    lane.set_ylim(-0.15, count)
    sheet.axis(lane, "", [], [])
    for state in _STATES:
        _blocks(lane, watched, state)
    for place, strip in enumerate(watched.strips):
        lane.annotate(
            shorten(visible(strip.name), _NAME),
            (0.0, count - 1 - place + _BAR),
            xycoords=("axes fraction", "data"),
            xytext=(5, 3),
            textcoords="offset points",
            color=colour("text"),
            fontsize=9.5,
        )
    sheet.legend(lane)
    sentence = _strips_said(watched)
    return Picture(
        key="rules",
        title=title,
        svg=sheet.finish("rules", title, sentence),
        sentence=sentence,
        columns=("at", "phase", *(shorten(visible(s.name)) for s in watched.strips)),
        rows=table_rows(watched, [[_SAID.get(s, units.NOT_AVAILABLE) for s in strip.states]
                                  for strip in watched.strips]),
        stops=sheet.stops(),
        is_over_time=True,
    )  # fmt: skip


def _blocks(lane: Axes, watched: Watched, state: str) -> None:
    """All spans of one state as one path."""
    role, hatch, part = _STATES[state]
    shapes = [
        Path(
            [(start, low), (end, low), (end, low + _BAR * part), (start, low + _BAR * part),
             (start, low)],
            closed=True,
        )
        for place, strip in enumerate(watched.strips)
        for start, end in _spans(watched, strip, state)
        for low in (float(len(watched.strips) - 1 - place),)
    ]  # fmt: skip
    if shapes:
        lane.add_patch(
            PathPatch(
                Path.make_compound_path(*shapes),
                facecolor=colour(role) if state in _FILLED else "none",
                edgecolor=colour(role),
                linewidth=0.0 if state in _FILLED else 1.0,
                hatch=hatch,
                label=_SAID[state],
                gid=f"line:{role}:{_SAID[state]}",
            )
        )


def _spans(watched: Watched, strip: Strip, state: str) -> list[tuple[float, float]]:
    """Neighbouring points of one state as one span."""
    spans: list[tuple[float, float]] = []
    for place, found in enumerate(strip.states):
        start, end = watched.starts_s[place], watched.at_s[place]
        if found != state or end <= start:
            continue
        if spans and spans[-1][1] == start:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _strips_said(watched: Watched) -> str:
    broken = [strip.name for strip in watched.strips if BREACH in strip.states]
    if not broken:
        unseen = any(set(strip.states) - {OK, BREACH, ""} for strip in watched.strips)
        but = ", but not every look had an answer to every rule" if unseen else ""
        return f"No rule was broken at any look{but}."
    names = joined(shorten(visible(name), _NAME) for name in broken[:3])
    more = len(broken) - 3
    also = f" and {units.count(more)} more" if more > 0 else ""
    return f"Broken at some look: {names}{also}; a rule fires once that lasts for its whole time."


def draw_evidence(watched: Watched) -> Picture | None:
    """Odds of harm on a logarithmic axis against 1/alpha; none without a control."""
    if not any(value is not None for value in watched.ln_harm):
        return None
    title = "Is there evidence of harm? Odds against chance, on a log axis"
    sheet = WatchSheet(watched)
    lane = sheet.lanes[0]
    for place, (name, line) in enumerate(watched.evidence.items()):
        mark = Mark(
            role=_ROLES[place % len(_ROLES)],
            label=shorten(visible(name), _NAME),
            dashes=_DASHES[place % len(_DASHES)],
            width=1.4,
        )
        sheet.line(lane, tuple(map(_decades, line)), mark)
    sheet.line(lane, tuple(map(_decades, watched.ln_harm)), _AVERAGE)
    _odds_axis(sheet, lane, watched)
    sheet.legend(lane)
    sentence = _evidence_said(watched)
    return Picture(
        key="evidence",
        title=title,
        svg=sheet.finish("evidence", title, sentence),
        sentence=sentence,
        columns=("at", "phase", *map(visible, watched.evidence), "all together"),
        rows=table_rows(watched, [[_odds(v) for v in line]
                                  for line in (*watched.evidence.values(), watched.ln_harm)]),
        stops=sheet.stops(),
        is_over_time=True,
    )  # fmt: skip


def _odds_axis(sheet: WatchSheet, lane: Axes, watched: Watched) -> None:
    known = [
        value
        for line in (*watched.evidence.values(), watched.ln_harm, (watched.ln_needed, 0.0))
        for value in map(_decades, line)
        if value is not None
    ]
    first, last = math.floor(min(known)), math.ceil(max(known) + 0.2)
    ticks = [float(decade) for decade in range(first, last + 1)]
    lane.set_ylim(first - 0.1, last + 0.1)
    said = [f"{10**tick:,.0f}" if tick >= 0 else f"1:{10**-tick:,.0f}" for tick in ticks]
    # no title: there is no room beside labels that are as long as these
    sheet.axis(lane, "", ticks, said)
    if watched.ln_needed is not None:
        limit = f"roll back from {units.odds(watched.ln_needed)}"
        sheet.limit(lane, watched.ln_needed / _LN10, limit, "breached", is_left=True)


def _decades(ln_odds: float | None) -> float | None:
    return None if ln_odds is None else min(max(ln_odds / _LN10, _LEAST), _MOST)


def _odds(ln_odds: float | None) -> str:
    return units.NOT_AVAILABLE if ln_odds is None else units.odds(ln_odds)


def _evidence_said(watched: Watched) -> str:
    known = [value for value in watched.ln_harm if value is not None]
    needed = "" if watched.ln_needed is None else f"; {units.odds(watched.ln_needed)} roll back"
    return (
        f"The odds of harm were {units.odds(known[-1])} at the end and {units.odds(max(known))} "
        f"at their highest{needed}. What lies beyond the axis is drawn at its edge."
    )
