"""The table of compared rows on the page, each with its interval drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.compared import RowVerdict
from perf_reports import comparisons, units
from perf_reports.escape import shorten
from perf_reports.html.cells import Band, Cell, Column, Table

if TYPE_CHECKING:
    from perf_analysis.compared import ComparedRow
    from perf_reports.parts import View

TONES = {
    RowVerdict.PASS: "pass",
    RowVerdict.FAIL: "fail",
    RowVerdict.INCONCLUSIVE: "unsure",
    RowVerdict.NOT_JUDGED: "none",
}
_WIDTH = 120.0
# the drawing shows three margins to either side; what lies beyond touches its edge
_MARGINS = 3.0


def tone(view: View) -> str:
    """Look of the comparison's sentence."""
    return TONES[view.comparison.verdict]


def table(view: View) -> Table:
    """All rows, gated ones first, the worst first."""
    columns = (
        Column(title="Compared"),
        Column(title="Reference", numeric=True),
        Column(title="Candidate", numeric=True),
        Column(title="Change", numeric=True),
        Column(title="Interval"),
        Column(title="Detectable", numeric=True),
        Column(title="Margin", numeric=True),
        Column(title="n candidate / reference", numeric=True),
        Column(title="Verdict"),
    )
    rows = tuple(_row(row) for row in view.comparison.rows)
    count = units.count(len(rows))
    return Table(key="comparison", caption=f"Compared rows ({count})", columns=columns, rows=rows)


def _row(row: ComparedRow) -> tuple[Cell, ...]:
    text = comparisons.row_text(row)
    gated = "" if row.gated else "does not gate"
    return (
        Cell(text=shorten(text.subject), code=True, under=gated),
        Cell(text=text.reference),
        Cell(text=text.candidate),
        Cell(text=text.change),
        Cell(text=text.interval, band=_band(row)),
        Cell(text=text.detectable),
        Cell(text=comparisons.margin(row)),
        Cell(text=text.counts),
        Cell(text=f"{text.glyph} {text.verdict}", tone=TONES[row.verdict], under=text.reason),
    )


def _band(row: ComparedRow) -> Band | None:
    if row.effect is None or row.margin <= 0.0:
        return None
    reach = _MARGINS * row.margin

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
