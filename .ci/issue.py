#!/usr/bin/env python3
"""The one issue of a scheduled check: opened, brought up to date, or closed when nothing is left.

`.ci/issue.py --label LABEL --title TITLE [--result JOB=RESULT]... FOLDER` takes the findings from
the files `*.md` of a folder; a job that did not succeed is a finding too, whatever it left there.
It is found again by its label, its author and a hidden first line, so that there is never a second
one, and no other issue is touched. Ends 0 when the issue says what was found, 5 when it could not.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from hub import REAL, Clock, Hub, hub_of
from perf_documents.errors import PerfError, UsageError
from perf_documents.files import read_bounded
from perf_reports.delivery import github
from perf_reports.delivery.event import run_page
from perf_reports.delivery.http import WaitedError
from perf_reports.delivery.marker import Marker, body_hash, key_of
from perf_reports.delivery.sticky import Comment, own, put

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perf_reports.delivery.http import Method

MOST_BYTES, MOST_TEXT = 1024 * 1024, 60_000
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Issues:
    """Open issues of one label, as a `Thread`: deleting one is closing it."""

    hub: Hub
    label: str
    title: str
    author: github.Author

    def mine(self) -> list[Comment]:
        """Open issues that this token wrote."""
        found = []
        path = f"{self.hub.path}/issues?state=open&labels={quote(self.label, safe='')}&per_page=100"
        for item in github.pages(self.hub.api, path):
            number, text = item.get("number"), item.get("body")
            is_issue = "pull_request" not in item and self.author.wrote(item)
            if is_issue and isinstance(number, int) and isinstance(text, str):
                found.append(Comment(identity=number, text=text))
        return found

    def create(self, text: str) -> None:
        """Open a new one."""
        body = {"title": self.title, "body": text, "labels": [self.label]}
        self._write("POST", "/issues", body)

    def update(self, identity: int, text: str) -> bool:
        """Change one; False if it is gone."""
        path = f"{self.hub.path}/issues/{identity}"
        answer = self.hub.api.call("PATCH", path, {"body": text})
        if answer.status == _NOT_FOUND:
            return False
        github.expect(answer, f"PATCH {path}", needs="issues: write")
        return True

    def delete(self, identity: int) -> None:
        """Close one."""
        self._write("PATCH", f"/issues/{identity}", {"state": "closed"})

    def ensure_label(self) -> None:
        """Make the label unless it exists: an issue would come without it, and be lost."""
        path = f"/labels/{quote(self.label, safe='')}"
        if self.hub.api.call("GET", self.hub.path + path).status == _NOT_FOUND:
            self._write("POST", "/labels", {"name": self.label, "color": "b60205"})

    def _write(self, method: Method, path: str, body: Mapping[str, object]) -> None:
        try:
            answer = self.hub.api.call(method, self.hub.path + path, body)
        except WaitedError:
            if method == "POST":
                raise
            answer = self.hub.api.call(method, self.hub.path + path, body)
        github.expect(answer, f"{method} {path}", needs="issues: write")


def text_of(folder: Path, results: Sequence[str]) -> str:
    """Findings of a folder and of results, cut where no issue would hold them; or nothing."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; expected the findings of the checks")
    parts = [
        read_bounded(path, MOST_BYTES).decode(errors="replace")
        for path in sorted(folder.glob("*.md"))
    ]
    for one in results:
        name, sign, result = one.partition("=")
        if not sign:
            raise UsageError(f"--result {one!r}: expected JOB=RESULT")
        if result != "success":
            parts.append(f"* the job {name} did not succeed: {result or 'no result'}\n")
    text = "\n".join(parts)
    if len(text) <= MOST_TEXT:
        return text
    return text[:MOST_TEXT].rpartition("\n")[0] + "\n\nThe rest is in the log of the run.\n"


def keep(issues: Issues, text: str, order: tuple[int, int], page: str) -> str:
    """Bring the issue up to date with what was found; what became of it."""
    key = key_of(issues.hub.repository, issues.label)
    if not text:
        standing = own(issues, key)
        for _, issue in standing:
            issues.delete(issue.identity)
        return f"nothing found; {len(standing)} issues closed"
    issues.ensure_label()
    body = f"{text}\n[The run that found it]({page})\n" if page else text
    marker = Marker(key=key, order=order, body=body_hash(text))
    return put(issues, key, order, lambda _: f"{marker.line}\n\n{body}").replace("comment", "issue")


def main(arguments: Sequence[str], environ: Mapping[str, str], clock: Clock = REAL) -> int:
    """Read, find, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--label", required=True)
    parser.add_argument("--title", required=True)
    parser.add_argument("--result", action="append", default=[], metavar="JOB=RESULT")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args(arguments)
    try:
        text = text_of(given.folder, given.result)
        hub = hub_of(environ, clock)
        issues = Issues(
            hub=hub, label=given.label, title=given.title, author=github.author(hub.api)
        )
        said = keep(issues, text, order_of(environ), run_page(environ))
    except PerfError as error:
        print(f"issue: {error}", file=sys.stderr)
        return error.exit_code
    print(f"issue: {said}")
    return 0


def order_of(environ: Mapping[str, str]) -> tuple[int, int]:
    """Number of the run and its attempt: an older run never overwrites a newer one."""
    try:
        return int(environ["GITHUB_RUN_NUMBER"]), int(environ["GITHUB_RUN_ATTEMPT"])
    except (KeyError, ValueError) as error:
        raise UsageError("GITHUB_RUN_NUMBER, GITHUB_RUN_ATTEMPT: expected numbers") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
