"""The `options` of a k6 script as profiles: what is understood, and what is left out by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_analysis.grammar import GrammarError, parse_threshold
from perf_documents.errors import UsageError
from perf_documents.files import read_bounded
from perf_documents.names import is_name
from perf_importers.js_literal import LiteralError, blank_comments, read_literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MOST_BYTES = 4 * 1024 * 1024
DEFAULT_VUS = 50
_OPTIONS = re.compile(
    r"^[ \t]*export\s+(?:const|let|var)\s+options\s*(?::\s*[\w.]+\s*)?=\s*", re.MULTILINE
)
_EXECUTORS: dict[str, tuple[str, ...]] = {
    "ramping-arrival-rate": ("startRate", "timeUnit", "stages", "preAllocatedVUs", "maxVUs"),
    "constant-arrival-rate": ("rate", "timeUnit", "duration", "preAllocatedVUs", "maxVUs"),
    "ramping-vus": ("startVUs", "stages", "gracefulRampDown"),
    "constant-vus": ("vus", "duration"),
}
_SHARED = ("gracefulStop",)
# What says nothing of the load or of its judgement.
_HARMLESS = frozenset({"exec", "executor", "tags", "startTime"})


@dataclass(frozen=True, slots=True, kw_only=True)
class K6Profile:
    """One load of a script.

    Attributes
    ----------
    name : str
        Of k6's scenario; empty where the script has one load only.
    members : mapping
        Keys of a profile, in k6's own spelling.
    left_out : tuple of str
        What of the script is not in it, and why.
    """

    name: str
    members: Mapping[str, object]
    left_out: tuple[str, ...]


def read_k6_script(path: Path) -> tuple[K6Profile, ...]:
    """Profiles of a script's literal `options`, one for each of its scenarios.

    Raises
    ------
    UsageError
        If there are none, or they would have to be computed: file, line, and what was found.
    """
    data = read_bounded(path, MOST_BYTES, follow=True)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: byte {error.start}: is not UTF-8") from error
    options = _options(path, text)
    loads = _loads(path, options)
    thresholds, refused = _thresholds(options.get("thresholds"))
    known = {"scenarios", "stages", "vus", "duration", "thresholds", "gracefulStop", "iterations"}
    other = [f"{key}: not a part of a profile" for key in options if key not in known]
    return tuple(
        K6Profile(
            name=name,
            members=members | ({"thresholds": thresholds} if thresholds else {}),
            left_out=(*notes, *refused, *other),
        )
        for name, members, notes in loads
    )


def _options(path: Path, text: str) -> dict[str, object]:
    plain = blank_comments(text)
    found = _OPTIONS.search(plain)
    if found is None:
        raise UsageError(
            f"{path}: no options; expected: export const options = {{...}}; next: add them, or "
            "give a locustfile with --from-locustfile"
        )
    try:
        value, _ = read_literal(plain, found.end())
    except LiteralError as error:
        raise UsageError(
            f"{path}:{error.line}: options: {error.found}; next: write the value itself there"
        ) from error
    if not isinstance(value, dict):
        line = plain.count("\n", 0, found.end()) + 1
        raise UsageError(f"{path}:{line}: options: expected an object")
    return value


def _loads(
    path: Path, options: Mapping[str, object]
) -> list[tuple[str, dict[str, object], tuple[str, ...]]]:
    scenarios = options.get("scenarios")
    if scenarios is None:
        return [("", *_short_form(path, options))]
    if not isinstance(scenarios, dict) or not scenarios:
        raise UsageError(f"{path}: options.scenarios: expected an object with a scenario")
    found: list[tuple[str, dict[str, object], tuple[str, ...]]] = []
    for name, scenario in scenarios.items():
        if not is_name(name):
            raise UsageError(f"{path}: options.scenarios: {name[:40]!r} cannot name a profile")
        if not isinstance(scenario, dict):
            raise UsageError(f"{path}: options.scenarios.{name}: expected an object")
        found.append((name, *_scenario(path, name, scenario)))
    return found


def _short_form(
    path: Path, options: Mapping[str, object]
) -> tuple[dict[str, object], tuple[str, ...]]:
    """Load of the short form: `stages`, or `vus` and `duration`."""
    shared = {key: options[key] for key in _SHARED if key in options}
    if "stages" in options:
        start = {"startVUs": options["vus"]} if "vus" in options else {}
        return {"executor": "ramping-vus", "stages": options["stages"], **start, **shared}, ()
    if "duration" in options:
        vus = options.get("vus", 1)
        members = {"executor": "constant-vus", "vus": vus, "duration": options["duration"]}
        return {**members, **shared}, ()
    what = "iterations have no profile" if "iterations" in options else "no load"
    raise UsageError(
        f"{path}: options: {what}; expected stages, vus with duration, or scenarios; next: add one"
    )


def _scenario(
    path: Path, name: str, scenario: Mapping[str, object]
) -> tuple[dict[str, object], tuple[str, ...]]:
    executor = scenario.get("executor")
    if executor not in _EXECUTORS:
        raise UsageError(
            f"{path}: options.scenarios.{name}.executor: {str(executor)[:40]!r}; expected one of "
            f"{', '.join(_EXECUTORS)}"
        )
    wanted = (*_EXECUTORS[str(executor)], *_SHARED)
    members: dict[str, object] = {"executor": executor}
    members |= {key: scenario[key] for key in wanted if key in scenario}
    notes = [
        f"scenarios.{name}.{key}: not a part of a profile"
        for key in scenario
        if key not in {*wanted, *_HARMLESS}
    ]
    if str(executor).endswith("arrival-rate") and "preAllocatedVUs" not in members:
        members["preAllocatedVUs"] = DEFAULT_VUS
        notes.append(f"scenarios.{name}.preAllocatedVUs: was not given; {DEFAULT_VUS} here")
    if scenario.get("exec"):
        notes.append(f"scenarios.{name}.exec: what an iteration does stands in the scenario's file")
    return members, tuple(notes)


def _thresholds(given: object) -> tuple[dict[str, list[object]], list[str]]:
    """Thresholds that perfproof evaluates, and those that it does not, with the reason."""
    kept: dict[str, list[object]] = {}
    refused: list[str] = []
    if given is not None and not isinstance(given, dict):
        return kept, ["thresholds: expected an object"]
    for subject, found in (given or {}).items():
        items = found if isinstance(found, list) else [found]
        for item in items:
            expression = item.get("threshold") if isinstance(item, dict) else item
            try:
                parse_threshold(str(subject), str(expression))
            except GrammarError as error:
                refused.append(f"thresholds: {subject} {expression}: {error}")
            else:
                kept.setdefault(str(subject), []).append(item)
    return kept, refused
