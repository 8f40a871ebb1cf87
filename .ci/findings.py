"""What a check of the security scan found: printed, and kept as Markdown for the one issue."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from perf_reports.escape import cut, markdown_text, terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_LINES, LONGEST = 50, 300
FOUND = 1


def report(name: str, checked: str, found: Sequence[str], folder: str | None) -> int:
    """Say what was found, and keep it; exit status of the check.

    Parameters
    ----------
    name : str
        Of the check: `licences`.
    checked : str
        What was looked at, for the log of a clean run.
    found : sequence of str
        One line each; foreign words in them are already on one line.
    folder : str, optional
        Where `NAME.md` is written, if anything was found.
    """
    if not found:
        print(f"{name}: {checked}: nothing found")
        return 0
    for line in found:
        print(f"{name}: {terminal(line, LONGEST)}", file=sys.stderr)
    if folder:
        shown = [f"* {markdown_text(cut(line, LONGEST))}" for line in found[:MOST_LINES]]
        if len(found) > MOST_LINES:
            shown.append(f"* and {len(found) - MOST_LINES} more, in the log of the run")
        Path(folder).mkdir(parents=True, exist_ok=True)
        text = "\n".join([f"### {name}", "", *shown, ""])
        (Path(folder) / f"{name}.md").write_text(text, encoding="utf-8")
    return FOUND
