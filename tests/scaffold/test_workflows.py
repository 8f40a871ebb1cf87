"""Workflows, shipped and generated: no right too many, nothing foreign where it could act."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from perf_loadtests.scaffold.files import GITHUB, GITLAB, Service, pipelines
from repository import ROOT
from workflow_steps import run_steps

if TYPE_CHECKING:
    from pathlib import Path

# what may be used at all, each by its commit; see docs/ci.md
PINS = {
    "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1",
    "actions/setup-python": "5fda3b95a4ea91299a34e894583c3862153e4b97",
    "actions/upload-artifact": "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f",
    "actions/download-artifact": "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c",
}
SERVICE = Service(
    start=("./serve", "--port", "{port}"), ready="/health", paths=("/health",),
    setup='pip install "a b" && echo \'$x\'',
)  # fmt: skip
GENERATED = {
    **{
        f"one/{name}": text for name, text in pipelines(GITHUB, SERVICE, "1.2", forks=False).items()
    },
    **{f"two/{name}": text for name, text in pipelines(GITHUB, SERVICE, "1.2", forks=True).items()},
}
SHIPPED = {path.name: path.read_text() for path in (ROOT / ".github/workflows").glob("*.yml")}
ALL = {**GENERATED, **SHIPPED}


def steps(text: str) -> list[dict[str, object]]:
    return [step for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("name", ALL)
def test_rights_are_the_least_and_time_is_limited(name: str) -> None:
    document = yaml.safe_load(ALL[name])
    assert document["permissions"] == {}
    assert "concurrency" in document
    for job in document["jobs"].values():
        assert job["timeout-minutes"] <= 30
        assert set(job["permissions"].items()) <= {
            ("contents", "read"), ("pull-requests", "write"), ("actions", "read"),
        }  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_foreign_actions_are_pinned_and_leave_no_credentials(name: str) -> None:
    assert "pull_request_target" not in ALL[name]
    for step in steps(ALL[name]):
        if "uses" not in step:
            continue
        action, _, commit = str(step["uses"]).partition("@")
        assert PINS[action] == commit
        assert re.search(rf"{commit} # v\d", ALL[name])
        if action == "actions/checkout":
            assert step["with"]["persist-credentials"] is False  # type: ignore[index]  # a mapping


@pytest.mark.parametrize("name", ALL)
def test_no_expression_stands_where_a_shell_reads_it(name: str) -> None:
    for step in steps(ALL[name]):
        assert "${{" not in str(step.get("run", ""))
        if "perfproof run" in str(step.get("run")) or "perfproof comment" in str(step.get("run")):
            # a shell in between would not hand on the signal of a cancelled job
            assert str(step["run"]).startswith("exec ")


def test_what_comments_on_forks_runs_nothing_of_theirs() -> None:
    text = GENERATED["two/.github/workflows/perf-comment.yml"]
    assert "checkout" not in text
    assert "pull-requests: write" in text
    runs = [str(step["run"]) for step in steps(text) if "run" in step]
    assert runs == [
        "python -m pip install --quiet perfproof==1.2",
        "exec perfproof comment in/run.json.gz --github",
    ]
    assert "pull-requests" not in GENERATED["two/.github/workflows/perf.yml"]


def test_the_setup_command_is_taken_over_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "perf.yml"
    path.write_text(GENERATED["one/.github/workflows/perf.yml"])
    step = next(s for s in steps(path.read_text()) if s["name"] == "Set up the service")
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


def test_a_failed_step_leaves_out_what_needs_success_and_not_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "w.yml"
    path.write_text(
        "jobs: {a: {steps: [{name: one, run: 'echo $X; exit 3', env: {X: '${{ github.token }}'}},\n"
        "{name: two, run: 'true'}, {name: three, if: '${{ !cancelled() }}', run: 'true'},\n"
        "{name: four, if: \"${{ !cancelled() && a == b }}\", run: 'true'}]}}\n"
    )
    done = run_steps(path, tmp_path, {}, {"github.token": "t", "a": "1", "b": "2"})
    assert [(step.name, step.code) for step in done] == [("one", 3), ("three", 0)]
    assert done[0].said == "t\n"
