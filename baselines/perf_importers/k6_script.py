"""The `options` of a k6 script as profiles: what is understood, and what is left out by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_analysis.grammar import GrammarError, parse_threshold
from perf_analysis.tags import Tags
from perf_documents.errors import UsageError
from perf_documents.files import read_bounded
from perf_documents.names import is_name
from perf_documents.profile_tags import MAX_TAGS, can_be_tag
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
_SHORT = ("stages", "duration", "iterations", "vus")
# bare numbers are milliseconds in k6, and refused in a profile
_DURATIONS = ("duration", "gracefulStop", "gracefulRampDown", "timeUnit")
# a value that goes on behind its literal, and a statement that changes it afterwards
_GOES_ON = frozenset(".[(?|&+-*/%<=>^`")
_CHANGED = re.compile(
    r"^(?:options\s*(?:\.\s*[\w$.]+|\[[^\]\n]*\])+\s*[-+*/|&?]{0,2}=(?![=>])"
    r"|Object\.assign\(\s*options\b)",
    re.MULTILINE,
)


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
    known = {"scenarios", "thresholds", "tags", *_SHORT, *_SHARED}
    other = [f"{key}: not a part of a profile" for key in options if key not in known]
    return tuple(
        _profile(name, members, [*notes, *other], options)
        for name, members, notes in _loads(path, options)
    )


def _profile(
    name: str, members: dict[str, object], notes: list[str], options: Mapping[str, object]
) -> K6Profile:
    """One load with what stands beside all of them: its tags are both its own and theirs."""
    tags, untold = _tags(options.get("tags"), members.pop("tags", None))
    thresholds, refused = _thresholds(options.get("thresholds"), Tags(run=tags))
    blocks = {"tags": tags, "thresholds": thresholds}
    return K6Profile(
        name=name,
        members=_with_units(members) | {key: block for key, block in blocks.items() if block},
        left_out=(*notes, *untold, *refused),
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
        value, end = read_literal(plain, found.end())
        _check_rest(plain, end)
    except LiteralError as error:
        raise UsageError(
            f"{path}:{error.line}: options: {error.found}; next: write the value itself there"
        ) from error
    if not isinstance(value, dict):
        line = plain.count("\n", 0, found.end()) + 1
        raise UsageError(f"{path}:{line}: options: expected an object")
    return value


def _check_rest(plain: str, end: int) -> None:
    """Refuse what k6 would go on to compute with the literal."""
    rest = plain[end:].lstrip()
    at = len(plain) - len(rest)
    if rest[:1] in _GOES_ON and rest:
        raise LiteralError(plain.count("\n", 0, at) + 1, f"goes on with {rest[0]!r}: is computed")
    if found := _CHANGED.search(plain, end):
        line = plain.count("\n", 0, found.start()) + 1
        raise LiteralError(line, f"changed afterwards, by {found[0][:40]!r}: is computed")


def _loads(
    path: Path, options: Mapping[str, object]
) -> list[tuple[str, dict[str, object], tuple[str, ...]]]:
    scenarios = options.get("scenarios")
    if scenarios is None:
        return [("", *_short_form(path, options))]
    if not isinstance(scenarios, dict) or not scenarios:
        raise UsageError(f"{path}: options.scenarios: expected an object with a scenario")
    if beside := [key for key in (*_SHORT, *_SHARED) if key in options]:
        raise UsageError(
            f"{path}: options: {', '.join(beside)} beside scenarios; k6 refuses both at once; "
            "next: keep one of them"
        )
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
    given = [key for key in _SHORT[:3] if key in options]
    if given == ["stages"]:
        members = {"executor": "ramping-vus", "startVUs": options.get("vus", 1)}
        members["stages"] = options["stages"]
    elif given == ["duration"]:
        members = {"executor": "constant-vus", "vus": options.get("vus", 1)}
        members["duration"] = options["duration"]
    else:
        what = "no load" if not given else "stages and duration at once"
        if "iterations" in given:
            what = "iterations have no profile"
        raise UsageError(
            f"{path}: options: {what}; expected stages, vus with duration, or scenarios; "
            "next: give one of them"
        )
    return members | {key: options[key] for key in _SHARED if key in options}, ()


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
    if executor == "ramping-vus":
        members["startVUs"] = 1  # k6's default; a profile's is 0
    members |= {key: scenario[key] for key in (*wanted, "tags") if key in scenario}
    notes = [
        f"scenarios.{name}.{key}: not a part of a profile"
        for key in scenario
        if key not in {*wanted, "executor", "exec", "startTime", "tags"}
    ]
    if str(executor).endswith("arrival-rate") and "preAllocatedVUs" not in members:
        members["preAllocatedVUs"] = DEFAULT_VUS
        notes.append(f"scenarios.{name}.preAllocatedVUs: was not given; {DEFAULT_VUS} here")
    if "startTime" in scenario:
        notes.append(f"scenarios.{name}.startTime: a profile begins at once, and runs alone")
    if "exec" in scenario:
        notes.append(f"scenarios.{name}.exec: what an iteration does stands in the scenario's file")
    return members, tuple(notes)


def _with_units(members: Mapping[str, object]) -> dict[str, object]:
    """Members in which each bare number that is a duration has its unit."""
    made = dict(members)
    for key in _DURATIONS:
        # a truth value is an int of Python's, and for the profile to refuse
        if isinstance(made.get(key), int) and not isinstance(made[key], bool):
            made[key] = f"{made[key]}ms"
    stages = made.get("stages")
    if isinstance(stages, list):
        made["stages"] = [_with_units(one) if isinstance(one, dict) else one for one in stages]
    return made


def _tags(*given: object) -> tuple[dict[str, str], list[str]]:
    """Tags of the whole run, where a later block wins; and what a profile cannot declare."""
    kept: dict[str, str] = {}
    refused: list[str] = []
    for block in given:
        for key, value in block.items() if isinstance(block, dict) else ():
            if isinstance(value, str) and can_be_tag(key, value) and len(kept) < MAX_TAGS:
                kept[key] = value
            else:
                refused.append(f"tags: {key}: cannot be a tag of a profile")
        if block is not None and not isinstance(block, dict):
            refused.append("tags: expected an object")
    return kept, refused


def _thresholds(given: object, tags: Tags) -> tuple[dict[str, list[object]], list[str]]:
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
                parse_threshold(str(subject), str(expression), declared=tags)
            except GrammarError as error:
                refused.append(f"thresholds: {subject} {expression}: {error}{_advice(subject)}")
            else:
                kept.setdefault(str(subject), []).append(item)
    return kept, refused


def _advice(subject: str) -> str:
    if "{" not in subject:
        return ""
    return "; tags that k6 is given call by call are declared under tags, by names of requests"
