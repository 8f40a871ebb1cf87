"""What a check of the security scan found: printed, and kept as Markdown for the one issue."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perf_reports.escape import cut, markdown_text, terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_LINES, LONGEST = 50, 300
FOUND = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How another program ended: no code where it did not start, or not end."""

    code: int | None
    output: str
    messages: str

    def last_words(self, wanted: bool) -> list[str]:  # noqa: FBT001  # reads well where it is called
        """The last line of its messages, as a finding, where they are wanted."""
        lines = self.messages.strip().splitlines()
        return [f"it said: {lines[-1]}"] if wanted and lines else []


def ask(command: Sequence[str], deadline_s: float, folder: Path | None = None) -> Said:
    """Run another program until its deadline; what it printed counts only once it has ended."""
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=deadline_s, cwd=folder,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Said(code=None, output="", messages=f"not ended after {deadline_s:g} s")
    except OSError as error:
        return Said(code=None, output="", messages=str(error))
    return Said(code=ended.returncode, output=ended.stdout, messages=ended.stderr)


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
