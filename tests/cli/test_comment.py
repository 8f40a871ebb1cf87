"""`perf comment`: its exit code speaks of delivery alone."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from commands import PERF, Done, environment
from fakes.answers import answering
from fakes.github import HEAD, REPOSITORY, TOKEN, FakeGitHub, serving
from perf_documents.codec import dump_run
from perf_documents.strict_json import pack
from situation_runs import situation_run
from situations import SITUATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVENT = {"pull_request": {"number": 7, "head": {"sha": HEAD}}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("pass", "regressed"):
        data = dump_run(situation_run(SITUATIONS[name]))
        (tmp_path / f"{name}.json.gz").write_bytes(pack(data))
    (tmp_path / "event.json").write_text(json.dumps(EVENT))
    return tmp_path


def perf(folder: Path, *arguments: str, **environ: str) -> Done:
    ended = subprocess.run(
        [*PERF, "comment", *arguments], cwd=folder, env={**environment(), **environ},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return Done(ended.returncode, ended.stdout, ended.stderr)


@contextmanager
def github(folder: Path) -> Iterator[tuple[FakeGitHub, dict[str, str]]]:
    with serving(FakeGitHub()) as hub:
        hub.pulls = [{"number": 7, "state": "open", "head": {"sha": HEAD}}]
        yield hub, {
            "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_REPOSITORY_ID": "42", "GITHUB_SHA": "b" * 40,
            "GITHUB_RUN_ID": "1000", "GITHUB_RUN_NUMBER": "17", "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_WORKFLOW_REF": f"{REPOSITORY}/.github/workflows/perf.yml@refs/pull/7/merge",
            "GITHUB_JOB": "perf", "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_API_URL": hub.url, "GITHUB_TOKEN": TOKEN,
        }  # fmt: skip


def test_it_prints_what_it_would_deliver(folder: Path) -> None:
    done = perf(folder, "regressed.json.gz")
    assert done.code == 0, done.said
    assert done.out.startswith("### ✗ FAIL: ")
    assert done.err == ""


def test_a_failing_run_delivered_ends_in_0(folder: Path) -> None:
    with github(folder) as (hub, environ):
        done = perf(folder, "regressed.json.gz", "--github", "--check", "perf", **environ)
        assert done.code == 0, done.said
        assert "check run perf written; comment written" in done.err
        again = perf(folder, "regressed.json.gz", "--github", **environ)
        assert "the comment says so already" in again.err
        other = perf(folder, "regressed.json.gz", "--github", "--label", "arm", **environ)
        assert "comment written" in other.err
    first, second = hub.comments.values()
    assert "### ✗ FAIL" in (first.body or "")
    assert (first.body or "").partition("\n")[0] != (second.body or "").partition("\n")[0]
    assert "actions/runs/1000" in (first.body or "")
    assert hub.checks[0]["conclusion"] == "failure"
    assert TOKEN not in done.said


def test_what_cannot_be_delivered_ends_in_5_and_the_rest_is_delivered(folder: Path) -> None:
    with github(folder) as (hub, environ), answering(lambda _: (200, "ok", {})) as slack:
        hub.pulls = []  # not found at all
        more = {"PERF_SLACK_WEBHOOK": f"{slack.url}/services/secret-word",
                "PERF_SLACK_HOST": "127.0.0.1"}  # fmt: skip
        done = perf(folder, "pass.json.gz", "--github", "--slack", **environ, **more)
    assert done.code == 5, done.said
    assert "the verdict stands" in done.err
    assert "slack: sent" in done.err
    assert "secret-word" not in done.said
    assert len(slack.asked) == 1


def test_a_closed_pull_request_is_nothing_to_do(folder: Path) -> None:
    with github(folder) as (hub, environ):
        hub.pulls[0]["state"] = "closed"
        done = perf(folder, "pass.json.gz", "--github", **environ)
    assert done.code == 0, done.said
    assert "closed, or moved on; nothing to do" in done.err
    assert hub.comments == {}


def test_without_a_token_nothing_is_tried(folder: Path) -> None:
    with github(folder) as (hub, environ):
        done = perf(folder, "pass.json.gz", "--github", **{**environ, "GITHUB_TOKEN": ""})
    assert done.code == 5
    assert "GITHUB_TOKEN: is not set" in done.err
    assert hub.calls == []


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "gr\u00fcn", "tab\there"])
def test_a_token_with_blanks_in_it_is_refused(folder: Path, token: str) -> None:
    with github(folder) as (hub, environ):
        done = perf(folder, "pass.json.gz", "--github", **{**environ, "GITHUB_TOKEN": token})
    assert done.code == 5
    assert "GITHUB_TOKEN: blanks or odd characters" in done.err
    assert token not in done.said
    assert hub.calls == []


def test_a_push_has_no_pull_request_and_that_is_no_failure(folder: Path) -> None:
    with github(folder) as (hub, environ):
        done = perf(folder, "pass.json.gz", "--github", **{**environ, "GITHUB_EVENT_NAME": "push"})
    assert done.code == 0
    assert "no pull request in a push event" in done.err
    assert hub.comments == {}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing.json.gz"], "no such file"),
        (["event.json"], "is missing"),
        (["pass.json.gz", "--check", "x"], "belong to --github"),
        (["pass.json.gz", "--github"], "GITHUB_EVENT_NAME"),
        (["pass.json.gz", "--gitlab"], "CI_PROJECT_ID"),
        (["latest"], "no run is stored"),
    ],
)
def test_what_is_unusable_ends_in_2(folder: Path, arguments: list[str], says: str) -> None:
    done = perf(folder, *arguments, GITHUB_EVENT_NAME="", CI_PROJECT_ID="")
    assert done.code == 2, done.said
    assert says in done.err
    assert "Traceback" not in done.said


def test_a_webhook_of_another_host_is_not_called(folder: Path) -> None:
    done = perf(folder, "pass.json.gz", "--slack", PERF_SLACK_WEBHOOK="https://evil.example/x")
    assert done.code == 5
    assert "another host" in done.err


def test_a_bomb_is_not_unpacked(folder: Path) -> None:
    (folder / "bomb.json.gz").write_bytes(pack(b" " * (65 * 1024 * 1024)))
    done = perf(folder, "bomb.json.gz", "--github")
    assert done.code == 2
    assert "unpacks to more than" in done.err
