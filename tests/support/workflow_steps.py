"""A small runner: the `run:` steps of a workflow's only job, in order, on this machine.

It knows as much of GitHub Actions as generated workflows use: `env`, `if` with `cancelled()`, and
expressions of the given context. Actions (`uses:`) are passed over; the caller has checked out.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
DEADLINE_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One step that ran."""

    name: str
    code: int
    said: str


def jobs_of(path: Path) -> dict[str, dict[str, object]]:
    """Jobs of a workflow."""
    found: dict[str, dict[str, object]] = yaml.safe_load(path.read_text())["jobs"]
    return found


def run_steps(
    path: Path, folder: Path, environ: Mapping[str, str], context: Mapping[str, str]
) -> list[Done]:
    """Run the steps of a workflow's only job; a failed one leaves those that need success out.

    Parameters
    ----------
    path, folder : Path
        The workflow, and where its steps run.
    environ : mapping
        What the runner sets for every step.
    context : mapping
        Values of expressions, such as `github.base_ref`.
    """
    (job,) = jobs_of(path).values()
    steps = job["steps"]
    assert isinstance(steps, list)
    done: list[Done] = []
    for step in steps:
        if "run" not in step or not _is_due(step, done, context):
            continue
        given = {name: _filled(str(text), context) for name, text in step.get("env", {}).items()}
        assert "${{" not in step["run"]
        ended = subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=folder,
            env={**os.environ, **environ, **given},
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE_S,
        )
        done.append(
            Done(name=step["name"], code=ended.returncode, said=ended.stdout + ended.stderr)
        )
    return done


def _is_due(step: Mapping[str, object], done: list[Done], context: Mapping[str, str]) -> bool:
    """Whether a step runs: without `cancelled()` only after success, as on the host."""
    condition = str(step.get("if", ""))
    if not condition:
        return all(one.code == 0 for one in done)
    words = _EXPRESSION.sub(r"\1", condition).split(" && ")
    return all(
        word == "!cancelled()" or len({context.get(part, part) for part in word.split(" == ")}) == 1
        for word in words
    )


def _filled(text: str, context: Mapping[str, str]) -> str:
    return _EXPRESSION.sub(lambda found: context[found[1]], text)
