"""The project's own workflows: rules that hold whatever a pull request brings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.y*ml"))
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+\s*")
LEAST = {"contents": "read"}
# the gate that others call keeps a comment up to date in their repository
RIGHTS = {"gate.yml": {**LEAST, "pull-requests": "write"}}


def loaded(path: Path) -> dict[str, object]:
    """Workflow as data; YAML 1.1 takes the key `on` for a truth value."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return {("on" if key is True else str(key)): value for key, value in data.items()}


def jobs(path: Path) -> dict[str, dict[str, object]]:
    """Jobs by name."""
    found = loaded(path)["jobs"]
    assert isinstance(found, dict)
    return found


def steps(path: Path) -> list[dict[str, object]]:
    """Steps of all jobs."""
    found: list[dict[str, object]] = []
    for job in jobs(path).values():
        listed = job["steps"]
        assert isinstance(listed, list)
        found += listed
    return found


def test_there_is_a_workflow() -> None:
    assert WORKFLOWS


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
class TestEachWorkflow:
    def test_has_no_permissions_but_what_each_job_lists(self, path: Path) -> None:
        assert loaded(path)["permissions"] == {}
        assert {name: job["permissions"] for name, job in jobs(path).items()} == dict.fromkeys(
            jobs(path), RIGHTS.get(path.name, LEAST)
        )

    def test_never_runs_a_change_with_the_rights_of_its_base(self, path: Path) -> None:
        on = loaded(path)["on"]
        assert isinstance(on, dict)
        assert "pull_request_target" not in on

    def test_bounds_its_time_and_cancels_what_is_overtaken(self, path: Path) -> None:
        assert "concurrency" in loaded(path)
        assert all(isinstance(job["timeout-minutes"], int) for job in jobs(path).values())

    def test_pins_each_action_by_commit_with_its_version(self, path: Path) -> None:
        uses = re.findall(r"uses:.*", path.read_text(encoding="utf-8"))
        assert [line for line in uses if not PINNED.fullmatch(line)] == []

    def test_puts_no_expression_into_a_script(self, path: Path) -> None:
        assert [step for step in steps(path) if "${{" in str(step.get("run", ""))] == []

    def test_keeps_no_credentials_after_checkout(self, path: Path) -> None:
        settings = [
            step.get("with")
            for step in steps(path)
            if str(step.get("uses", "")).startswith("actions/checkout@")
        ]
        assert settings
        assert all(
            isinstance(given, dict) and given.get("persist-credentials") is False
            for given in settings
        )

    def test_runs_the_one_script_or_is_called_by_others(self, path: Path) -> None:
        is_called = "workflow_call" in str(loaded(path)["on"])
        assert is_called or ".ci/run" in [step.get("run") for step in steps(path)]
