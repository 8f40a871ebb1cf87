"""What happened on the host: which commit, which pull request, which run of which workflow."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_documents.errors import UsageError
from perf_reports.delivery.marker import MOST_DIGITS

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES = 16 * 1024 * 1024
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,99}/[\w.-]{1,100}", re.ASCII)
# up to the first @: the ref behind it changes, and may hold one itself
_WORKFLOW = re.compile(r"[^/]+/[^/]+/(.+?)@")
_PAGE = re.compile(r"https://[\w.:-]+(/[\w.-]+)*", re.ASCII)
_WITHOUT_PULL_REQUEST = frozenset({
    "push", "schedule", "workflow_dispatch", "merge_group", "workflow_call", "release", "create",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a workflow runs for.

    Attributes
    ----------
    repository, repository_id : str
        `owner/name`, and its number.
    head_sha : str
        Commit that was measured, never the merge commit.
    number : int or None
        Pull request; None where there is none, or where it must be looked up.
    head_repository, head_branch : str or None, str
        Where the commit comes from, for the look-up.
    order : tuple of int
        Number of the run and its attempt.
    workflow, job : str
        File of the workflow and id of the job that measured.
    run_url : str
        Page of that run.
    """

    repository: str
    repository_id: str
    head_sha: str
    number: int | None
    head_repository: str | None
    head_branch: str
    order: tuple[int, int]
    workflow: str
    job: str
    run_url: str

    @property
    def has_pull_request(self) -> bool:
        """Whether there can be a pull request to comment on."""
        return self.number is not None or self.head_repository is not None


def read_event(environ: Mapping[str, str], payload: bytes) -> Event:
    """Event of a GitHub workflow.

    Parameters
    ----------
    environ : mapping
        What the runner sets.
    payload : bytes
        Of the file at `GITHUB_EVENT_PATH`.

    Raises
    ------
    UsageError
        If it is no event that a comment can belong to.
    """
    name = environ.get("GITHUB_EVENT_NAME", "")
    document = _parsed(payload)
    match name:
        case "pull_request":
            return _of_pull_request(environ, document)
        case "workflow_run":
            return _of_workflow_run(environ, document)
        case _ if name in _WITHOUT_PULL_REQUEST:
            sha = str(environ.get("GITHUB_SHA", ""))
            group = document.get("merge_group")
            if isinstance(group, dict):
                sha = str(group.get("head_sha", ""))
            return _event(environ, sha)
        case "pull_request_target":
            raise UsageError(
                "GITHUB_EVENT_NAME: pull_request_target runs foreign code with this repository's "
                "rights; expected pull_request, or workflow_run after it; next: perfproof init "
                "--ci github --forks"
            )
        case _:
            raise UsageError(
                f"GITHUB_EVENT_NAME: {name[:40]!r}; expected pull_request, workflow_run, push, "
                "schedule, workflow_dispatch or merge_group"
            )


def _parsed(payload: bytes) -> Mapping[str, object]:
    """What GitHub wrote: JSON of its own form, whose fields are checked one by one."""
    try:
        found = json.loads(payload) if payload else {}
    except (ValueError, RecursionError) as error:
        raise UsageError("GITHUB_EVENT_PATH: is not JSON") from error
    return found if isinstance(found, dict) else {}


def _of_pull_request(environ: Mapping[str, str], document: Mapping[str, object]) -> Event:
    pull = document.get("pull_request")
    head = pull.get("head") if isinstance(pull, dict) else None
    if not isinstance(pull, dict) or not isinstance(head, dict):
        raise UsageError("GITHUB_EVENT_PATH: no pull_request with a head in it")
    number = pull.get("number")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise UsageError("GITHUB_EVENT_PATH: pull_request.number: expected a number")
    return _event(environ, str(head.get("sha", "")), number=number)


def _of_workflow_run(environ: Mapping[str, str], document: Mapping[str, object]) -> Event:
    """Event of the workflow that measured; the number of its pull request is never taken from it.

    For forks GitHub leaves it out, and whatever an artifact says of it is foreign.
    """
    run = document.get("workflow_run")
    repository = run.get("head_repository") if isinstance(run, dict) else None
    if not isinstance(run, dict) or not isinstance(repository, dict):
        raise UsageError("GITHUB_EVENT_PATH: no workflow_run with a head_repository in it")
    name = str(repository.get("full_name", ""))
    if not _REPOSITORY.fullmatch(name):
        raise UsageError("GITHUB_EVENT_PATH: workflow_run.head_repository.full_name: owner/name")
    measured = run.get("event") == "pull_request"
    return _event(
        {
            **environ,
            "GITHUB_RUN_ID": str(run.get("id", "")),
            "GITHUB_RUN_NUMBER": str(run.get("run_number", "")),
            "GITHUB_RUN_ATTEMPT": str(run.get("run_attempt", "")),
            "GITHUB_WORKFLOW_REF": f"x/x/{run.get('path', '')}@x",
        },
        str(run.get("head_sha", "")),
        head_repository=name if measured else None,
        head_branch=str(run.get("head_branch", "")),
    )


def _event(
    environ: Mapping[str, str],
    sha: str,
    *,
    number: int | None = None,
    head_repository: str | None = None,
    head_branch: str = "",
) -> Event:
    repository = environ.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(repository) or repository.endswith(("/.", "/..")):
        raise UsageError(f"GITHUB_REPOSITORY: {repository[:80]!r}; expected owner/name")
    if not _SHA.fullmatch(sha):
        raise UsageError(f"commit of the event: {sha[:80]!r}; expected 40 hexadecimal digits")
    workflow = _WORKFLOW.match(environ.get("GITHUB_WORKFLOW_REF", ""))
    return Event(
        repository=repository,
        repository_id=environ.get("GITHUB_REPOSITORY_ID", ""),
        head_sha=sha,
        number=number,
        head_repository=head_repository,
        head_branch=head_branch,
        order=(_number(environ, "GITHUB_RUN_NUMBER"), _number(environ, "GITHUB_RUN_ATTEMPT")),
        workflow=workflow[1] if workflow else "",
        job=environ.get("GITHUB_JOB", ""),
        run_url=run_page(environ),
    )


def run_page(environ: Mapping[str, str]) -> str:
    """Page of a job's run, on GitHub or GitLab; empty where unknown, or where it ends a link."""
    page = environ.get("CI_JOB_URL", "")
    if environ.get("GITHUB_RUN_ID"):
        server, repository = environ.get("GITHUB_SERVER_URL"), environ.get("GITHUB_REPOSITORY")
        page = f"{server}/{repository}/actions/runs/{environ['GITHUB_RUN_ID']}"
    return page if _PAGE.fullmatch(page) else ""


def _number(environ: Mapping[str, str], name: str) -> int:
    text = environ.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        raise UsageError(f"{name}: {text[:40]!r}; expected a number")
    return int(text)
