"""Notes of a merge request: the same one comment, by GitLab's own rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.answers import answering
from fakes.github import FakeClock
from fakes.gitlab import ME, OTHER, FakeGitLab
from perf_documents.errors import UsageError
from perf_documents.redact import Redactor
from perf_reports.comment import Context
from perf_reports.delivery.gitlab import MergeRequest, Notes, author, headers, read_merge_request
from perf_reports.delivery.http import Api, DeliveryError
from perf_reports.delivery.posting import post

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakes.answers import Server
    from perf_reports.parts import View

ENVIRON = {
    "CI_PROJECT_ID": "12", "CI_MERGE_REQUEST_IID": "3", "CI_COMMIT_SHA": "b" * 40,
    "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "a" * 40, "CI_PIPELINE_IID": "9",
    "CI_JOB_ID": "12345678901", "CI_JOB_NAME": "perf", "CI_JOB_URL": "https://gitlab.example/x/-/jobs/77",
}  # fmt: skip


def notes(server: Server) -> Notes:
    clock = FakeClock()
    api = Api(
        base=server.url, headers=headers("secret", "0"), redactor=Redactor(["secret"]),
        clock=clock, sleep=clock.sleep,
    )  # fmt: skip
    return Notes(api=api, request=read_merge_request(ENVIRON), author=author(api))


def test_the_note_is_written_once_and_then_updated(view_of: Callable[[str], View]) -> None:
    fake = FakeGitLab()
    for text in ("one", "two", "three"):
        fake.add(text, OTHER)
    with answering(fake) as server:
        for number, name in enumerate(("pass", "regressed", "pass"), start=1):
            order = (number, 12_345_678_901)  # as on gitlab.com
            post(notes(server), view_of(name), Context(), "0" * 16, order)
        assert server.asked[0].headers["PRIVATE-TOKEN"] == "secret"
    mine = [note for note in fake.notes.values() if note["author"] == {"id": ME}]
    assert len(mine) == 1
    assert "### ✓ PASS" in str(mine[0]["body"])
    assert [note["body"] for note in fake.notes.values()][:3] == ["one", "two", "three"]


def test_a_second_note_of_ours_is_removed(view_of: Callable[[str], View]) -> None:
    fake = FakeGitLab()
    with answering(fake) as server:
        thread = notes(server)
        post(thread, view_of("pass"), Context(), "0" * 16, (1, 1))
        fake.add(str(fake.notes[1]["body"]), ME)
        post(thread, view_of("regressed"), Context(), "0" * 16, (2, 1))
    assert len(fake.notes) == 1


def test_a_token_that_may_not_write_is_said(view_of: Callable[[str], View]) -> None:
    fake = FakeGitLab()
    with answering(fake) as server:
        thread = notes(server)
        fake.refuses = 403
        with pytest.raises(DeliveryError, match="scope api"):
            post(thread, view_of("pass"), Context(), "0" * 16, (1, 1))


def test_the_commit_is_the_branch_s_own() -> None:
    assert read_merge_request(ENVIRON) == MergeRequest(
        project="12", number="3", head_sha="a" * 40, order=(9, 12_345_678_901), job="perf",
        page="https://gitlab.example/x/-/jobs/77",
    )  # fmt: skip
    plain = {**ENVIRON, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": ""}
    assert read_merge_request(plain).head_sha == "b" * 40


@pytest.mark.parametrize("name", ["CI_PROJECT_ID", "CI_MERGE_REQUEST_IID"])
def test_a_pipeline_without_a_merge_request_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        read_merge_request({**ENVIRON, name: "../1"})
