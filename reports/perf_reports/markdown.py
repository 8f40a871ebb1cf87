"""The summary in Markdown, for a job's summary page: short, and inert whatever names hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.compared import RowVerdict
from perf_reports import comparisons, units, wording
from perf_reports.escape import markdown_code, markdown_text
from perf_reports.markdown_parts import (
    LONGEST_COMMAND,
    check_row,
    compared_row,
    details,
    plain,
    table,
    threshold_row,
)

if TYPE_CHECKING:
    from perf_analysis.compared import Comparison
    from perf_reports.parts import EndpointRow, FailureRow, View

MOST_THRESHOLDS = 50
MOST_ENDPOINTS = 20
MOST_FAILURES = 20
MOST_COMPARED = 50
FEW_COMPARED = 5


def render_markdown(view: View) -> str:
    """Return headline, thresholds, endpoints and validity; details folded."""
    made_by = f"perfproof {markdown_text(view.version)}, run {markdown_code(view.run_id)}"
    blocks = [
        _headline(view),
        f"{markdown_text(view.headline)}<br>Next: {markdown_text(view.next_step)}",
        *_thresholds(view),
        *_compared(view.comparison),
        *([f"Trend: {markdown_text(view.trend)}."] if view.trend else []),
        *_endpoints(view),
        f"Valid: {wording.checks_said(view.checks)}.",
        *_folded(view),
        f"Repeat: {markdown_code(view.repeat, LONGEST_COMMAND)}<br>{made_by}",
    ]
    return "\n\n".join(blocks) + "\n"


def _headline(view: View) -> str:
    beside = f" ({view.qualifier})" if view.qualifier else ""
    return (
        f"### {view.glyph} {view.word}{beside}: {markdown_code(view.profile)} on "
        f"{markdown_code(view.target)}, exit {view.exit_code}"
    )


def _thresholds(view: View) -> list[str]:
    if not view.thresholds:
        return ["The profile sets no thresholds."]
    kept = view.thresholds[:MOST_THRESHOLDS]
    head = ("", "threshold", "observed", "limit", "n", "verdict")
    more = _more(len(view.thresholds) - len(kept), "threshold")
    return [table(head, "llrrrl", map(threshold_row, kept)), *more]


def _compared(comparison: Comparison) -> list[str]:
    """The sentence, rows that did not pass, and those that did folded."""
    blocks = [f"**{markdown_text(comparisons.headline(comparison))}**"]
    if comparison.next_step and comparison.verdict is not RowVerdict.PASS:
        blocks[0] += f"<br>Next: {markdown_text(comparison.next_step)}"
    rows = comparisons.gated(comparison)
    loud = [row for row in rows if row.verdict is not RowVerdict.PASS][:MOST_COMPARED]
    quiet = [row for row in comparison.rows if row not in loud][:MOST_COMPARED]
    if len(rows) <= FEW_COMPARED:
        loud, quiet = list(rows), [row for row in comparison.rows if not row.gated]
    head, sides = (*comparisons.HEAD[:6], "n", comparisons.HEAD[6]), "lrrrlrrl"
    if loud:
        blocks.append(table(head, sides, map(compared_row, loud)))
    if quiet:
        folded = table(head, sides, map(compared_row, quiet))
        blocks.append(details(f"{len(quiet)} more compared rows", folded))
    said = [*comparison.left_out, *comparison.notes]
    blocks += ["\n".join(f"- {markdown_text(line)}" for line in said)] if said else []
    return blocks


def _endpoints(view: View) -> list[str]:
    kept = view.endpoints[:MOST_ENDPOINTS]
    names = [wording.quantile_name(figure.q) for figure in view.total.service]
    head = (f"endpoint ({view.phase})", "requests", "rate", "failed", *names)
    more = _more(len(view.endpoints) - len(kept), "endpoint")
    return [table(head, "lrrr" + "r" * len(names), map(_endpoint, kept)), *more]


def _endpoint(row: EndpointRow) -> tuple[str, ...]:
    return (
        markdown_code(row.label),
        units.count(row.requests),
        units.rate(row.rate_per_s),
        plain(units.share(row.failed, row.failed_of)),
        *(wording.quantile(figure) for figure in row.service),
    )


def _folded(view: View) -> list[str]:
    checks = table(("rule", "outcome", "figure", "limit"), "llll", map(check_row, view.checks))
    accounts = "<br>".join(markdown_text(account.text) for account in view.accounts)
    blocks = [details(f"All {len(view.checks)} validity rules", checks, accounts)]
    if view.failures:
        head = ("class", "count", "blame", "first", "last", "sample")
        rows = map(_failure, view.failures[:MOST_FAILURES])
        said = markdown_text(wording.failures_said(view.failures, view.total.failed_of))
        blocks.append(details("Failures", said, table(head, "lrlrrl", rows)))
    notes = [f"- {markdown_text(note)}" for note in view.notes]
    blocks += [details(f"Notes ({len(notes)})", "\n".join(notes))] if notes else []
    return blocks


def _failure(row: FailureRow) -> tuple[str, ...]:
    def moment(at_s: float | None) -> str:
        return units.NOT_AVAILABLE if at_s is None else units.length(at_s)

    return (
        markdown_code(row.error_class),
        plain(units.share(row.count, row.of)),
        "generator" if row.generator else "target",
        moment(row.first_s),
        moment(row.last_s),
        markdown_code(row.sample) if row.sample else units.NOT_AVAILABLE,
    )


def _more(number: int, noun: str) -> list[str]:
    if number <= 0:
        return []
    return [f"{units.count(number)} more {wording.plural(noun, number)} in the report."]
