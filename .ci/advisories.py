#!/usr/bin/env python3
"""Known vulnerabilities of what the lock names, by pip-audit.

Exit 0 only if every package was looked up and has none. Where the advisory service does not answer,
or leaves a package out, that is a finding: what could not be checked is not clean.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from findings import ask, report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HERE = Path(__file__).parent
POLICY, LOCK = HERE / "security.toml", HERE / "requirements.txt"
DEADLINE_S = 600.0
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==", re.MULTILINE)


def ignored(path: Path, today: date) -> dict[str, str]:
    """Reasons by advisory, those left out whose day is over."""
    found: dict[str, str] = {}
    given = tomllib.loads(path.read_text(encoding="utf-8"))["advisories"]["ignored"]
    for name, one in given.items():
        if not str(one["reason"]).strip():
            raise ValueError(f"{path}: {name}: ignored without a reason")
        if one["until"] >= today:
            found[name] = one["reason"]
    return found


def judge(answer: str, named: set[str], accepted: Mapping[str, str]) -> list[str]:
    """Lines for what an answer of pip-audit holds, or lacks."""
    try:
        listed = json.loads(answer)["dependencies"]
        looked_up = {normal(one["name"]): one for one in listed}
    except (ValueError, TypeError, KeyError):
        return ["the advisory service gave no answer that can be read: nothing was checked"]
    missing = sorted(named - looked_up.keys())
    found = [f"{name}: was not looked up" for name in missing]
    for name, one in looked_up.items():
        if "skip_reason" in one:
            found.append(f"{name}: was not looked up: {one['skip_reason']}")
        found += _of_package(name, one, accepted)
    return found


def _of_package(name: str, one: Mapping[str, object], accepted: Mapping[str, str]) -> Iterator[str]:
    vulnerabilities = one.get("vulns", [])
    assert isinstance(vulnerabilities, list)  # noqa: S101  # pip-audit's form
    for vulnerability in vulnerabilities:
        ids = [vulnerability["id"], *vulnerability.get("aliases", [])]
        if not any(each in accepted for each in ids):
            fixed = ", ".join(vulnerability.get("fix_versions", [])) or "no version"
            yield f"{name} {one.get('version')}: {', '.join(ids)}; fixed by {fixed}"


def normal(name: str) -> str:
    """Name of a package as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main(arguments: Sequence[str], today: date) -> int:
    """Ask, judge, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", type=Path, default=LOCK)
    parser.add_argument("--policy", type=Path, default=POLICY)
    parser.add_argument("--command", default="pip-audit", help="Path of pip-audit.")
    parser.add_argument("--deadline", type=float, default=DEADLINE_S, metavar="SECONDS")
    parser.add_argument("--out", help="Folder of findings.")
    given = parser.parse_args(arguments)
    named = {normal(name) for name in _PINNED.findall(given.lock.read_text(encoding="utf-8"))}
    accepted = ignored(given.policy, today)
    command = [
        given.command, "--requirement", str(given.lock), "--require-hashes", "--disable-pip",
        "--format", "json", "--progress-spinner", "off", "--desc", "off", "--aliases", "on",
    ]  # fmt: skip
    said = ask(command, given.deadline)
    lines = [*judge(said.output, named, accepted), *said.last_words(not said.output)]
    return report("advisories", f"{len(named)} packages", lines, given.out)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], datetime.now(UTC).date()))
