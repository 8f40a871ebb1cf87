"""Where a summary is delivered: the environment of a job, turned into calls of `delivery`."""

from __future__ import annotations

import importlib.metadata
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from perf_cli.wiring import history_of
from perf_documents.errors import PerfError
from perf_documents.files import read_bounded
from perf_documents.redact import Redactor, secrets_of
from perf_loadtests.workspace import Workspace
from perf_reports.comment import Context
from perf_reports.delivery import event as events
from perf_reports.delivery import github, gitlab, slack
from perf_reports.delivery.http import Api, DeliveryError
from perf_reports.delivery.marker import key_of
from perf_reports.delivery.posting import post

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_documents.run import Run
    from perf_reports.delivery.event import Event
    from perf_reports.parts import View

GITHUB_API, GITLAB_API = "https://api.github.com", "https://gitlab.com/api/v4"
SLACK_HOST = "hooks.slack.com"
WEBHOOK = "PERF_SLACK_WEBHOOK"
_SECRETS = ("GITHUB_TOKEN", "GITLAB_TOKEN", WEBHOOK)
_RECENT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What is delivered, and what a person said about it.

    Attributes
    ----------
    label : str
        Tells comments of a matrix apart.
    author : str
        Login that the token writes as, where it is neither a person nor `github-actions[bot]`.
    check : str
        Name of a check run to write on the commit; empty for none.
    remark : str
        What a reader must know of the comparison.
    """

    run: Run
    view: View
    environ: Mapping[str, str]
    label: str = ""
    author: str = ""
    check: str = ""
    remark: str = ""

    def to_github(self) -> str:
        """Write or update the comment, and the check run; what became of it."""
        environ = self.environ
        path = environ.get("GITHUB_EVENT_PATH", "")
        payload = read_bounded(Path(path), events.MOST_BYTES, follow=True) if path else b""
        event = events.read_event(environ, payload)
        base = environ.get("GITHUB_API_URL") or GITHUB_API
        token = self._token("GITHUB_TOKEN", "a token with pull-requests: write")
        api = self._api(base, github.headers(token, _version()))
        said, failed = [], []
        for step in (self._comment, self._check_run):
            try:
                said.append(step(api, event))
            except DeliveryError as error:  # each on its own: neither keeps the other from its way
                failed.append(str(error))
        if failed:
            raise DeliveryError("; ".join(filter(None, [*failed, *said])))
        return "; ".join(filter(None, said))

    def _check_run(self, api: Api, event: Event) -> str:
        if not self.check:
            return ""
        github.check_run(
            api, event, name=self.check, exit_code=self.view.exit_code,
            title=f"{self.view.glyph} {self.view.word}", text=self.view.headline,
        )  # fmt: skip
        return f"check run {self.check} written"

    def _comment(self, api: Api, event: Event) -> str:
        if not event.has_pull_request:
            name = self.environ.get("GITHUB_EVENT_NAME", "")
            return f"no pull request in a {name} event, so no comment"
        number = github.find_pull_request(api, event)
        if number is None:
            head = event.head_sha[:7]
            return f"no open pull request has the head {head}: closed, or moved on; nothing to do"
        thread = github.PullRequest(
            api=api, repository=event.repository, number=number,
            author=github.author(api, self.author),
        )  # fmt: skip
        key = key_of(
            event.repository_id, str(number), event.workflow, event.job, self.label,
            self.view.profile, self.view.target,
        )  # fmt: skip
        context = Context(commit=event.head_sha, report_url=event.run_url, remark=self.remark)
        return post(thread, self.view, context, key, event.order)

    def to_gitlab(self) -> str:
        """Write or update the note; what became of it."""
        request = gitlab.read_merge_request(self.environ)
        token = self._token("GITLAB_TOKEN", "a token with the scope api")
        base = self.environ.get("CI_API_V4_URL") or GITLAB_API
        api = self._api(base, gitlab.headers(token, _version()))
        thread = gitlab.Notes(api=api, request=request, author=gitlab.author(api))
        key = key_of(
            request.project, request.number, request.job, self.label, self.view.profile,
            self.view.target,
        )  # fmt: skip
        context = Context(commit=request.head_sha, report_url=request.page, remark=self.remark)
        return post(thread, self.view, context, key, request.order)

    def to_slack(self) -> str:
        """Send the message, if the verdict of this profile has changed; what became of it."""
        if self._is_unchanged():
            return f"slack: still {self.view.word}, as the run before: nothing was sent"
        url = self._token(WEBHOOK, "the address of an incoming webhook")
        wanted = self.environ.get("PERF_SLACK_HOST") or SLACK_HOST
        try:
            parts = urlsplit(url)
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            # the address is a secret, so it is not shown
            raise DeliveryError(
                f"{WEBHOOK}: is no address; expected https://{wanted}/..."
            ) from None
        if parts.hostname != wanted:
            raise DeliveryError(f"{WEBHOOK}: another host; expected https://{wanted}/...")
        api = self._api(f"{parts.scheme}://{parts.hostname}{port}", {})
        slack.send(api, parts.path, self.view, events.run_page(self.environ))
        return "slack: sent"

    def _is_unchanged(self) -> bool:
        """Whether the run before this one, of the same profile and environment, ended alike."""
        history = history_of(Workspace(Path.cwd()))
        try:
            profile, environment = self.run.plan.profile, self.run.target.environment
            records = history.list(_RECENT, profile, environment)
        except PerfError:
            return False  # nothing is known of a run before
        earlier = [one for one in records if one.started_at < self.run.started_at]
        return bool(earlier) and earlier[0].verdict is self.view.verdict

    def _token(self, name: str, what: str) -> str:
        value = self.environ.get(name, "").strip()
        if not value:
            raise DeliveryError(f"{name}: is not set; expected {what}; next: set it in this step")
        if not value.isascii() or not value.isprintable() or " " in value:
            raise DeliveryError(f"{name}: blanks or odd characters in it; expected {what}")
        return value

    def _api(self, base: str, headers: Mapping[str, str]) -> Api:
        return Api(
            base=base,
            headers=headers,
            redactor=redactor_of(self.environ),
            clock=time.monotonic,
            sleep=time.sleep,
            ca_file=self.environ.get("PERF_CA_FILE", ""),
            proxy=self.environ.get("PERF_PROXY", ""),
        )


def redactor_of(environ: Mapping[str, str]) -> Redactor:
    """Redactor that knows the secrets of this environment."""
    given = {environ.get(name, "").strip() for name in _SECRETS} - {""}
    return Redactor(given | secrets_of(environ))


def _version() -> str:
    return importlib.metadata.version("perfproof")
