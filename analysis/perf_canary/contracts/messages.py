"""Requests and replies of HTTP as plain values, and the token that both contracts ask for."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from perf_documents.redact import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_canary.gates import GateAnswer

MAX_TEXT = 300
TEXT = "text/plain; charset=utf-8"
JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; the names of `headers` are in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer."""

    status: int
    body: bytes
    content_type: str = TEXT
    headers: Mapping[str, str] = field(default_factory=dict)


class Desk(Protocol):
    """Whom a contract asks."""

    def __contains__(self, name: str) -> bool:
        """Whether there is such a gate."""

    def ask(self, name: str, key: str, *, start: bool, wait_s: float = 0.0) -> GateAnswer:
        """Answer for a key of a gate."""


def text_reply(status: int, text: str) -> Reply:
    """One line of text, never an empty one."""
    return Reply(status=status, body=visible(text or "no reason", MAX_TEXT).encode() + b"\n")


def json_reply(status: int, document: Mapping[str, object]) -> Reply:
    """One JSON object."""
    body = json.dumps(document, allow_nan=False).encode() + b"\n"
    return Reply(status=status, body=body, content_type=JSON)


def token_fits(given: str, expected: str) -> bool:
    """Whether a token is the right one, in time that does not depend on where it differs.

    Without an expected token every request fits: the server then listens on loopback only.
    """
    # a text out of JSON may hold half a surrogate pair, which is no reason to fail
    return not expected or hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass")
    )
