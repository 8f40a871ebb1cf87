"""Who the pull request is: from what GitHub writes, and never from what a fork can."""

from __future__ import annotations

import json

import pytest

from fakes.github import HEAD, REPOSITORY, FakeGitHub
from perf_documents.errors import UsageError
from perf_reports.delivery.event import Event, read_event
from perf_reports.delivery.github import find_pull_request
from perf_reports.delivery.http import DeliveryError

MERGE = "b" * 40
ENVIRON = {
    "GITHUB_EVENT_NAME": "pull_request",
    "GITHUB_REPOSITORY": REPOSITORY,
    "GITHUB_REPOSITORY_ID": "42",
    "GITHUB_SHA": MERGE,
    "GITHUB_RUN_ID": "1000",
    "GITHUB_RUN_NUMBER": "17",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_WORKFLOW_REF": "octo/shop/.github/workflows/perf.yml@refs/pull/7/merge",
    "GITHUB_JOB": "perf",
    "GITHUB_SERVER_URL": "https://github.com",
}
PULL = {"pull_request": {"number": 7, "head": {"sha": HEAD}}}
FORKED = {
    "workflow_run": {
        "id": 900, "run_number": 5, "run_attempt": 1, "event": "pull_request", "head_sha": HEAD,
        "head_branch": "topic/x", "head_repository": {"full_name": "mallory/shop"},
        "path": ".github/workflows/perf.yml", "pull_requests": [{"number": 666}],
    }
}  # fmt: skip


def event(document: object = PULL, **environ: str) -> Event:
    return read_event({**ENVIRON, **environ}, json.dumps(document).encode())


def test_a_pull_request_is_its_head_and_never_the_merge_commit() -> None:
    found = event()
    assert (found.number, found.head_sha) == (7, HEAD)
    assert found.order == (17, 2)
    assert (found.workflow, found.job) == (".github/workflows/perf.yml", "perf")
    assert found.run_url == "https://github.com/octo/shop/actions/runs/1000"


def test_after_a_fork_s_run_the_number_is_looked_up_and_not_believed() -> None:
    found = event(FORKED, GITHUB_EVENT_NAME="workflow_run")
    assert found.number is None
    assert (found.head_repository, found.head_branch) == ("mallory/shop", "topic/x")
    assert found.order == (5, 1)
    assert found.run_url.endswith("/actions/runs/900")
    assert found.has_pull_request
    pushed = {"workflow_run": {**FORKED["workflow_run"], "event": "push"}}
    assert not event(pushed, GITHUB_EVENT_NAME="workflow_run").has_pull_request


def test_an_event_without_a_pull_request_has_a_commit() -> None:
    assert event({}, GITHUB_EVENT_NAME="push").head_sha == MERGE
    group = event({"merge_group": {"head_sha": HEAD}}, GITHUB_EVENT_NAME="merge_group")
    assert (group.head_sha, group.has_pull_request) == (HEAD, False)


@pytest.mark.parametrize(
    ("document", "environ", "says"),
    [
        ({}, {}, "no pull_request"),
        ({"pull_request": {"head": {"sha": HEAD}, "number": True}}, {}, "expected a number"),
        ({"pull_request": {"head": {"sha": "x"}, "number": 1}}, {}, "40 hexadecimal"),
        (PULL, {"GITHUB_REPOSITORY": "a/b/c"}, "owner/name"),
        (PULL, {"GITHUB_REPOSITORY": "a/.."}, "owner/name"),
        (PULL, {"GITHUB_REPOSITORY": 'zzz";echo${IFS}"x";#/y'}, "owner/name"),
        ({"pull_request": {"head": {"sha": HEAD}, "number": -1}}, {}, "expected a number"),
        ({"pull_request": {"head": {"sha": HEAD}, "number": "1; rm"}}, {}, "expected a number"),
        (PULL, {"GITHUB_RUN_NUMBER": "١٢"}, "GITHUB_RUN_NUMBER"),
        (PULL, {"GITHUB_RUN_NUMBER": "9" * 5000}, "GITHUB_RUN_NUMBER"),
        (PULL, {"GITHUB_EVENT_NAME": "pull_request_target"}, "--forks"),
        (PULL, {"GITHUB_EVENT_NAME": "issue_comment"}, "expected pull_request"),
        (PULL, {"GITHUB_EVENT_NAME": ""}, "expected pull_request"),
        ({"workflow_run": {}}, {"GITHUB_EVENT_NAME": "workflow_run"}, "head_repository"),
        (
            {"workflow_run": {**FORKED["workflow_run"], "head_repository": {"full_name": "../x"}}},
            {"GITHUB_EVENT_NAME": "workflow_run"},
            "owner/name",
        ),
    ],
)
def test_an_event_that_fits_nothing_is_refused(
    document: object, environ: dict[str, str], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        event(document, **environ)


def test_the_ref_of_a_workflow_is_no_part_of_its_name() -> None:
    ref = "octo/shop/.github/workflows/perf.yml@refs/heads/fix@2"
    assert event(GITHUB_WORKFLOW_REF=ref).workflow == ".github/workflows/perf.yml"


def test_a_page_that_could_end_a_link_is_left_out() -> None:
    assert event(GITHUB_SERVER_URL="https://x) [evil](https://y").run_url == ""
    assert event(GITHUB_SERVER_URL="http://github.com").run_url == ""


def pull(number: int, sha: str, repository: str | None, state: str = "open") -> dict[str, object]:
    repo = {"full_name": repository} if repository else None
    return {"number": number, "state": state, "head": {"sha": sha, "repo": repo}}


def test_the_pull_request_of_a_fork_is_the_open_one_with_that_head(hub: FakeGitHub) -> None:
    hub.page = 2
    hub.pulls = [
        pull(1, HEAD, "other/shop"),
        pull(2, HEAD, None),
        pull(3, HEAD, "mallory/shop", "closed"),
        pull(4, MERGE, "mallory/shop"),
        pull(5, HEAD, "mallory/shop"),
    ]
    found = event(FORKED, GITHUB_EVENT_NAME="workflow_run")
    assert find_pull_request(hub.api(), found) == 5
    hub.pulls = hub.pulls[:-1]
    assert find_pull_request(hub.api(), found) is None
    odd = {"workflow_run": {**FORKED["workflow_run"], "head_branch": 'z";echo${IFS}\ud800#&x=1'}}
    found = event(odd, GITHUB_EVENT_NAME="workflow_run")
    assert find_pull_request(hub.api(), found) is None
    assert "&x=1" not in hub.calls[-1][1]


def test_a_closed_pull_request_gets_nothing(hub: FakeGitHub) -> None:
    hub.pulls = [pull(7, HEAD, REPOSITORY, "closed")]
    assert find_pull_request(hub.api(), event()) is None
    hub.pulls = []
    with pytest.raises(DeliveryError, match="404"):
        find_pull_request(hub.api(), event())
