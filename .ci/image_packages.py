#!/usr/bin/env python3
"""Known vulnerabilities of an image's Debian packages that have a fix, by debsecan.

`.ci/image_packages.py FOLDER` reads `status` and `os-release`, as copied out of the image. Where
Debian's tracker does not answer, that is a finding: what could not be checked is not clean.
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

DEADLINE_S = 300.0
_SUITE = re.compile(r'^VERSION_CODENAME="?([a-z]{2,20})"?$', re.MULTILINE)
_PACKAGE = re.compile(r"^Package: ", re.MULTILINE)
# `CVE-2026-1234 libssl3 (remotely exploitable, high urgency)`
_LINE = re.compile(r"(CVE-\d{4}-\d+|TEMP-[\w-]+) \S+( \(.*\))?")


def judge(code: int | None, answer: str) -> list[str]:
    """Lines for how debsecan ended and what it printed."""
    lines = answer.splitlines()
    if code != 0:
        return ["Debian's tracker gave no answer that can be read: nothing was checked"]
    strange = [line for line in lines if not _LINE.fullmatch(line)]
    return [f"not understood: {strange[0]}"] if strange else lines


def main(arguments: Sequence[str]) -> int:
    """Ask, judge, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--command", default="debsecan", help="Path of debsecan.")
    parser.add_argument("--deadline", type=float, default=DEADLINE_S, metavar="SECONDS")
    parser.add_argument("--out", help="Folder of findings.")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args(arguments)
    status = given.folder / "status"
    suite = _SUITE.search((given.folder / "os-release").read_text(encoding="utf-8"))
    count = len(_PACKAGE.findall(status.read_text(encoding="utf-8")))
    if suite is None or not count:
        lines = ["the image names no suite of Debian, or lists no package: nothing was checked"]
        return report("image", "", lines, given.out)
    command = [
        given.command, "--suite", suite[1], "--status", str(status), "--only-fixed",
        "--format", "summary",
    ]  # fmt: skip
    said = ask(command, given.deadline)
    lines = [*judge(said.code, said.output), *said.last_words(said.code != 0)]
    return report("image", f"{count} packages of {suite[1]}", lines, given.out)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
