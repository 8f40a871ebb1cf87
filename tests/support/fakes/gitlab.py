"""Notes of a merge request on a GitLab of its own: with authors, two to a page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fakes.answers import Answer, Asked

NOTES = "/projects/12/merge_requests/3/notes"
ME, OTHER = 5, 6


class FakeGitLab:
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
