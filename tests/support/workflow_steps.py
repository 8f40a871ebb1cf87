"""A small runner: the `run:` steps of a workflow in order, job after job, on this machine.

It knows as much of GitHub Actions as this repository's workflows use: `env` of workflow, job and
step, `if`, `needs`, outputs of steps and jobs, `working-directory`, `continue-on-error`,
`defaults.run`, and the files `GITHUB_OUTPUT`, `GITHUB_ENV` and `GITHUB_STEP_SUMMARY`. Artifacts
are kept in a folder. Any other action is passed over unless the caller says what it does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections import ChainMap
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from workflow_expressions import filled, is_due

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from workflow_expressions import Value

    # what an action does in the folder of its job, given what stands under `with`
    Action = Callable[[Mapping[str, str], Path], None]
    # what YAML holds
    Mapped = Mapping[str, Any]

DEADLINE_S = 600.0
SHELL = ("/bin/bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One step that ran."""

    name: str
    code: int
    said: str


@dataclass(slots=True, kw_only=True)
class Ended:
    """One job: its result as `needs` sees it, its steps, outputs and summary."""

    result: str = "skipped"
    steps: list[Done] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""

    def code(self, name: str) -> int:
        """Exit code of a step; it must have run."""
        found = [step.code for step in self.steps if step.name == name]
        assert found, f"{name} did not run; ran: {[step.name for step in self.steps]}"
        return found[-1]

    def said(self) -> str:
        """All that was printed."""
        return "\n".join(f"## {step.name}: {step.code}\n{step.said}" for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where jobs run.

    Attributes
    ----------
    temp : Path
        An empty folder: `RUNNER_TEMP`, artifacts, and files that steps write to.
    environ : mapping
        What the host sets for every step.
    context : mapping
        Values of expressions, such as `github.base_ref` or `inputs.time-scale`.
    actions : mapping
        What actions do, by their names without a commit; `actions/checkout` most of all.
    """

    temp: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, Value] = field(default_factory=dict)
    actions: Mapping[str, Action] = field(default_factory=dict)
    deadline_s: float = DEADLINE_S


def jobs_of(path: Path) -> dict[str, dict[str, object]]:
    """Jobs of a workflow."""
    found: dict[str, dict[str, object]] = yaml.safe_load(path.read_text())["jobs"]
    return found


def run_steps(
    path: Path, folder: Path, environ: Mapping[str, str], context: Mapping[str, Value]
) -> list[Done]:
    """Run the steps of a workflow's only job in a folder that is checked out already."""
    document = yaml.safe_load(path.read_text())
    (job,) = document["jobs"].values()
    with tempfile.TemporaryDirectory() as temp:
        machine = Machine(temp=Path(temp), environ=environ, context=context)
        return _Job(document, job, machine, folder).run().steps


def run_workflow(path: Path, machine: Machine) -> dict[str, Ended]:
    """Run all jobs, each in an empty folder of its own, those first that others need."""
    document = yaml.safe_load(path.read_text())
    ended: dict[str, Ended] = {}
    for name in _in_order(document["jobs"]):
        job = document["jobs"][name]
        needed = {other: ended[other] for other in _needs(job)}
        context = {**machine.context, **_of_needs(needed)}
        failed = any(one.result != "success" for one in needed.values())
        if not is_due(str(job.get("if", "")), context, failed=failed):
            ended[name] = Ended()
            continue
        folder = machine.temp / "work" / name
        folder.mkdir(parents=True)
        here = Machine(
            temp=machine.temp, environ=machine.environ, context=context,
            actions=machine.actions, deadline_s=machine.deadline_s,
        )  # fmt: skip
        ended[name] = _Job(document, job, here, folder).run()
    return ended


def _needs(job: Mapped) -> list[str]:
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else list(needs)


def _in_order(jobs: Mapped) -> Iterator[str]:
    left = dict(jobs)
    while left:
        ready = [name for name, job in left.items() if not left.keys() & set(_needs(job))]
        assert ready, f"jobs need each other: {sorted(left)}"
        for name in ready:
            yield name
            del left[name]


def _of_needs(needed: Mapping[str, Ended]) -> dict[str, Value]:
    found: dict[str, Value] = {f"needs.{name}.result": one.result for name, one in needed.items()}
    for name, one in needed.items():
        found |= {f"needs.{name}.outputs.{key}": text for key, text in one.outputs.items()}
    # what `needs.*.result` joins, for contains(...)
    return {**found, "needs.*.result": " ".join(one.result for one in needed.values())}


class _Job:
    """One job while it runs."""

    def __init__(self, document: Mapped, job: Mapped, machine: Machine, folder: Path) -> None:
        self._job, self._machine, self._folder = job, machine, folder
        self._own: dict[str, Value] = {}
        self._context = ChainMap(self._own, cast("dict[str, Value]", dict(machine.context)))
        self._environ: dict[str, str] = {}
        for level in (document, job):
            self._environ |= self._texts(level.get("env", {}), failed=False)
        self._defaults: dict[str, str] = {}
        for level in (document, job):
            self._defaults |= level.get("defaults", {}).get("run", {})
        self._files = machine.temp / "files"
        self._ended = Ended(result="success")

    def run(self) -> Ended:
        """Run what is due to its end."""
        self._files.mkdir(exist_ok=True)
        for step in self._job["steps"]:
            failed = self._ended.result != "success"
            self._own["job.status"] = self._ended.result
            if not is_due(str(step.get("if", "")), self._context, failed=failed):
                self._keep(step, "skipped")
            elif "run" in step:
                self._run(step, failed=failed)
            else:
                self._act(step, failed=failed)
        self._ended.outputs = self._texts(self._job.get("outputs", {}), failed=False)
        return self._ended

    def _texts(self, given: Mapped, *, failed: bool) -> dict[str, str]:
        return {
            name: filled(_yaml(value), self._context, failed=failed)
            for name, value in given.items()
        }

    def _run(self, step: Mapped, *, failed: bool) -> None:
        assert "${{" not in step["run"], "an expression where a shell reads it"
        files = {name: self._files / name for name in ("OUTPUT", "ENV", "STEP_SUMMARY")}
        for path in files.values():
            path.write_bytes(b"")
        where = filled(
            step.get("working-directory", self._defaults.get("working-directory", ".")),
            self._context,
        )
        ended = subprocess.run(
            [*SHELL, step["run"]],
            cwd=self._folder / where,
            env={
                **os.environ,
                "RUNNER_TEMP": str(self._machine.temp),
                **self._machine.environ,
                "GITHUB_WORKSPACE": str(self._folder),
                **{f"GITHUB_{name}": str(path) for name, path in files.items()},
                **self._environ,
                **self._texts(step.get("env", {}), failed=failed),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=self._machine.deadline_s,
        )
        name = step.get("name", step["run"].splitlines()[0])
        self._ended.steps.append(
            Done(name=name, code=ended.returncode, said=ended.stdout + ended.stderr)
        )
        self._ended.summary += files["STEP_SUMMARY"].read_text()
        self._environ |= read_pairs(files["ENV"].read_text())
        self._keep(step, "failure" if ended.returncode else "success", files["OUTPUT"].read_text())

    def _act(self, step: Mapped, *, failed: bool) -> None:
        action = str(step["uses"]).partition("@")[0]
        given = self._texts(step.get("with", {}), failed=failed)
        known: dict[str, Action] = {
            "actions/upload-artifact": self._upload,
            "actions/download-artifact": self._download,
        }
        if act := {**known, **self._machine.actions}.get(action):
            act(given, self._folder)
        self._keep(step, "success")

    def _keep(self, step: Mapped, result: str, written: str = "") -> None:
        goes_on = result == "failure" and step.get("continue-on-error")
        if result == "failure" and not goes_on:
            self._ended.result = "failure"
        if name := step.get("id"):
            self._own[f"steps.{name}.outcome"] = result
            self._own[f"steps.{name}.conclusion"] = "success" if goes_on else result
            for key, text in read_pairs(written).items():
                self._own[f"steps.{name}.outputs.{key}"] = text

    def _upload(self, given: Mapping[str, str], folder: Path) -> None:
        kept = self._machine.temp / "artifacts" / given.get("name", "artifact")
        assert not kept.exists() or given.get("overwrite") == "true", f"{kept.name}: kept already"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        found = [folder / line.strip() for line in given["path"].splitlines() if line.strip()]
        for path in found:
            if path.is_dir():
                shutil.copytree(path, kept, dirs_exist_ok=True)
            elif path.is_file():
                shutil.copy(path, kept)
        is_strict = given.get("if-no-files-found") == "error"
        assert not is_strict or any(kept.iterdir()), f"{kept.name}: nothing to keep"

    def _download(self, given: Mapping[str, str], folder: Path) -> None:
        """One artifact by its name, or those of a pattern; none of a pattern is fine there too."""
        into = folder / given.get("path", ".")
        shelf = self._machine.temp / "artifacts"
        assert "pattern" in given or (shelf / given["name"]).is_dir(), f"no artifact {given}"
        merges = given.get("merge-multiple") == "true"
        for kept in sorted(shelf.glob(given.get("pattern") or given["name"])):
            inside = into if "name" in given or merges else into / kept.name
            shutil.copytree(kept, inside, dirs_exist_ok=True)


def read_pairs(text: str) -> dict[str, str]:
    """Pairs of a file such as `GITHUB_OUTPUT`: `NAME=TEXT`, or `NAME<<END` up to a line `END`."""
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, sign, end = line.partition("<<")
        if sign and "=" not in name:
            block: list[str] = []
            while (inner := next(lines, None)) is not None and inner != end:
                block.append(inner)
            assert inner == end, f"{name}: no line {end}"
            found[name] = "\n".join(block)
        elif line:
            name, sign, value = line.partition("=")
            assert sign, f"{line}: no NAME=TEXT"
            found[name] = value
    return found


def _yaml(value: object) -> str:
    """Text of a value as the host writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
