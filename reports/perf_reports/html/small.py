"""Small pictures of endpoints, written as paths: a hundred of matplotlib's take half a minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_reports import units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_reports.drawn import EndpointLine, Line
    from perf_reports.parts import View

SPARK = (120.0, 20.0)
SMALL = (250.0, 76.0)
_PAD = 2.0
_P95 = "p95"


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """One endpoint over time as paths in a box; empty paths where nothing is to be drawn.

    Attributes
    ----------
    line, dots, control : str
        Path data of p95; points without neighbours; p95 of the control.
    level : str
        Height of the baselines' level; empty without one.
    failed : tuple of str
        Places of points in which a request failed.
    highest, said : str
        The top of the box, and the picture in words.
    """

    label: str
    width: float
    height: float
    line: str
    dots: str
    control: str
    level: str
    failed: tuple[str, ...]
    highest: str
    said: str


def smalls(view: View) -> tuple[Small, ...]:
    """Return the pictures of the endpoints, in the order of the table."""
    return tuple(_drawn(line, _level_s(view, line.label), SMALL) for line in _lines(view))


def sparks(view: View) -> dict[str, Small]:
    """Return the smaller ones that stand in the table, by name."""
    return {line.label: _drawn(line, _level_s(view, line.label), SPARK) for line in _lines(view)}


def _lines(view: View) -> tuple[EndpointLine, ...]:
    return view.distribution.lines


def _level_s(view: View, label: str) -> float | None:
    """Level that the comparison holds the endpoint's p95 against."""
    rows = view.comparison.rows
    named = [row.reference for row in rows if row.metric == _P95 and row.label == label]
    return named[0] if named else None


def _drawn(line: EndpointLine, level_s: float | None, box: tuple[float, float]) -> Small:
    width, height = box
    known = [value for value in line.p95_s if value is not None]
    others = [value for value in line.control_p95_s if value is not None]
    top_s = max([*known, *others, *([level_s] if level_s else [])], default=0.0)
    scale = (height - 2.0 * _PAD) / top_s if top_s > 0 else 0.0
    count = max(len(line.failed), 1)

    def place(number: int) -> str:
        return _short((number + 0.5) * width / count)

    def up(value: float) -> str:
        return _short(height - _PAD - value * scale)

    def path(values: Line) -> str:
        points = [
            [f"{place(at)} {up(values[at] or 0.0)}" for at in piece] for piece in _pieces(values, 2)
        ]
        return "".join(f"M{piece[0]}L{' '.join(piece[1:])}" for piece in points)

    lonely = [piece[0] for piece in _pieces(line.p95_s, 1) if len(piece) == 1]
    return Small(
        label=line.label,
        width=width,
        height=height,
        line=path(line.p95_s),
        dots="".join(f"M{place(at)} {up(line.p95_s[at] or 0.0)}h.1" for at in lonely),
        control=path(line.control_p95_s),
        level=up(level_s) if level_s and scale else "",
        failed=tuple(place(at) for at, failed in enumerate(line.failed) if failed),
        highest=units.duration(top_s) if top_s > 0 else "",
        said=_said(known, line),
    )


def _said(known: Sequence[float], line: EndpointLine) -> str:
    if not known:
        return "p95 suppressed: too few requests in any point"
    text = f"p95 {units.duration(min(known))} to {units.duration(max(known))}"
    failing = sum(line.failed)
    return f"{text}, failures in {failing} of {len(line.failed)} points" if failing else text


def _pieces(values: Line, least: int) -> list[list[int]]:
    """Runs of neighbouring points that are known, of that length at least."""
    pieces: list[list[int]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append(place)
    return [piece for piece in pieces if len(piece) >= least]


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
