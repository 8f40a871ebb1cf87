"""GitLab: the one note of a merge request, by the same rules as a comment on GitHub."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_documents.errors import UsageError
from perf_reports.delivery.event import run_page
from perf_reports.delivery.http import DeliveryError
from perf_reports.delivery.marker import MOST_DIGITS
from perf_reports.delivery.sticky import Comment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from perf_reports.delivery.answer import Answer
    from perf_reports.delivery.http import Api

MOST_PAGES = 50
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRequest:
    """What a pipeline runs for.

    Attributes
    ----------
    project, number : str
        Numbers of the project and, inside it, of the merge request.
    head_sha : str
        Commit that was measured.
    order : tuple of int
        Number of the pipeline and of the job.
    job, page : str
        Name and address of the job.
    """

    project: str
    number: str
    head_sha: str
    order: tuple[int, int]
    job: str
    page: str


def read_merge_request(environ: Mapping[str, str]) -> MergeRequest:
    """Merge request of a pipeline.

    Raises
    ------
    UsageError
        If the pipeline belongs to none.
    """
    project, number = environ.get("CI_PROJECT_ID", ""), environ.get("CI_MERGE_REQUEST_IID", "")
    for name, value in (("CI_PROJECT_ID", project), ("CI_MERGE_REQUEST_IID", number)):
        if not (value.isascii() and value.isdecimal()):
            raise UsageError(
                f"{name}: {value[:40]!r}; expected a number, as in a pipeline of a merge request "
                "(rules: - if: $CI_PIPELINE_SOURCE == 'merge_request_event')"
            )
    # in a merged-results pipeline the checked-out commit is not the branch's own
    sha = environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environ.get("CI_COMMIT_SHA", "")
    return MergeRequest(
        project=project,
        number=number,
        head_sha=sha,
        order=(_number(environ, "CI_PIPELINE_IID"), _number(environ, "CI_JOB_ID")),
        job=environ.get("CI_JOB_NAME", ""),
        page=run_page({"CI_JOB_URL": environ.get("CI_JOB_URL", "")}),
    )


def headers(token: str, version: str) -> dict[str, str]:
    """Headers of every call."""
    return {"PRIVATE-TOKEN": token, "User-Agent": f"perfproof/{version}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """Notes of one merge request, as a `Thread`."""

    api: Api
    request: MergeRequest
    author: int

    @property
    def _path(self) -> str:
        return f"/projects/{self.request.project}/merge_requests/{self.request.number}/notes"

    def mine(self) -> list[Comment]:
        """Notes that this token wrote, all pages of them."""
        found: list[Comment] = []
        for item in self._pages():
            user, identity, text = item.get("author"), item.get("id"), item.get("body")
            mine = isinstance(user, dict) and user.get("id") == self.author
            if mine and isinstance(identity, int) and isinstance(text, str):
                found.append(Comment(identity=identity, text=text))
        return found

    def create(self, text: str) -> None:
        """Write a new one."""
        expect(self.api.call("POST", self._path, {"body": text}), f"POST {self._path}")

    def update(self, identity: int, text: str) -> bool:
        """Change one; False if it is gone."""
        path = f"{self._path}/{identity}"
        answer = self.api.call("PUT", path, {"body": text})
        if answer.status == _NOT_FOUND:
            return False
        expect(answer, f"PUT {path}")
        return True

    def delete(self, identity: int) -> None:
        """Remove one; fine if it is gone."""
        path = f"{self._path}/{identity}"
        answer = self.api.call("DELETE", path)
        if answer.status != _NOT_FOUND:
            expect(answer, f"DELETE {path}")

    def _pages(self) -> Iterator[dict[str, object]]:
        page = "1"
        for _ in range(MOST_PAGES):
            path = f"{self._path}?per_page=100&page={page}"
            answer = self.api.call("GET", path)
            found = expect(answer, f"GET {self._path}")
            if not isinstance(found, list):
                raise DeliveryError(f"GET {self._path}: expected a list")
            yield from (item for item in found if isinstance(item, dict))
            page = answer.headers.get("x-next-page", "")
            if not page.isdecimal():
                return
        raise DeliveryError(f"more than {MOST_PAGES} pages of notes; nothing was posted")


def author(api: Api) -> int:
    """Number of the token's user."""
    body = expect(api.call("GET", "/user"), "GET /user")
    if isinstance(body, dict) and isinstance(body.get("id"), int):
        return int(body["id"])
    raise DeliveryError("GET /user: expected an id; next: give a token with the scope api")


def expect(answer: Answer, what: str) -> object:
    """Body of a successful answer.

    Raises
    ------
    DeliveryError
        If it is none.
    """
    if answer.is_ok:
        return answer.body
    detail = f" ({answer.message})" if answer.message else ""
    raise DeliveryError(
        f"{what}: {answer.status}{detail}; expected a token with the scope api (a job's own "
        "token cannot write notes); next: set GITLAB_TOKEN"
    )


def _number(environ: Mapping[str, str], name: str) -> int:
    text = environ.get(name, "")
    is_number = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    return int(text) if is_number else 0
