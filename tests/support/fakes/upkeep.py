"""A GitHub with what piles up and what is reported there: issues, artifacts, caches, images."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from fakes.github import REPOSITORY, TOKEN, FakeGitHub

PATH = f"/repos/{REPOSITORY}"
_ISSUE = re.compile(rf"{PATH}/issues/(\d+)")
_ONE = re.compile(
    rf"{PATH}/actions/(artifacts|caches)/(\d+)|"
    r"/(?:users|orgs)/octo/packages/container/(perfproof)/versions/(\d+)"
)
_MANIFEST = re.compile(r"/v2/octo/perfproof/manifests/(sha256:[0-9a-f]{64})")
NOT_FOUND = (404, {"message": "Not Found"}, "")
Things = list[dict[str, object]]


@dataclass(slots=True)
class FakeHost(FakeGitHub):
    """State of the server; each kind of thing by its number."""

    issues: dict[int, dict[str, object]] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)
    artifacts: Things = field(default_factory=list)
    caches: Things = field(default_factory=list)
    # None: no image was ever pushed
    perfproof: Things | None = None
    manifests: dict[str, object] = field(default_factory=dict)
    sarifs: Things = field(default_factory=list)
    is_organization: bool = False

    def __post_init__(self) -> None:
        self.accepted.add(f"Bearer {b64encode(TOKEN.encode()).decode()}")

    def open_issues(self) -> list[dict[str, object]]:
        """Issues that are not closed."""
        return [one for one in self.issues.values() if one["state"] == "open"]

    def deleted(self) -> list[str]:
        """Paths of all that was asked to be deleted."""
        return [path for method, path in self.calls if method == "DELETE"]

    def answer(self, method: str, target: str, body: dict[str, object]) -> tuple[int, object, str]:
        """Status, JSON and Link header of a request."""
        path = unquote(urlsplit(target).path)
        query = parse_qs(urlsplit(target).query)
        if found := _ISSUE.fullmatch(path):
            return self._issue(method, int(found[1]), body)
        if path == f"{PATH}/issues":
            return self._issues(method, query, body)
        if path.startswith(f"{PATH}/labels"):
            return self._labels(method, path, body)
        if found := _ONE.fullmatch(path):
            return self._one(method, found[1] or found[3], int(found[2] or found[4]))
        if path == f"{PATH}/code-scanning/sarifs":
            self.sarifs.append(body)
            return 202, {"id": "1"}, ""
        if listed := self._listed(path, query):
            return listed
        return FakeGitHub.answer(self, method, target, body)

    def _listed(self, path: str, query: dict[str, list[str]]) -> tuple[int, object, str] | None:
        for kind, name in (("artifacts", "artifacts"), ("caches", "actions_caches")):
            if path == f"{PATH}/actions/{kind}":
                status, items, link = self._page(path, query, list(getattr(self, kind)))
                return status, {"total_count": 0, name: items}, link
        if path == "/users/octo":
            return 200, {"type": "Organization" if self.is_organization else "User"}, ""
        if found := _MANIFEST.fullmatch(path):
            known = self.manifests.get(found[1])
            return (200, known, "") if known else NOT_FOUND
        place = "orgs" if self.is_organization else "users"
        if path == f"/{place}/octo/packages/container/perfproof/versions":
            if self.perfproof is None:
                return NOT_FOUND
            return self._page(path, query, list(self.perfproof))
        return None

    def _issues(
        self, method: str, query: dict[str, list[str]], body: dict[str, object]
    ) -> tuple[int, object, str]:
        if method == "POST":
            given = body["labels"]
            assert isinstance(given, list)
            number = len(self.issues) + 1
            # labels that do not exist are silently dropped
            kept = [name for name in given if name in self.labels]
            self.issues[number] = {
                "number": number, "state": "open", "user": self.writer, "labels": kept, **{
                    name: body[name] for name in ("title", "body")
                },
            }  # fmt: skip
            return 201, self.issues[number], ""
        label = query.get("labels", [""])[0]
        shown = [one for one in self.open_issues() if label in list(map(str, _list(one)))]
        return self._page(f"{PATH}/issues", query, list(shown))

    def _issue(self, method: str, number: int, body: dict[str, object]) -> tuple[int, object, str]:
        if number not in self.issues:
            return NOT_FOUND
        if method == "PATCH":
            self.issues[number] |= body
        return 200, self.issues[number], ""

    def _labels(self, method: str, path: str, body: dict[str, object]) -> tuple[int, object, str]:
        if method == "POST":
            self.labels.add(str(body["name"]))
            return 201, body, ""
        name = path.rpartition("/")[2]
        return (200, {"name": name}, "") if name in self.labels else NOT_FOUND

    def _one(self, method: str, kind: str, number: int) -> tuple[int, object, str]:
        things = getattr(self, kind) or []
        kept = [one for one in things if one["id"] != number]
        if method != "DELETE" or len(kept) == len(things):
            return NOT_FOUND
        setattr(self, kind, kept)
        return 204, None, ""


def _list(issue: dict[str, object]) -> list[object]:
    found = issue["labels"]
    assert isinstance(found, list)
    return found
