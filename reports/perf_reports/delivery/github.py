"""GitHub: who the pull request is, its comments, and a check run on the commit."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from perf_documents.redact import visible
from perf_reports.delivery.http import DeliveryError, WaitedError
from perf_reports.delivery.sticky import Comment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from perf_reports.delivery.answer import Answer
    from perf_reports.delivery.event import Event
    from perf_reports.delivery.http import Api

VERSION = "2022-11-28"
BOT = "github-actions[bot]"
MOST_PAGES = 50
_LEAST_TEXT = 65_000
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _GONE, _UNPROCESSABLE = 401, 403, 404, 410, 422
CONCLUSIONS = {0: "success", 1: "failure", 70: "failure", 129: "cancelled", 130: "cancelled",
               143: "cancelled"}  # fmt: skip


class TooLongError(DeliveryError):
    """The server found the text too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who writes with this token."""

    login: str
    kind: str

    def wrote(self, item: Mapping[str, object]) -> bool:
        """Whether a comment is theirs; comments without an author are nobody's."""
        user = item.get("user")
        if not isinstance(user, dict):
            return False
        return user.get("login") == self.login and (not self.kind or user.get("type") == self.kind)


def headers(token: str, version: str) -> dict[str, str]:
    """Headers of every call."""
    return {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": VERSION,
        "User-Agent": f"perfproof/{version}",
    }


def author(api: Api, login: str = "") -> Author:
    """Identity of the token: the one that was named, the person's, or that of GitHub Actions.

    A token of an installation has no `/user`; `GITHUB_TOKEN` writes as `github-actions[bot]`.
    """
    if login:
        return Author(login=login, kind="")
    answer = api.call("GET", "/user")
    if answer.is_ok and isinstance(answer.body, dict) and isinstance(answer.body.get("login"), str):
        return Author(login=answer.body["login"], kind="")
    # any other 403 says nothing of who it is, and a wrong guess would make a second comment
    is_installation = answer.status == _FORBIDDEN and "not accessible" in answer.message
    if is_installation or answer.status == _NOT_FOUND:
        return Author(login=BOT, kind="Bot")
    raise _refused(answer, "GET /user")


def find_pull_request(api: Api, event: Event) -> int | None:
    """Number of the open pull request whose head is the commit that was measured.

    None where there is none: it was closed, or its branch has moved on.
    """
    if event.number is not None and event.head_repository is None:
        path = f"/repos/{event.repository}/pulls/{event.number}"
        pull = expect(api.call("GET", path), path)
        is_open = isinstance(pull, dict) and pull.get("state") == "open"
        return event.number if is_open else None
    owner = (event.head_repository or event.repository).partition("/")[0]
    # a branch that is no text is nobody's; the answer shows whose the head is
    branch = quote(event.head_branch, safe="", errors="replace")
    head = f"{quote(owner, safe='')}:{branch}"
    path = f"/repos/{event.repository}/pulls?state=open&head={head}&per_page=100"
    for pull in pages(api, path):
        found = pull.get("head")
        if not isinstance(found, dict) or not isinstance(pull.get("number"), int):
            continue
        repository = found.get("repo")
        name = repository.get("full_name") if isinstance(repository, dict) else None
        if found.get("sha") == event.head_sha and name == event.head_repository:
            return int(str(pull["number"]))
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """Comments of one pull request, as a `Thread`."""

    api: Api
    repository: str
    number: int
    author: Author

    def mine(self) -> list[Comment]:
        """Comments that this token wrote, all pages of them."""
        path = f"/repos/{self.repository}/issues/{self.number}/comments?per_page=100"
        found: list[Comment] = []
        for item in pages(self.api, path):
            identity, text = item.get("id"), item.get("body")
            if self.author.wrote(item) and isinstance(identity, int) and isinstance(text, str):
                found.append(Comment(identity=identity, text=text))
        return found

    def create(self, text: str) -> None:
        """Write a new one; taken back if it turns out to be written as somebody else.

        A comment that is not found again as our own would get a new one beside it at each run.
        """
        path = f"/repos/{self.repository}/issues/{self.number}/comments"
        made = expect(self.api.call("POST", path, {"body": text}), f"POST {path}")
        user = made.get("user") if isinstance(made, dict) else None
        if not isinstance(made, dict) or not isinstance(user, dict) or self.author.wrote(made):
            return  # what an answer leaves out is seen by who reads it back
        left = "a comment of it was left there"
        with suppress(DeliveryError):
            self.delete(_number(made.get("id")))
            left = "nothing was left there"
        writer = visible(str(user.get("login")), 80)
        raise DeliveryError(
            f"the token writes as {writer}, not as {self.author.login}; {left}; "
            f"next: --author '{writer}'"
        )

    def update(self, identity: int, text: str) -> bool:
        """Change one; False if it is gone."""
        path = f"/repos/{self.repository}/issues/comments/{identity}"
        answer = self.api.call("PATCH", path, {"body": text})
        if answer.status == _NOT_FOUND:
            return False
        expect(answer, f"PATCH {path}")
        return True

    def delete(self, identity: int) -> None:
        """Remove one; fine if it is gone."""
        path = f"/repos/{self.repository}/issues/comments/{identity}"
        answer = self.api.call("DELETE", path)
        if answer.status != _NOT_FOUND:
            expect(answer, f"DELETE {path}")


def check_run(api: Api, event: Event, *, name: str, exit_code: int, title: str, text: str) -> None:
    """Write a completed check run on the commit that was measured.

    Neutral and skipped would satisfy a required check: whatever is not proven asks for action.
    """
    path = f"/repos/{event.repository}/check-runs"
    what = f"POST {path}"
    output = {"title": title[:255], "summary": text[:_LEAST_TEXT]}
    body = {
        "name": name, "head_sha": event.head_sha, "status": "completed",
        "conclusion": CONCLUSIONS.get(exit_code, "action_required"), "output": output,
    }  # fmt: skip
    if event.run_url:
        body["details_url"] = event.run_url
    try:
        answer = api.call("POST", path, body)
    except WaitedError:
        answer = api.call("POST", path, body)
    expect(answer, what, needs="checks: write")


def _number(found: object) -> int:
    if isinstance(found, int) and not isinstance(found, bool):
        return found
    raise DeliveryError("an id that is no number")


def pages(api: Api, path: str, inside: str = "") -> Iterator[dict[str, object]]:
    """Items of a list, all pages of it; `inside` names the field that holds them, if one does.

    Raises
    ------
    DeliveryError
        If it is no list, refused, or longer than `MOST_PAGES`.
    """
    page: str | None = path
    what = f"GET {path.partition('?')[0]}"
    for _ in range(MOST_PAGES):
        if page is None:
            return
        answer = api.call("GET", page)
        found = expect(answer, what)
        if inside:
            found = found.get(inside) if isinstance(found, dict) else None
        if not isinstance(found, list):
            raise DeliveryError(f"{what}: expected a list")
        yield from (item for item in found if isinstance(item, dict))
        page = api.next_page(answer)
    if page is not None:
        raise DeliveryError(f"{what}: more than {MOST_PAGES} pages; nothing was written")


def expect(answer: Answer, what: str, needs: str = "pull-requests: write") -> object:
    """Body of an answer that says yes.

    Raises
    ------
    DeliveryError
        With what the server said, and which permission it asks for.
    """
    if answer.is_ok:
        return answer.body
    raise _refused(answer, what, needs)


def _refused(answer: Answer, what: str, needs: str = "") -> DeliveryError:
    said = f"{what}: {answer.status}"
    detail = f" ({answer.message})" if answer.message else ""
    match answer.status:
        case _ if answer.status == _UNPROCESSABLE and "too long" in answer.text:
            return TooLongError(f"{said}: the text is too long")
        case _ if answer.status == _UNAUTHORIZED:
            return DeliveryError(f"{said}{detail}; next: give a token that is valid, GITHUB_TOKEN")
        case _ if answer.status == _FORBIDDEN:
            return DeliveryError(
                f"{said}{detail}; expected permission {needs or 'to read'} (a fork has none: "
                "perfproof init --ci github --forks writes the pair of workflows for that)"
            )
        case _ if answer.status in {_NOT_FOUND, _GONE}:
            return DeliveryError(f"{said}{detail}; next: see whether it still exists")
        case _:
            return DeliveryError(f"{said}{detail}")
