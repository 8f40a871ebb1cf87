"""Rows, tables and folded parts in Markdown: what summary and comment are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.verdict import Outcome
from perf_reports import comparisons, units, wording
from perf_reports.escape import markdown_code, markdown_text
from perf_reports.parts import GLYPHS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perf_analysis.compared import ComparedRow
    from perf_analysis.verdict import Check, ThresholdResult

# a command is there to be copied: one that is cut is of no use
LONGEST_COMMAND = 300


def threshold_row(result: ThresholdResult) -> tuple[str, ...]:
    """Cells of a threshold."""
    threshold = result.threshold
    reason = f"<br>{markdown_text(result.reason)}" if result.reason else ""
    return (
        GLYPHS[result.verdict],
        markdown_code(f"{threshold.subject} {threshold.expression}"),
        units.observed(result),
        plain(units.limit(threshold)),
        units.count(result.n),
        f"{result.verdict.value}{reason}",
    )


def compared_row(row: ComparedRow) -> tuple[str, ...]:
    """Cells of a compared row."""
    text = comparisons.row_text(row)
    reason = f"<br>{markdown_text(text.reason)}" if text.reason else ""
    return (
        markdown_code(text.subject),
        text.reference,
        text.candidate,
        text.change,
        text.interval,
        text.detectable,
        text.counts,
        f"{text.glyph} {text.verdict}{reason}",
    )


def check_row(check: Check) -> tuple[str, ...]:
    """Cells of a validity rule."""
    advice = f"<br>{markdown_text(check.advice)}" if check.outcome is Outcome.BROKEN else ""
    return (
        markdown_text(f"{check.rule} {check.title}"),
        f"{wording.OUTCOME_GLYPHS[check.outcome]} {check.outcome.value}{advice}",
        markdown_text(check.figure),
        markdown_text(check.limit),
    )


def table(head: Sequence[str], alignment: str, rows: Iterable[Sequence[str]]) -> str:
    """Table of cells that are Markdown already; `alignment` has l or r for each column."""
    rules = ("---:" if side == "r" else "---" for side in alignment)
    lines = (head, tuple(rules), *rows)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def details(summary: str, *blocks: str) -> str:
    """Folded part; blank lines make GitHub read Markdown inside it."""
    inner = "\n\n".join(block for block in blocks if block)
    return f"<details><summary>{summary}</summary>\n\n{inner}\n\n</details>"


def plain(text: str) -> str:
    """Own text whose `<` and `>` must not open a tag."""
    return text.replace("<", "&lt;").replace(">", "&gt;")
