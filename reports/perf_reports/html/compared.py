"""The table of compared rows on the page, each with its interval drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.compared import RowVerdict
from perf_reports import comparisons, units
from perf_reports.escape import shorten
from perf_reports.html.cells import Band, Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.compared import ComparedRow
    from perf_reports.compare_view import CompareView
    from perf_reports.parts import View

TONES = {
    RowVerdict.PASS: "pass",
    RowVerdict.FAIL: "fail",
    RowVerdict.INCONCLUSIVE: "unsure",
    RowVerdict.NOT_JUDGED: "none",
}
_WIDTH = 120.0
# what lies beyond touches the edge of the drawing
_LEAST_MARGINS, _MOST_MARGINS = 3.0, 20.0


def tone(view: View | CompareView) -> str:
    """Look of the comparison's sentence."""
    return TONES[view.comparison.verdict]


def table(view: View | CompareView) -> Table:
    """All rows, gated ones first, the worst first."""
    columns = (
        Column(title="compared"),
        Column(title="verdict"),
        Column(title="change", numeric=True),
        Column(title="interval"),
        Column(title="detectable", numeric=True),
        Column(title="reference", numeric=True),
        Column(title="candidate", numeric=True),
        Column(title="margin", numeric=True),
        Column(title="n", numeric=True),
    )
    reach = _reach(view.comparison.rows)
    rows = tuple(_row(row, reach) for row in view.comparison.rows)
    count = units.count(len(rows))
    return Table(key="comparison", caption=f"Compared rows ({count})", columns=columns, rows=rows)


def _reach(rows: Sequence[ComparedRow]) -> float:
    """How many margins the drawings show to either side: enough for the largest effect."""
    largest = max(
        (abs(row.effect) / row.margin for row in rows if row.effect is not None and row.margin > 0),
        default=0.0,
    )
    return min(max(_LEAST_MARGINS, 1.3 * largest), _MOST_MARGINS)


def _row(row: ComparedRow, reach: float) -> tuple[Cell, ...]:
    text = comparisons.row_text(row)
    gated = "" if row.gated else "does not gate"
    return (
        Cell(text=shorten(text.subject), code=True, under=gated),
        Cell(text=f"{text.glyph} {text.verdict}", tone=TONES[row.verdict], under=text.reason),
        Cell(text=text.change),
        Cell(text=text.interval, band=_band(row, reach)),
        Cell(text=text.detectable),
        Cell(text=text.reference),
        Cell(text=text.candidate),
        Cell(text=comparisons.margin(row)),
        Cell(text=units.count(row.n), under=f"against {units.count(row.reference_n)}"),
    )


def _band(row: ComparedRow, margins: float) -> Band | None:
    if row.effect is None or row.margin <= 0.0:
        return None
    reach = margins * row.margin

    def place(value: float | None, default: float) -> str:
        part = default if value is None else (value + reach) / (2.0 * reach)
        return f"{_WIDTH * min(1.0, max(0.0, part)):.1f}"

    return Band(
        low=place(row.low, 0.0),
        high=place(row.high, 1.0),
        at=place(row.effect, 0.5),
        zero=place(0.0, 0.5),
        margin=place(row.margin, 0.5),
        tone=TONES[row.verdict],
    )
