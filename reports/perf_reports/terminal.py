"""The summary on a terminal: verdict first, one screen, plain text that survives a CI log."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_analysis.compared import RowVerdict
from perf_analysis.verdict import Outcome, Verdict
from perf_reports import comparisons, units, wording
from perf_reports.escape import cut, terminal
from perf_reports.parts import GLYPHS
from perf_reports.terminal_text import COLUMNS, NAMED, in_ascii, labelled, named, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.compared import ComparedRow, Comparison
    from perf_analysis.verdict import ThresholdResult
    from perf_reports.parts import EndpointRow, View

MOST_LINES = 30
MOST_THRESHOLDS = 6
MOST_ENDPOINTS = 8
MOST_BROKEN = 2
MOST_COMPARED = 8
_REASON_LINES = 2
_QUIET_LINES = 3
# blank line, heading and the count of rows left out; for endpoints also what n/a means
_AROUND_THRESHOLDS = 3
_AROUND_ENDPOINTS = 4
_LEAST_ENDPOINTS = _AROUND_ENDPOINTS + 1
_COLOURS = {Verdict.PASS: "1;32", Verdict.FAIL: "1;31", Verdict.INCONCLUSIVE: "1;35"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What the terminal can show; asked of the caller, never of the environment."""

    colour: bool = False
    ascii_only: bool = False


def render_terminal(view: View, style: Style | None = None) -> str:
    """Return the summary: at most 30 lines of 100 columns, and those of compared rows."""
    lines = [*_head(view, _REASON_LINES), "", *_checked(view), *_broken(view)]
    ending = _ending(view)
    compared = _compared(view.comparison)
    room = MOST_LINES - len(ending) + len(compared)
    lines += _thresholds(view, room - len(lines) - len(compared) - _LEAST_ENDPOINTS)
    lines += compared
    lines += _endpoints(view, room - len(lines))
    return _finish(view, [*lines, *ending], style or Style())


def render_quiet(view: View, style: Style | None = None) -> str:
    """Return verdict, reason and next step: three lines."""
    return _finish(view, _head(view, 1)[:_QUIET_LINES], style or Style())


def _head(view: View, most: int) -> list[str]:
    beside = f" ({view.qualifier})" if view.qualifier else ""
    first = (
        f"{view.glyph} {view.word}{beside}   exit {view.exit_code}   "
        f"{terminal(view.profile, 24)} on {terminal(view.target, 30)}   "
        f"{units.length(view.length_s)}   run {terminal(view.run_id, 32)}"
    )
    return [
        cut(first, COLUMNS),
        *labelled("  why", view.headline, most),
        *labelled("  next", view.next_step, most),
        *labelled("  repeat", view.repeat, 1),
    ]


def _checked(view: View) -> list[str]:
    figures = {item.label: item.value for item in view.generator}
    parts = [wording.checks_said(view.checks)]
    parts += [f"lag p99 {figures['schedule lag p99']}"] if view.open_model else []
    parts.append(f"CPU p95 {figures['CPU p95']}")
    return [
        named("validity", "     ".join(parts)),
        named("accounts", view.accounts[0].text),
        named("thresholds", wording.thresholds_said(view.thresholds)),
        *_compared_line(view),
        *([named("trend", cut(terminal(view.trend, 10 * COLUMNS), COLUMNS - NAMED))]
          if view.trend else []),
    ]  # fmt: skip


def render_comparison(comparison: Comparison, style: Style | None = None) -> str:
    """Return what a comparison of named runs says: its sentence, rows, and what was left out."""
    style = style or Style()
    lines = [
        *labelled(f"{comparisons.GLYPHS[comparison.verdict]} {comparison.verdict.value.upper()}",
                   "", 1),
        *labelled("  why", comparison.sentence, 2 * _REASON_LINES),
        *(labelled("  next", comparison.next_step, _REASON_LINES) if comparison.next_step else []),
        *_compared(comparison),
        *([""] if comparison.left_out or comparison.notes else []),
        *(named("left out", terminal(text, COLUMNS)) for text in comparison.left_out),
        *(named("note", terminal(text, COLUMNS)) for text in comparison.notes),
    ]  # fmt: skip
    if style.ascii_only:
        lines = [in_ascii(line) for line in lines]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _compared_line(view: View) -> list[str]:
    """The comparison's sentence, on two lines where it takes them."""
    text = terminal(comparisons.headline(view.comparison), 10 * COLUMNS)
    lines = textwrap.wrap(text, COLUMNS - NAMED, break_on_hyphens=False)
    if len(lines) > _REASON_LINES:
        lines = [lines[0], cut(" ".join(lines[1:]), COLUMNS - NAMED)]
    return [named("compared" if place == 0 else "", line) for place, line in enumerate(lines)]


def _broken(view: View) -> list[str]:
    broken = [check for check in view.checks if check.outcome is Outcome.BROKEN]
    lines = [
        cut(f"✗ {terminal(wording.check_said(check), 2 * COLUMNS)}", COLUMNS)
        for check in broken[:MOST_BROKEN]
    ]
    more = len(broken) - len(lines)
    return ["", *lines, *([f"  and {more} more broken"] if more > 0 else [])] if lines else []


def _thresholds(view: View, room: int) -> list[str]:
    if not view.thresholds:
        return []
    kept = view.thresholds[: max(1, min(MOST_THRESHOLDS, room - _AROUND_THRESHOLDS))]
    head = ("  threshold", "observed", "limit", "n", "verdict")
    lines = table("lrrrl", head, [_threshold(result) for result in kept])
    return ["", *lines, *_more(len(view.thresholds) - len(kept), "threshold")]


def _threshold(result: ThresholdResult) -> tuple[str, ...]:
    threshold = result.threshold
    name = terminal(f"{threshold.subject} {threshold.expression}", COLUMNS)
    return (
        f"{GLYPHS[result.verdict]} {name}",
        units.observed(result),
        units.limit(threshold),
        units.count(result.n),
        result.verdict.value,
    )


def _compared(comparison: Comparison) -> list[str]:
    """Gated rows, the worst first; a row that failed is never left out."""
    rows = comparisons.gated(comparison)
    failed = sum(row.verdict is RowVerdict.FAIL for row in rows)
    kept = rows[: max(MOST_COMPARED, failed)]
    if not kept:
        return []
    head = (f"  {comparisons.HEAD[0]}", *comparisons.HEAD[1:])
    lines = table("lrrrlrl", head, [_compared_row(row) for row in kept])
    return ["", *lines, *_more(len(rows) - len(kept), "compared row")]


def _compared_row(row: ComparedRow) -> tuple[str, ...]:
    text = comparisons.row_text(row)
    return (
        f"{text.glyph} {terminal(text.short, COLUMNS)}",
        text.reference,
        text.candidate,
        text.change,
        text.interval,
        text.detectable,
        row.verdict.value,
    )


def _endpoints(view: View, room: int) -> list[str]:
    """Rows that fit: `all` always does."""
    rows = max(1, min(MOST_ENDPOINTS, room - _AROUND_ENDPOINTS))
    kept = view.endpoints[:rows]
    names = tuple(wording.quantile_name(figure.q) for figure in view.total.service)
    head = (f"  endpoint ({view.phase})", "requests", "rate", "failed", *names)
    lines = table("lrrr" + "r" * len(names), head, [_endpoint(row) for row in kept])
    more = _more(len(view.endpoints) - len(kept), "endpoint")
    return ["", *lines, *more, *_not_available(kept)]


def _not_available(rows: Sequence[EndpointRow]) -> list[str]:
    missing = {q.q: q.needs for row in rows for q in row.service
               if q.value_s is None and q.needs}  # fmt: skip
    needs = [f"{wording.quantile_name(q)} {units.count(n)}" for q, n in sorted(missing.items())]
    return [f"  n/a: requests needed for {wording.joined(needs)}"] if needs else []


def _endpoint(row: EndpointRow) -> tuple[str, ...]:
    figures = (wording.quantile(figure).partition(":")[0] for figure in row.service)
    return (
        f"  {terminal(row.label, COLUMNS)}",
        units.count(row.requests),
        units.rate(row.rate_per_s),
        units.share(row.failed, row.failed_of).partition(":")[0],
        *figures,
    )


def _more(number: int, noun: str) -> list[str]:
    return (
        [f"  and {units.count(number)} more {wording.plural(noun, number)}"] if number > 0 else []
    )


def _ending(view: View) -> list[str]:
    lines = []
    if view.notes:
        more = f" (and {len(view.notes) - 1} more in the report)" if len(view.notes) > 1 else ""
        first = cut(terminal(view.notes[0], 10 * COLUMNS), COLUMNS - NAMED - len(more))
        lines.append(named("note", f"{first}{more}"))
    places = (("report", view.places.report), ("data", view.places.data))
    lines += [named(name, terminal(path, COLUMNS)) for name, path in places if path]
    return ["", *lines] if lines else []


def _finish(view: View, lines: list[str], style: Style) -> str:
    if style.ascii_only:
        lines = [in_ascii(line) for line in lines]
    if style.colour:
        word = f"{view.glyph} {view.word}"
        word = in_ascii(word) if style.ascii_only else word
        painted = f"\x1b[{_COLOURS[view.verdict]}m{word}\x1b[0m"
        lines = [painted + lines[0].removeprefix(word), *lines[1:]]
    return "\n".join(lines) + "\n"
