"""The trend site over HTTP: files of one folder, to be read and nothing else."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from perf_canary.contracts.messages import Reply, Request, text_reply, token_fits
from perf_documents.errors import PerfError, StoreError
from perf_documents.files import read_bounded

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "/trend/"
METHODS = ("GET", "HEAD")
MAX_BYTES = 32 * 1024 * 1024
_MOST_PARTS = 4
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".xml": "application/atom+xml; charset=utf-8",
}
# never a name that begins with a dot: no `..`, and none of the folder's own notes
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,160}")
_HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
_UNAUTHORIZED = {"WWW-Authenticate": 'Basic realm="perfproof: any name, the token as password"'}


@dataclass(frozen=True, slots=True)
class SiteFiles:
    """Files below one folder."""

    root: Path

    def reply(self, request: Request, token: str) -> Reply:
        """Answer with a file; the token is asked for where there is one.

        A browser sends it as the password of a login; programs may send it as a bearer.
        """
        if request.method not in METHODS:
            refused = text_reply(405, "only GET and HEAD are answered here")
            return Reply(status=405, body=refused.body, headers={"Allow": "GET, HEAD"})
        if not token_fits(_given(request.headers.get("authorization", "")), token):
            refused = text_reply(401, "the token is missing or wrong")
            return Reply(status=401, body=refused.body, headers=_UNAUTHORIZED)
        if request.path == PREFIX.rstrip("/"):
            moved = text_reply(308, "the trend site ends in a slash")
            return Reply(status=308, body=moved.body, headers={"Location": PREFIX})
        path = self._file(request.path.removeprefix(PREFIX))
        if path is None:
            return text_reply(404, "no such page")
        try:
            body = read_bounded(path, MAX_BYTES)
        except StoreError:
            return text_reply(500, "the page cannot be read")
        except PerfError:
            return text_reply(404, "no such page")
        kind = _TYPES[path.suffix]
        return Reply(status=200, body=body, content_type=kind, headers=dict(_HEADERS))

    def _file(self, asked: str) -> Path | None:
        """File of a path; None where it could be anything but a page below the folder."""
        parts = unquote(asked or "index.html").split("/")
        if len(parts) > _MOST_PARTS or not all(map(_PART.fullmatch, parts)):
            return None
        path = self.root.joinpath(*parts)
        if path.suffix not in _TYPES:
            return None
        # a link on the way would lead out
        inside = path.resolve() == self.root.resolve().joinpath(*parts)
        return path if inside else None


def _given(header: str) -> str:
    """Token in a header: of a bearer, or the password of a login."""
    scheme, _, value = header.strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return value.strip()
        case "basic":
            try:
                login = base64.b64decode(value.strip(), validate=True)
            except (binascii.Error, ValueError):
                return ""
            return login.decode("utf-8", "replace").partition(":")[2]
        case _:
            return ""
