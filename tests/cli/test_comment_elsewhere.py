"""`perf comment` to GitLab and Slack, as a job calls it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from commands import PERF, Done, environment
from fakes.answers import answering
from fakes.gitlab import FakeGitLab
from perf_baselines.history import open_history
from perf_documents.codec import dump_run
from perf_documents.strict_json import pack
from situation_runs import situation_run
from situations import SITUATIONS

if TYPE_CHECKING:
    from pathlib import Path

PIPELINE = {
    "CI_PROJECT_ID": "12", "CI_MERGE_REQUEST_IID": "3", "CI_COMMIT_SHA": "b" * 40,
    "CI_PIPELINE_IID": "9", "CI_JOB_ID": "12345678901", "CI_JOB_NAME": "perf",
    "CI_JOB_URL": "https://gitlab.example/x/-/jobs/77", "GITLAB_TOKEN": "secret-of-gitlab",
}  # fmt: skip


def perf(folder: Path, *arguments: str, **environ: str) -> Done:
    ended = subprocess.run(
        [*PERF, "comment", *arguments], cwd=folder, env={**environment(), **environ},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return Done(ended.returncode, ended.stdout, ended.stderr)


def test_the_note_of_a_merge_request_is_written_once(tmp_path: Path) -> None:
    for name in ("pass", "regressed"):
        data = dump_run(situation_run(SITUATIONS[name]))
        (tmp_path / f"{name}.json.gz").write_bytes(pack(data))
    fake = FakeGitLab()
    with answering(fake) as server:
        environ = {**PIPELINE, "CI_API_V4_URL": server.url}
        first = perf(tmp_path, "pass.json.gz", "--gitlab", **environ)
        environ["CI_PIPELINE_IID"] = "10"
        second = perf(tmp_path, "regressed.json.gz", "--gitlab", **environ)
        fake.refuses = 403
        refused = perf(tmp_path, "pass.json.gz", "--gitlab", **environ)
    assert (first.code, second.code, refused.code) == (0, 0, 5), second.said
    assert "comment written" in first.err
    assert "comment updated" in second.err
    assert "scope api" in refused.err
    (note,) = fake.notes.values()
    assert "### ✗ FAIL: " in str(note["body"])
    assert "[report and log](https://gitlab.example/x/-/jobs/77)" in str(note["body"])
    assert "secret-of-gitlab" not in first.said + second.said + refused.said


@pytest.mark.parametrize(("before", "sends"), [("pass", False), ("regressed", True)])
def test_slack_is_told_of_a_change_of_the_verdict_alone(
    tmp_path: Path, before: str, *, sends: bool
) -> None:
    history = open_history("history", tmp_path / ".perf", lambda _: None)
    history.open_for_writing()
    days = {"20260301-120000-a1b2c3": before, "20260302-120000-a1b2c3": "pass"}
    for day, (run_id, name) in enumerate(days.items(), start=1):
        run = situation_run(SITUATIONS[name])
        at = f"2026-03-0{day}T12:00:00.000Z"
        history.store(replace(run, run_id=run_id, started_at=at))
    with answering(lambda _: (200, "ok", {})) as slack:
        done = perf(
            tmp_path, "latest", "--slack", PERF_SLACK_WEBHOOK=f"{slack.url}/services/word",
            PERF_SLACK_HOST="127.0.0.1",
        )  # fmt: skip
    assert done.code == 0, done.said
    assert len(slack.asked) == sends
    assert ("slack: sent" if sends else "still PASS") in done.err
    if sends:
        assert "PASS" in json.dumps(slack.asked[0].body)
