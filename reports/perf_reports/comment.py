"""The comment on a pull request: a headline to act on, the worst rows, the rest folded.

Written for a size: what matters least goes first, what decides never goes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_analysis.compared import RowVerdict
from perf_analysis.verdict import Outcome, Verdict
from perf_reports import comparisons, units, wording
from perf_reports.escape import cut, markdown_code, markdown_text, visible
from perf_reports.markdown_parts import (
    LONGEST_COMMAND,
    check_row,
    details,
    table,
    threshold_row,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perf_analysis.compared import ComparedRow, Comparison
    from perf_reports.parts import View

BUDGET = 60_000
WORST = 5
MOST_INCONCLUSIVE = 20
MOST_FAILING = 50
MOST_THRESHOLDS = 20
MOST_EARLIER = 10
LONGEST = 400
# of a sentence as it is sent: what is escaped takes up to eighteen times its length
MOST_BYTES = 1200
_ACTIONS = {
    Verdict.PASS: "No action needed.",
    Verdict.FAIL: "Please look before merging.",
    Verdict.INCONCLUSIVE: "Could not tell.",
}
_HEAD = ("", "row", "before", "now", "change (interval)", "margin", "n")
_SIDES = "llrrrrr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """An earlier commit of the pull request, and what was said of it."""

    sha: str
    glyph: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a comment needs beside the view.

    Attributes
    ----------
    commit : str
        Commit that was measured; empty where unknown.
    report_url : str
        Where report and log are found: an address of the configured server, or empty.
    earlier : tuple of Commit
        The newest first.
    remark : str
        What a reader must know of where the comparison comes from; never left out.
    """

    commit: str = ""
    report_url: str = ""
    earlier: tuple[Commit, ...] = ()
    remark: str = ""


def render_comment(view: View, context: Context | None = None, budget: int = BUDGET) -> str:
    """Return the comment, without its marker, in at most `budget` characters and bytes.

    What is left out goes in this order: earlier commits, what differs, held thresholds, passing
    rows, inconclusive rows beyond 20, failing rows beyond 50, all rows beyond the five worst.
    Headline, those five, the validity line and the link to the report never go.
    """
    context = context or Context()
    omitted = 0
    text = _compose(view, context, omitted)
    while len(text.encode()) > budget and omitted < len(_OMISSIONS):
        omitted += 1
        text = _compose(view, context, omitted)
    return text


_EARLIER, _DIFFERS, _HELD, _PASSING, _UNDECIDED, _FAILING, _FOLDED = range(7)
_OMISSIONS = (
    "earlier commits",
    "notes on the comparison",
    "thresholds that held",
    "rows that pass",
    f"undecided rows beyond {MOST_INCONCLUSIVE}",
    f"failing rows beyond {MOST_FAILING}",
    f"all rows and rules beyond the {WORST} worst",
)


def _compose(view: View, context: Context, omitted: int) -> str:
    gone = frozenset(range(omitted))
    blocks = [
        _headline(view),
        *_broken(view),
        *_worst(view),
        _counts(view, context.remark),
        *([] if _FOLDED in gone else _folded(view, gone)),
        *_foot(view, context, gone),
    ]
    if gone:
        left_out = ", ".join(_OMISSIONS[place] for place in sorted(gone))
        blocks.append(f"Left out for size: {left_out}; the report has all of it.")
    return "\n\n".join(blocks) + "\n"


def _headline(view: View) -> str:
    action = _ACTIONS[view.verdict]
    if view.verdict is Verdict.INCONCLUSIVE:
        action = "" if view.headline.startswith(action.rstrip(".")) else f"{action} "
        action += f"Next: {_said(view.next_step)}"
    where = f"{markdown_code(view.profile)} on {markdown_code(view.target)}"
    return f"### {view.glyph} {view.word}: {where}\n\n**{_said(view.headline)}** {action}"


def _broken(view: View) -> list[str]:
    """Rules that broke: where the run proves nothing, nothing else is worth a table."""
    broken = [check for check in view.checks if check.outcome is Outcome.BROKEN]
    return ["\n".join(f"- ✗ {_said(wording.check_said(check))}" for check in broken)] * bool(broken)


def _worst(view: View) -> list[str]:
    """Thresholds that did not hold, then the worst compared rows: five in all.

    A few rows are shown even where all pass: what was compared is worth more than that it was.
    """
    if not view.valid:
        return []
    blocks: list[str] = []
    bad = [result for result in view.thresholds if result.verdict is not Verdict.PASS]
    if bad:
        head = ("", "threshold", "observed", "limit", "n", "verdict")
        blocks.append(table(head, "llrrrl", map(threshold_row, bad[:WORST])))
    rows = comparisons.gated(view.comparison)
    loud = [row for row in rows if row.verdict is not RowVerdict.PASS]
    shown = loud or (list(rows) if len(rows) <= WORST else [])
    if shown:
        blocks.append(table(_HEAD, _SIDES, map(_row, shown[:WORST])))
    return blocks


def _row(row: ComparedRow) -> tuple[str, ...]:
    text = comparisons.row_text(row)
    change = text.change if row.effect is None else f"{text.change} ({text.interval})"
    reason = f"<br>{_said(text.reason)}" if text.reason else ""
    return (
        text.glyph,
        f"{markdown_code(text.short)}{reason}",
        text.reference,
        text.candidate,
        change,
        comparisons.margin(row),
        text.counts,
    )


def _counts(view: View, remark: str) -> str:
    """What was checked and held, in one line."""
    parts = [
        f"Valid: {wording.checks_said(view.checks)}.",
        f"Thresholds: {wording.thresholds_said(view.thresholds)}.",
    ]
    if view.valid:
        parts += [*_compared(view), *([_said(remark)] if remark else [])]
    return " ".join(parts)


def _compared(view: View) -> Iterator[str]:
    """What came of the comparison; that there was none is said loudly, and what to do."""
    comparison = view.comparison
    said = _said(comparisons.headline(comparison))
    if comparison.verdict is RowVerdict.NOT_JUDGED:
        step = f" Next: {_said(comparison.next_step)}." if comparison.next_step else ""
        yield f"**Compared: {said}.**{step}"
    elif comparison.sentence not in view.headline:
        # said once: where it decided, the sentence is the headline's
        yield f"Compared: {said}."
    if comparison.rows:
        yield f"Compared rows: {_by_verdict(comparison)}."


def _by_verdict(comparison: Comparison) -> str:
    """Count of rows for each verdict, the worst first."""
    numbers = Counter(row.verdict for row in comparison.rows)
    worst_first = (RowVerdict.FAIL, RowVerdict.INCONCLUSIVE, RowVerdict.PASS, RowVerdict.NOT_JUDGED)
    return ", ".join(
        f"{units.count(numbers[verdict])} {verdict.value}"
        for verdict in worst_first
        if numbers[verdict]
    )


def _folded(view: View, gone: frozenset[int]) -> list[str]:
    blocks = [*_all_rows(view, gone)] if view.valid else []
    held = [] if _HELD in gone else [r for r in view.thresholds if r.verdict is Verdict.PASS]
    bad = [r for r in view.thresholds if r.verdict is not Verdict.PASS]
    listed = [*bad, *held][: MOST_THRESHOLDS if gone else None]
    if listed:
        head = ("", "threshold", "observed", "limit", "n", "verdict")
        whole = f"All {len(listed)}" if len(listed) == len(view.thresholds) else f"{len(listed)} of"
        title = whole if whole.startswith("All") else f"{whole} {len(view.thresholds)}"
        blocks.append(
            details(f"{title} thresholds", table(head, "llrrrl", map(threshold_row, listed)))
        )
    checks = table(("rule", "outcome", "figure", "limit"), "llll", map(check_row, view.checks))
    blocks.append(details(f"All {len(view.checks)} validity rules", checks))
    notes = [*view.comparison.left_out, *view.comparison.notes, *view.notes]
    if notes and _DIFFERS not in gone:
        listed_notes = "\n".join(f"- {_said(note)}" for note in notes)
        blocks.append(details(f"What to know ({len(notes)})", listed_notes))
    return blocks


def _all_rows(view: View, gone: frozenset[int]) -> Iterator[str]:
    """Rows of the comparison, folded; those beyond a limit only as far as there is room."""
    rows = list(_kept(view.comparison.rows, gone))
    if not rows:
        return
    whole = len(view.comparison.rows)
    title = f"All {whole} rows" if len(rows) == whole else f"{len(rows)} of {whole} rows"
    yield details(title, table(_HEAD, _SIDES, map(_row, rows)))


def _kept(rows: Sequence[ComparedRow], gone: frozenset[int]) -> Iterator[ComparedRow]:
    limits = {
        RowVerdict.FAIL: MOST_FAILING if _FAILING in gone else None,
        RowVerdict.INCONCLUSIVE: MOST_INCONCLUSIVE if _UNDECIDED in gone else None,
        RowVerdict.PASS: 0 if _PASSING in gone else None,
        RowVerdict.NOT_JUDGED: 0 if _PASSING in gone else None,
    }
    taken = dict.fromkeys(limits, 0)
    for row in rows:
        limit = limits[row.verdict]
        if limit is None or taken[row.verdict] < limit:
            taken[row.verdict] += 1
            yield row


def _foot(view: View, context: Context, gone: frozenset[int]) -> list[str]:
    parts: list[str] = []
    if context.commit:
        parts.append(f"Commit {markdown_code(context.commit[:7])}")
    earlier = context.earlier[:MOST_EARLIER]
    if earlier and _EARLIER not in gone:
        said = " ".join(f"{one.glyph} {markdown_code(one.sha[:7])}" for one in earlier)
        parts.append(f"earlier: {said}")
    parts.append(f"repeat: {markdown_code(view.repeat, LONGEST_COMMAND)}")
    if context.report_url:
        parts.append(f"[report and log]({context.report_url})")
    version = f" {_said(view.version)}" if view.version else ""
    parts.append(f"perfproof{version}, run {markdown_code(view.run_id)}")
    line = " · ".join(parts)
    n = units.count(view.total.requests)
    return [f"{line} · {n} requests"]


def _said(text: str) -> str:
    """Sentence as inert text, bounded: a stored run is somebody else's document."""
    shown, columns = visible(text), LONGEST
    said = markdown_text(cut(shown, columns))
    while len(said.encode()) > MOST_BYTES:
        columns //= 2
        said = markdown_text(cut(shown, columns))
    return said
