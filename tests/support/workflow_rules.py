"""Rules that every workflow keeps, own, shipped and generated: each finding in a line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from perf_loadtests.scaffold.files import GITHUB, Service, pipelines
from repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PINS = {
    name: (version, commit)
    for name, version, commit in (
        line.split()
        for line in (ROOT / "tests/data/action-pins.txt").read_text().splitlines()
        if not line.startswith("#")
    )
}
MOST_MINUTES = 60
SERVICE = Service(
    start=("./serve", "--port", "{port}"), ready="/health", paths=("/health",),
    setup='pip install "a b" && echo \'$x\'',
)  # fmt: skip
OWN = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in sorted((ROOT / ".github/workflows").glob("*.yml"))
}
GENERATED = {
    f"{folder}/{name}": text
    for folder, forks in (("one", False), ("two", True))
    for name, text in pipelines(GITHUB, SERVICE, "1.2", forks=forks).items()
}
# commands whose exit code is a verdict, or says whether something was delivered
_GATES = re.compile(r"perfproof['\"]?\s+(run|check|compare|rollout|comment)\b")
_USES = re.compile(r"uses:\s*([\w./-]+)@(\S+)(?:\s+#\s*(\S+))?\s*$", re.MULTILINE)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_FOREIGN = ("GITHUB_ENV", "GITHUB_PATH")


def _is_workflow(text: str) -> bool:
    document = yaml.safe_load(text) if "\njobs:" in text else None
    return isinstance(document, dict) and isinstance(document.get("jobs"), dict)


SHIPPED = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in sorted((ROOT / "deploy").rglob("*.yml"))
    if _is_workflow(path.read_text())
}
ALL = {**OWN, **SHIPPED, **GENERATED}


def jobs_in(text: str) -> dict[str, dict[str, Any]]:
    """Jobs by name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)["jobs"]
    return found


def steps_in(text: str) -> list[dict[str, Any]]:
    """Steps of all jobs."""
    return [step for job in jobs_in(text).values() for step in job.get("steps", [])]


def findings(text: str) -> list[str]:
    """All that a workflow does against the rules."""
    document = yaml.safe_load(text)
    return [
        *_of_document(document, text),
        *(line for name, job in document["jobs"].items() for line in _of_job(name, job)),
        *(line for step in steps_in(text) for line in _of_step(step)),
        *_of_actions(text),
    ]


def _of_document(document: Mapping[Any, Any], text: str) -> Iterator[str]:
    if document.get("permissions") != {}:
        yield "permissions: not empty at the top"
    if "concurrency" not in document:
        yield "concurrency: missing"
    # YAML 1.1 takes the key `on` for a truth value
    on = document.get(True, document.get("on"))
    if "pull_request_target" in str(on) or "pull_request_target" in text:
        yield "pull_request_target: runs a change with the rights of its base"


def _of_job(name: str, job: Mapping[str, Any]) -> Iterator[str]:
    minutes = job.get("timeout-minutes")
    if not isinstance(minutes, int) or not 0 < minutes <= MOST_MINUTES:
        yield f"{name}: timeout-minutes: {minutes}"
    if not isinstance(job.get("permissions"), dict):
        yield f"{name}: permissions: not listed"
    if job.get("secrets") == "inherit":
        yield f"{name}: secrets: all of them"


def _of_step(step: Mapping[str, Any]) -> Iterator[str]:
    run = str(step.get("run", ""))
    script = str(step.get("with", {}).get("script", ""))
    if "${{" in run or "${{" in script:
        yield "run: an expression where a shell or a program reads it"
    for name in _FOREIGN:
        if name in run:
            yield f"run: {name}: what is written there acts in every later step"
    lines = [line.strip() for line in run.strip().splitlines()]
    for place, line in enumerate(lines):
        is_last = place == len(lines) - 1
        if _GATES.search(line) and not (is_last and line.startswith("exec ")):
            # a shell in between hands on neither the signal of a cancelled job nor, before
            # another command, the exit code
            yield f"run: {line}: is not exec'd as the last command"
    action = str(step.get("uses", "")).partition("@")[0]
    if action == "actions/checkout":
        given = step.get("with", {})
        if given.get("persist-credentials") is not False:
            yield "actions/checkout: leaves its credentials behind"


def _of_actions(text: str) -> Iterator[str]:
    found = _USES.findall(text)
    if len(found) != len(re.findall(r"\buses:", text)):
        yield "uses: not in the form NAME@COMMIT # VERSION"
    for name, commit, version in found:
        if not _COMMIT.fullmatch(commit):
            yield f"{name}: no commit of 40 digits"
        elif PINS.get(name) != (version, commit):
            yield f"{name}: {commit} {version}: not in tests/data/action-pins.txt"
