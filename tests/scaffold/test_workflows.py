"""What `perf init` writes for pipelines, beyond the rules of all workflows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from perf_loadtests.scaffold.files import GITHUB, GITLAB, Service, pipelines
from workflow_rules import GENERATED, SERVICE, steps_in

if TYPE_CHECKING:
    from pathlib import Path


def test_what_comments_on_forks_runs_nothing_of_theirs() -> None:
    text = GENERATED["two/.github/workflows/perf-comment.yml"]
    assert "checkout" not in text
    assert "pull-requests: write" in text
    runs = [str(step["run"]) for step in steps_in(text) if "run" in step]
    assert runs == [
        "python -m pip install --quiet perfproof==1.2",
        "exec perfproof comment in/run.json.gz --github",
    ]
    assert "pull-requests" not in GENERATED["two/.github/workflows/perf.yml"]


def test_the_setup_command_is_taken_over_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "perf.yml"
    path.write_text(GENERATED["one/.github/workflows/perf.yml"])
    step = next(s for s in steps_in(path.read_text()) if s["name"] == "Set up the service")
    assert step["run"] == SERVICE.setup
    without = pipelines(GITHUB, Service(start=("a",), ready="/", paths=()), "1", forks=False)
    assert "Set up the service" not in "".join(without.values())


def test_nothing_generated_gates_on_the_embedded_service() -> None:
    gitlab = pipelines(GITLAB, SERVICE, "1.2", forks=False)
    for text in (*GENERATED.values(), *gitlab.values()):
        assert "demo" not in text
        assert "@" not in re.sub(r"@[0-9a-f]{40}", "", text)
    (job,) = gitlab.values()
    assert yaml.safe_load(job)["perf"]["artifacts"]["reports"]["junit"] == "out/junit.xml"
