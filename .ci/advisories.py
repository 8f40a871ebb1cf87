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
import tempfile
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from findings import Said, ask, report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HERE = Path(__file__).parent
POLICY, LOCK = HERE / "security.toml", HERE / "requirements.txt"
DEADLINE_S = 600.0
OPTIONS = (
    "--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off", "--desc", "off",
    "--aliases", "on",
)  # fmt: skip
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


class Pin(NamedTuple):
    """A package in the version that the lock holds."""

    name: str
    version: str


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


def pins_of(lock: str) -> list[Pin]:
    """Packages that a lock names, whatever the platform or Python it names them for."""
    return [Pin(normal(name), version) for name, version in _PINNED.findall(lock)]


def layers_of(pins: Sequence[Pin]) -> list[list[Pin]]:
    """Pins in lists of which none names a package twice: pip-audit refuses that.

    They are asked for without markers: on one machine it would leave out what is for others.
    """
    layers: list[dict[str, Pin]] = []
    for pin in pins:
        free = next((layer for layer in layers if pin.name not in layer), None)
        if free is None:
            layers.append(free := {})
        free[pin.name] = pin
    return [list(layer.values()) for layer in layers]


def look_up(command: str, pins: Sequence[Pin], deadline_s: float) -> Said:
    """What pip-audit answers to pins of which none names a package twice."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pins.txt"
        path.write_text("".join(f"{name}=={version}\n" for name, version in pins))
        return ask([command, "--requirement", str(path), *OPTIONS], deadline_s)


def judge(answer: str, pins: Sequence[Pin], accepted: Mapping[str, str]) -> list[str]:
    """Lines for what an answer of pip-audit holds, or lacks."""
    try:
        listed = json.loads(answer)["dependencies"]
        skipped = {normal(one["name"]): one["skip_reason"] for one in listed if "vulns" not in one}
        looked_up = {
            Pin(normal(one["name"]), one["version"]): one["vulns"]
            for one in listed
            if "vulns" in one
        }
        found = [line for pin, known in looked_up.items() for line in _of_pin(pin, known, accepted)]
    except (ValueError, TypeError, KeyError, AttributeError):
        return ["the advisory service gave no answer that can be read: nothing was checked"]
    for pin in pins:
        if pin not in looked_up:
            why = skipped.get(pin.name, "it is not in the answer")
            found.append(f"{pin.name} {pin.version}: was not looked up: {why}")
    return found


def _of_pin(
    pin: Pin, known: Sequence[Mapping[str, Any]], accepted: Mapping[str, str]
) -> Iterator[str]:
    for one in known:
        ids = [one["id"], *one.get("aliases", [])]
        if not any(each in accepted for each in ids):
            fixed = ", ".join(one.get("fix_versions", [])) or "no version"
            yield f"{pin.name} {pin.version}: {', '.join(ids)}; fixed by {fixed}"


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
    pins = pins_of(given.lock.read_text(encoding="utf-8"))
    accepted = ignored(given.policy, today)
    lines: list[str] = []
    for layer in layers_of(pins):
        said = look_up(given.command, layer, given.deadline)
        lines += [*judge(said.output, layer, accepted), *said.last_words(not said.output)]
    if not pins:
        lines = ["the lock names no package: nothing was checked"]
    return report("advisories", f"{len(pins)} pins", lines, given.out)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], datetime.now(UTC).date()))
