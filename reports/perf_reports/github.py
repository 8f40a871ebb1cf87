"""What GitHub Actions reads from a job: annotations, groups in the log, outputs."""

# Without `from __future__ import annotations`: the name is taken by what this module is for.
from collections.abc import Iterable

from perf_analysis.compared import RowVerdict
from perf_analysis.verdict import Outcome, Verdict
from perf_reports import comparisons, wording
from perf_reports.escape import command_data, command_property, terminal
from perf_reports.parts import View

# GitHub shows 10 errors of a step and silently drops the rest.
MOST_ANNOTATIONS = 9
_LONGEST_LINE = 400
_COMMAND = "::"


def annotations(view: View) -> list[str]:
    """Return workflow commands: broken rules, thresholds that did not hold, regressions that gate.

    None has a line of a file: it is no line that became slower.
    """
    rows = [
        (f"{check.rule} broken", wording.check_said(check))
        for check in view.checks
        if check.outcome is Outcome.BROKEN
    ]
    rows += [
        (f"threshold {result.verdict.value}", wording.threshold_said(result))
        for result in view.thresholds
        if result.verdict is not Verdict.PASS
    ]
    if view.valid and view.comparison.gates:
        rows += [
            ("regression", comparisons.row_said(row))
            for row in comparisons.gated(view.comparison)
            if row.verdict is RowVerdict.FAIL
        ]
    kept = rows[:MOST_ANNOTATIONS]
    if len(rows) > len(kept):
        kept.append((view.word, f"and {len(rows) - len(kept)} more; the report has all of them"))
    return [
        f"::error title={command_property(f'perfproof: {title}')}::{command_data(said)}"
        for title, said in kept
    ]


def group(title: str, lines: Iterable[str]) -> list[str]:
    """Return lines of the log as a foldable group; none of them can be a command."""
    return [f"::group::{command_data(title)}", *(_inert(line) for line in lines), "::endgroup::"]


def outputs(view: View, *, delimiter: str) -> str:
    """Return `GITHUB_OUTPUT` text: enums, numbers and own paths only.

    Raises
    ------
    ValueError
        If the delimiter stands in a value: the text behind it would be read as more outputs.
    """
    pairs = (
        ("verdict", view.verdict.value),
        ("exit_code", str(view.exit_code)),
        ("run_id", view.run_id),
        ("report", view.places.report),
    )
    if not delimiter or any(delimiter in value for _, value in pairs):
        raise ValueError("the delimiter must be random and in no value")
    return "".join(f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in pairs)


def _inert(line: str) -> str:
    """Line in which the runner finds no command: it looks behind leading spaces too."""
    shown = terminal(line, _LONGEST_LINE)
    return f"| {shown}" if shown.lstrip().startswith(_COMMAND) else shown
