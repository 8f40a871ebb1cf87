"""Steps of this repository's workflows that decide something, run as the host would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from repository import ROOT
from workflow_steps import run_steps

if TYPE_CHECKING:
    from pathlib import Path

    from workflow_steps import Done

WORKFLOWS = ROOT / ".github/workflows"
MUST, MAY = ("check", "test", "security", "wheel", "image"), ("sarif", "publish")


def job_alone(tmp_path: Path, workflow: str, job: str) -> Path:
    """Workflow of one job only."""
    document = yaml.safe_load((WORKFLOWS / workflow).read_text())
    path = tmp_path / workflow
    path.write_text(yaml.safe_dump({"jobs": {job: document["jobs"][job]}}))
    return path


def all_green(tmp_path: Path, event: str, **results: str) -> int:
    given = dict.fromkeys((*MUST, *MAY), "success") | results
    context = {f"needs.{name}.result": result for name, result in given.items()}
    context["github.event_name"] = event
    path = job_alone(tmp_path, "ci.yml", "all-green")
    (done,) = run_steps(path, tmp_path, {}, context)
    return done.code


@pytest.mark.parametrize("event", ["push", "pull_request"])
def test_all_green_is_green_when_every_job_succeeded(tmp_path: Path, event: str) -> None:
    assert all_green(tmp_path, event) == 0


@pytest.mark.parametrize("job", [*MUST, *MAY])
@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped"])
def test_all_green_is_red_when_one_job_did_not_succeed(
    tmp_path: Path, job: str, result: str
) -> None:
    assert all_green(tmp_path, "push", **{job: result}) != 0


def test_only_a_pull_request_may_skip_and_only_what_has_no_business_there(tmp_path: Path) -> None:
    assert all_green(tmp_path, "pull_request", sarif="skipped", publish="skipped") == 0
    assert all_green(tmp_path, "pull_request", sarif="failure") != 0
    for job in MUST:
        assert all_green(tmp_path, "pull_request", **{job: "skipped"}) != 0


def cleaned(tmp_path: Path, *, dry_run: bool | str) -> Done:
    """Step that cleans up, the script replaced by one that says how it was called."""
    tool = tmp_path / ".venv/bin/python"
    tool.parent.mkdir(parents=True)
    tool.write_text('#!/bin/sh\necho "$*"\n')
    tool.chmod(0o755)
    (tmp_path / "Makefile").write_text(".venv/.installed:\n\ttouch $@\n")
    context = {"github.token": "t", "inputs.dry-run": dry_run}
    path = job_alone(tmp_path, "cleanup.yml", "cleanup")
    return run_steps(path, tmp_path, {}, context)[-1]


@pytest.mark.parametrize(
    ("dry_run", "said"),
    [(True, ".ci/cleanup.py --dry-run\n"), (False, ".ci/cleanup.py\n"), ("", ".ci/cleanup.py\n")],
)
def test_clean_up_is_a_rehearsal_only_if_asked(
    tmp_path: Path, said: str, *, dry_run: bool | str
) -> None:
    assert cleaned(tmp_path, dry_run=dry_run).said == said
