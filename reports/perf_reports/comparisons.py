"""Compared rows in words: the same cells for every output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_analysis import comparison_wording as said
from perf_analysis.compared import ADVISORY, BASELINES, CONTROL, ERROR_RATE, RowVerdict
from perf_reports import units, wording

if TYPE_CHECKING:
    from perf_analysis.compared import ComparedRow, Comparison

GLYPHS = {
    RowVerdict.PASS: "✓",
    RowVerdict.FAIL: "✗",
    RowVerdict.INCONCLUSIVE: "?",
    RowVerdict.NOT_JUDGED: wording.NOT_JUDGED,
}
HEAD = ("compared", "reference", "candidate", "change", "interval", "detectable", "verdict")
NONE = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowText:
    """One compared row as cells; `subject` and `short` hold foreign text."""

    glyph: str
    subject: str
    short: str
    reference: str
    candidate: str
    change: str
    interval: str
    detectable: str
    counts: str
    verdict: str
    reason: str


def row_text(row: ComparedRow) -> RowText:
    """Cells of a row."""
    known = row.effect is not None
    notes = f" ({', '.join(row.notes)})" if row.notes else ""
    reason = f"{row.reason}; {row.advice}" if row.reason and row.advice else row.reason
    return RowText(
        glyph=GLYPHS[row.verdict],
        subject=said.subject(row),
        short=f"{'errors' if row.metric == ERROR_RATE else row.metric} {row.label or 'all'}",
        reference=said.level(row.metric, row.reference),
        candidate=said.level(row.metric, row.candidate),
        change=said.change(row.metric, row.effect or 0.0) if known else NONE,
        interval=_compact(said.interval(row)) if known else NONE,
        detectable=NONE if row.detectable is None else said.change(row.metric, row.detectable),
        counts=f"{units.count(row.n)} / {units.count(row.reference_n)}",
        verdict=f"{row.verdict.value}{notes}",
        reason=reason,
    )


def _compact(interval: str) -> str:
    """Interval that says its unit once, where it has two ends."""
    low, _, high = interval.partition(" to ")
    same = low.rpartition(" ")[2] == high.rpartition(" ")[2]
    return f"{low.rpartition(' ')[0]} to {high}" if same else interval


def row_said(row: ComparedRow) -> str:
    """A row as one line: subject, change with its interval, verdict and reason."""
    text = row_text(row)
    change = f"{text.change} ({text.interval}), " if row.effect is not None else ""
    return f"{text.subject}: {change}{text.verdict}{f': {text.reason}' if text.reason else ''}"


def margin(row: ComparedRow) -> str:
    """Margin of a row in its unit."""
    return said.change(row.metric, row.margin, signed=False)


def gated(comparison: Comparison) -> tuple[ComparedRow, ...]:
    """Rows that gate, the worst first; a comparison lists them first."""
    return tuple(row for row in comparison.rows if row.gated)


def headline(comparison: Comparison) -> str:
    """What was compared with what, and what came of it, with its glyph."""
    shown = "" if comparison.gates else " (advisory: shown, it gates nothing)"
    return f"{GLYPHS[comparison.verdict]} {comparison.sentence}{shown}"


def basis(comparison: Comparison) -> str:
    """How rows were compared: mode, alpha, and the other side."""
    if not comparison.rows:
        return ""
    other = {
        BASELINES: f"{len(comparison.reference)} accepted runs; the run is the unit",
        CONTROL: "the control measured beside it, second by second",
    }.get(comparison.source, f"{len(comparison.reference)} runs; the run is the unit")
    mode = "shown, it gates nothing" if comparison.mode == ADVISORY else comparison.mode
    return (
        f"Compared with {other}. Mode {mode}, alpha {comparison.alpha:g} for the whole family, "
        f"intervals at {units.percent(1.0 - 2.0 * comparison.alpha)}."
    )
