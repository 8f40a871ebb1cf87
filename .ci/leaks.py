#!/usr/bin/env python3
"""Secrets in what git keeps, by detect-secrets: exit 0 only if it looked and found no new one.

`.ci/known-secrets.json` lists what was looked at and opens nothing: planted secrets of the tests,
by their hashes. `make known-secrets` writes it anew; review the difference.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from findings import ask, report

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent
KNOWN, ROOT = HERE / "known-secrets.json", HERE.parent
DEADLINE_S = 600.0
# of each finding its kind and its place: never the line itself
_KIND, _PLACE = re.compile(r"Secret Type:\s+(.+)"), re.compile(r"Location:\s+(.+)")


def judge(code: int | None, answer: str) -> list[str]:
    """Lines for how detect-secrets ended and what it printed."""
    if code == 0:
        return []
    pairs = zip(_KIND.findall(answer), _PLACE.findall(answer), strict=False)
    found = [f"{place}: {kind}" for kind, place in pairs]
    return found or ["detect-secrets did not look: nothing was checked"]


def main(arguments: Sequence[str]) -> int:
    """Ask, judge, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--command", default="detect-secrets-hook", help="Path of the hook.")
    parser.add_argument("--deadline", type=float, default=DEADLINE_S, metavar="SECONDS")
    parser.add_argument("--known", type=Path, default=KNOWN)
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--out", help="Folder of findings.")
    given = parser.parse_args(arguments)
    listed = ask(["git", "-C", str(given.root), "ls-files", "-z"], given.deadline)
    names = [name for name in listed.output.split("\0") if (given.root / name).is_file()]
    if not names:
        return report("secrets", "", ["git keeps no file there: nothing was checked"], given.out)
    # pins of packages and their hashes look like secrets, and are read by pip alone
    kept = [name for name in names if not name.startswith(".ci/")]
    said = ask([given.command, "--baseline", str(given.known), *kept], given.deadline, given.root)
    lines = [*judge(said.code, said.output), *said.last_words(said.code not in {0, 1})]
    return report("secrets", f"{len(kept)} files", lines, given.out)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
