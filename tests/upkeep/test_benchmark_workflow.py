"""The steps of the workflow `performance benchmark`, run as the host would, on this machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from checkouts import Remote
from fakes.github import REPOSITORY, TOKEN, FakeGitHub, serving
from repository import ROOT
from workflow_expressions import is_due
from workflow_steps import Machine, jobs_of, run_workflow

if TYPE_CHECKING:
    from pathlib import Path

    from workflow_steps import Ended

WORKFLOW = ROOT / ".github/workflows/performance-benchmark.yml"
# 1,500 requests a run: what a p99 needs, and a little more
TIME_SCALE = "0.05"
CONTEXT = {
    "github.ref": "refs/heads/main", "github.ref_name": "main", "github.token": TOKEN,
    "github.repository": REPOSITORY, "github.event.repository.default_branch": "main",
    "inputs.time-scale": TIME_SCALE,
}  # fmt: skip


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Remote:
    return Remote.made(tmp_path_factory.mktemp("remote"))


def ran(remote: Remote, temp: Path, hub: FakeGitHub, event: dict[str, str]) -> dict[str, Ended]:
    """Run the workflow for an event."""
    head = event.get("head", "")
    payload = temp / "event.json"
    payload.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": head}}}))
    name = "pull_request" if head else "workflow_dispatch"
    environ = {
        "CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(payload), "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_REPOSITORY_ID": "1", "GITHUB_RUN_ID": "1", "GITHUB_RUN_NUMBER": "1",
        "GITHUB_RUN_ATTEMPT": "1", "GITHUB_SHA": remote.head(), "GITHUB_JOB": "x",
        "GITHUB_WORKFLOW_REF": f"{REPOSITORY}/.github/workflows/{WORKFLOW.name}@x",
        "GITHUB_SERVER_URL": "https://github.com", "GITHUB_API_URL": hub.url,
        "GITHUB_REF_NAME": "main", "GITHUB_HEAD_REF": "topic" * bool(head),
    }  # fmt: skip
    context = {
        **CONTEXT,
        "github.event_name": name,
        "github.sha": remote.head(),
        "github.event.pull_request.head.sha": head,
        "github.event.pull_request.base.sha": remote.head() if head else "",
        "github.event.pull_request.head.repo.full_name": event.get("repository", ""),
    }
    actions = {"actions/checkout": remote.check_out}
    machine = Machine(temp=temp, environ=environ, context=context, actions=actions)
    ended = run_workflow(WORKFLOW, machine)
    if "V6 broken" in ended["measure"].said():
        # it speaks of this machine, not of the workflow: nothing can be asserted of such a run
        pytest.skip("other work on this machine: the generator was not healthy")
    return ended


@pytest.fixture(scope="module")
def published(
    remote: Remote, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Ended], Path]:
    temp = tmp_path_factory.mktemp("dispatched")
    with serving(FakeGitHub()) as hub:
        return ran(remote, temp, hub, {}), temp


def results(ended: dict[str, Ended]) -> dict[str, str]:
    return {name: one.result for name, one in ended.items()}


@pytest.mark.slow
def test_a_run_by_hand_ends_in_a_summary_a_history_and_a_trend_site(
    remote: Remote, published: tuple[dict[str, Ended], Path]
) -> None:
    ended, temp = published
    said = "\n".join(one.said() for one in ended.values())
    assert results(ended) == {
        "measure": "success", "comment": "skipped", "publish": "success"
    }, said  # fmt: skip
    assert "PASS" in ended["measure"].summary
    assert "p(95)&#60;500" in ended["measure"].summary
    records = remote.files("perfproof-history")
    # five runs of the load, and one of the micro-benchmarks
    assert len(records) == 6
    assert all(name.startswith("records/") for name in records)
    site = remote.files("gh-pages")
    assert {"index.html", "feed.xml", ".nojekyll"} <= set(site)
    assert (temp / "artifacts/perf-trend/index.html").is_file()
    assert (temp / "artifacts/perf-report/report.html").is_file()


@pytest.mark.slow
@pytest.mark.usefixtures("published")
def test_a_pull_request_gets_one_comment_and_leaves_the_history_alone(
    remote: Remote, tmp_path: Path
) -> None:
    before = remote.head("perfproof-history")
    head = remote.change(tmp_path / "clone", "topic", "README.md", "Another word.\n")
    with serving(FakeGitHub()) as hub:
        hub.pulls = [{"number": 7, "state": "open", "head": {"sha": head}}]
        ended = ran(remote, tmp_path, hub, {"head": head, "repository": REPOSITORY})
        comments = [one.body or "" for one in hub.comments.values()]
    said = "\n".join(one.said() for one in ended.values())
    assert results(ended) == {
        "measure": "success", "comment": "success", "publish": "skipped"
    }, said  # fmt: skip
    (comment,) = comments
    assert "PASS" in comment
    # held against the five runs of the history, and gating nothing
    assert "against 5 baselines" in comment
    assert "it gates nothing" in comment
    assert remote.head("perfproof-history") == before


def test_the_weekly_profile_is_the_shipped_one_but_for_its_comparison() -> None:
    shipped = ROOT / "loadtests/perf_loadtests/profiles/benchmark.yaml"
    weekly = ROOT / "benchmarks/weekly/loadtests/profiles/benchmark.yaml"
    one, other = (yaml.safe_load(path.read_text()) for path in (shipped, weekly))
    assert other.pop("gate") == {"comparison": "advisory", "baseline_source": "history"}
    assert one == other
    assert "p(95)<500" in other["thresholds"]["http_req_duration"]
    assert "rate<0.01" in other["thresholds"]["http_req_failed"]


@pytest.mark.parametrize(
    ("event", "repository", "branch", "due"),
    [
        ("pull_request", REPOSITORY, "7/merge", {"comment"}),
        ("pull_request", "mallory/shop", "7/merge", set()),
        ("schedule", "", "main", {"publish"}),
        ("push", "", "main", {"publish"}),
        ("workflow_dispatch", "", "main", {"publish"}),
        ("workflow_dispatch", "", "topic", set()),
    ],
)
@pytest.mark.parametrize("failed", [False, True])
def test_only_the_default_branch_enters_the_history_and_only_own_branches_are_commented_on(
    event: str, repository: str, branch: str, due: set[str], *, failed: bool
) -> None:
    context = {
        **CONTEXT, "github.event_name": event, "github.ref_name": branch,
        "github.event.pull_request.head.repo.full_name": repository,
    }  # fmt: skip
    jobs = jobs_of(WORKFLOW)
    assert due == {
        name
        for name in ("comment", "publish")
        if is_due(str(jobs[name]["if"]), context, failed=failed)
    }
