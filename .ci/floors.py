#!/usr/bin/env python3
"""Branches that tests must have taken, room by room: `.ci/floors.py COVERAGE.json`.

A total hides where it matters: what makes a verdict, what says whether a run proves anything, what
reads files, and what stores them have a floor of their own.
"""

from __future__ import annotations

import json
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FLOOR_RATIO = 0.95
_ANALYSIS, _DOCUMENTS, _BASELINES = "*/perf_analysis/", "*/perf_documents/", "*/perf_baselines/"
ROOMS = {
    "verdict": (
        *(f"{_ANALYSIS}{name}.py" for name in (
            "decision", "gating", "judgement", "thresholds", "verdict"
        )),
        "*/perf_canary/decide.py", "*/perf_cli/outcome.py", f"{_DOCUMENTS}judging.py",
    ),
    "validity": (f"{_ANALYSIS}validity/*.py",),
    "parsers": (
        f"{_ANALYSIS}grammar.py", f"{_ANALYSIS}selectors.py", "*/perf_importers/*.py",
        *(f"{_DOCUMENTS}{name}.py" for name in (
            "profile*", "strict_*", "yaml_*", "*_load", "*codec", "durations"
        )),
    ),
    "storage": (
        *(f"{_BASELINES}{name}.py" for name in (
            "*store", "baseline_files", "folder", "git_*", "history", "index", "postgres*",
            "pruning", "record_codec", "sync",
        )),
        f"{_DOCUMENTS}files.py", "*/perf_loadtests/recover.py", "*/perf_loadtests/spool.py",
    ),
}  # fmt: skip


def branches(
    files: Mapping[str, Mapping[str, int]], patterns: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """Branches taken and all of them, of each file of a room."""
    return {
        name: (one["covered_branches"], one["num_branches"])
        for name, one in files.items()
        if any(fnmatchcase(f"/{name}", pattern) for pattern in patterns)
    }


def judge(files: Mapping[str, Mapping[str, int]]) -> tuple[list[str], bool]:
    """Lines to print, and whether every room holds its floor; a room without files does not."""
    lines: list[str] = []
    held = True
    for room, patterns in ROOMS.items():
        found = branches(files, patterns)
        taken, every = (sum(pair[place] for pair in found.values()) for place in (0, 1))
        ratio = taken / every if every else 0.0
        word = "of" if ratio >= FLOOR_RATIO else "BELOW the floor of"
        lines.append(f"{room}: {ratio:.1%} {word} {FLOOR_RATIO:.0%} ({taken} of {every} branches)")
        if ratio < FLOOR_RATIO:
            held = False
            worst = sorted(found.items(), key=lambda one: one[1][0] - one[1][1])[:10]
            lines += [
                f"  {name}: {all_ - hit} not taken" for name, (hit, all_) in worst if all_ > hit
            ]
    return lines, held


def main(arguments: Sequence[str]) -> int:
    """Read, judge, print."""
    document = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    lines, held = judge({name: one["summary"] for name, one in document["files"].items()})
    print("branches: " + "\nbranches: ".join(lines))
    return not held


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
