"""Notes of a merge request: the same one comment, by GitLab's own rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from fakes.answers import Answer, Asked, answering
from fakes.github import FakeClock
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
NOTES = "/projects/12/merge_requests/3/notes"
ME, OTHER = 5, 6


class Fake:
    """Notes with authors, two to a page."""

    def __init__(self) -> None:
        self.notes: dict[int, dict[str, object]] = {}
        self.refuses = 0

    def add(self, text: str, who: int) -> int:
        identity = len(self.notes) + 1
        self.notes[identity] = {"id": identity, "body": text, "author": {"id": who}}
        return identity

    def __call__(self, asked: Asked) -> Answer:
        if self.refuses:
            return self.refuses, {"message": "403 Forbidden"}, {}
        if asked.path == "/user":
            return 200, {"id": ME}, {}
        body = asked.body if isinstance(asked.body, dict) else {}
        if asked.method == "POST":
            return 201, self.notes[self.add(str(body["body"]), ME)], {}
        if found := re.fullmatch(NOTES + r"/(\d+)", asked.path):
            note = self.notes.get(int(found[1]))
            if note is None:
                return 404, {}, {}
            if asked.method == "DELETE":
                del self.notes[int(found[1])]
                return 200, {}, {}
            note["body"] = body["body"]
            return 200, note, {}
        page = int(asked.path.rpartition("page=")[2])
        items = list(self.notes.values())
        more = str(page + 1) if len(items) > 2 * page else ""
        return 200, items[2 * page - 2 : 2 * page], {"X-Next-Page": more}


def notes(server: Server) -> Notes:
    clock = FakeClock()
    api = Api(
        base=server.url, headers=headers("secret", "0"), redactor=Redactor(["secret"]),
        clock=clock, sleep=clock.sleep,
    )  # fmt: skip
    return Notes(api=api, request=read_merge_request(ENVIRON), author=author(api))


def test_the_note_is_written_once_and_then_updated(view_of: Callable[[str], View]) -> None:
    fake = Fake()
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
    fake = Fake()
    with answering(fake) as server:
        thread = notes(server)
        post(thread, view_of("pass"), Context(), "0" * 16, (1, 1))
        fake.add(str(fake.notes[1]["body"]), ME)
        post(thread, view_of("regressed"), Context(), "0" * 16, (2, 1))
    assert len(fake.notes) == 1


def test_a_token_that_may_not_write_is_said(view_of: Callable[[str], View]) -> None:
    fake = Fake()
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
