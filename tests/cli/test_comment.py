"""`perf comment`: its exit code speaks of delivery alone."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from commands import PERF, Done, environment
from fakes.answers import answering
from fakes.github import HEAD, REPOSITORY, TOKEN, FakeGitHub, Fault, serving
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
        assert "comment written; check run perf written" in done.err
        again = perf(folder, "regressed.json.gz", "--github", **environ)
        assert "the comment says so already" in again.err
        other = perf(folder, "regressed.json.gz", "--github", "--label", "arm", **environ)
        assert "comment written" in other.err
    first, second = hub.comments.values()
    assert "Its figures are as stored" in (first.body or "")
    assert "### ✗ FAIL" in (first.body or "")
    assert (first.body or "").partition("\n")[0] != (second.body or "").partition("\n")[0]
    assert "actions/runs/1000" in (first.body or "")
    assert hub.checks[0]["conclusion"] == "failure"
    assert TOKEN not in done.said


def test_a_check_run_that_may_not_be_written_does_not_stop_the_comment(folder: Path) -> None:
    with github(folder) as (hub, environ):
        why = "Resource not accessible by integration"
        hub.faults = [Fault(status=403, message=why, at="/check-runs")]
        done = perf(folder, "pass.json.gz", "--github", "--check", "perf", **environ)
    assert done.code == 5, done.said
    assert "checks: write" in done.err
    assert "comment written" in done.err
    assert len(hub.comments) == 1


def test_secrets_of_this_job_leave_it_in_nothing(folder: Path) -> None:
    secret = "q7Zr-only-this-job-knows"  # noqa: S105  # opens nothing
    about = replace(SITUATIONS["regressed"], endpoints=(("GET", f"/login/{secret}", 0.02),))
    run = situation_run(about)
    assert run.judgement is not None
    row = replace(run.judgement.comparison.rows[0], label=f"GET /{secret}")
    compared = replace(run.judgement.comparison, rows=(row,), notes=(f"seen: {secret}",))
    run = replace(run, judgement=replace(run.judgement, comparison=compared))
    (folder / "planted.json.gz").write_bytes(pack(dump_run(run)))
    with github(folder) as (hub, environ), answering(lambda _: (200, "ok", {})) as slack:
        more = {"PERF_SLACK_WEBHOOK": f"{slack.url}/services/T0/B0/{secret}x",
                "PERF_SLACK_HOST": "127.0.0.1", "STAGING_TOKEN": secret}  # fmt: skip
        printed = perf(folder, "planted.json.gz", **environ, **more)
        done = perf(folder, "planted.json.gz", "--github", "--slack", **environ, **more)
    assert (printed.code, done.code) == (0, 0), done.said
    (stored,) = hub.comments.values()
    sent = json.dumps(slack.asked[0].body)
    assert "/&#42;&#42;&#42; rose" in printed.out
    assert "actions/runs/1000|report and log" in sent
    for text in (printed.said, done.said, stored.body or "", sent):
        assert secret not in text


@pytest.mark.parametrize("said", ["pass", "not judged"])
def test_a_verdict_that_a_document_claims_is_not_believed(folder: Path, said: str) -> None:
    document = json.loads(dump_run(situation_run(SITUATIONS["regressed"])))
    judgement = document["judgement"]
    judgement |= {"verdict": "pass", "exit_code": 0, "reason": "trust me"}
    judgement["comparison"] |= {"verdict": said, "sentence": "no regression", "mode": "advisory"}
    (folder / "lie.json.gz").write_bytes(pack(json.dumps(document).encode() + b"\n"))
    done = perf(folder, "lie.json.gz")
    assert done.code == 0, done.said
    assert done.out.startswith("### ✗ FAIL: ")
    assert "trust me" not in done.out
    assert "no regression" not in done.out


def test_a_run_that_was_never_judged_is_judged_now(folder: Path) -> None:
    rows = "".join(f"17623008{n:02d}.5,GET /x,0.01,1\n" for n in range(60))
    (folder / "samples.csv").write_text(f"timestamp_s,name,duration_s,ok\n{rows}")
    done = perf(folder, "samples.csv")
    assert done.code == 0, done.said
    assert done.out.startswith("### ? INCONCLUSIVE: ")
    assert "**Compared: ○ not judged" in done.out


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
        (["event.json"], "is of no format that is known"),
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


@pytest.mark.parametrize(
    ("address", "says"),
    [("https://evil.example/secret", "another host"), ("https://[secret", "no address"),
     ("https://hooks.slack.com:secret/x", "no address"), ("hooks.slack.com/secret", "another"),
     ("http://hooks.slack.com/secret", "expected an https address")],
)  # fmt: skip
def test_a_webhook_that_is_none_is_not_called(folder: Path, address: str, says: str) -> None:
    done = perf(folder, "pass.json.gz", "--slack", PERF_SLACK_WEBHOOK=address)
    assert done.code == 5, done.said
    assert says in done.err
    assert "secret" not in done.said
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("name", ["bomb.json.gz", "bomb.json"])
@pytest.mark.parametrize("is_packed", [True, False])
def test_a_bomb_is_not_unpacked(folder: Path, name: str, is_packed: bool) -> None:  # noqa: FBT001  # a case
    data = b" " * (65 * 1024 * 1024)
    (folder / name).write_bytes(pack(data) if is_packed else data)
    done = perf(folder, name, "--github")
    assert done.code == 2
    assert ("unpacks to more than" if is_packed else "at most 67108864 are read") in done.err


def test_a_large_artifact_is_not_read(folder: Path) -> None:
    (folder / "large.json.gz").write_bytes(b"\x1f\x8b" + bytes(8 * 1024 * 1024))
    done = perf(folder, "large.json.gz", "--slack")
    assert done.code == 2
    assert "at most 8,388,608 are delivered" in done.err


@pytest.mark.parametrize("event", ["missing.json", ".", "pass.json.gz"])
def test_an_event_that_is_no_file_of_json_ends_in_2(folder: Path, event: str) -> None:
    with github(folder) as (hub, environ):
        environ["GITHUB_EVENT_PATH"] = str(folder / event)
        done = perf(folder, "pass.json.gz", "--github", **environ)
    assert done.code == 2, done.said
    assert "Traceback" not in done.said
    assert hub.calls == []
