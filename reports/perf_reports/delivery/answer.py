"""What a server said, read once: its status, its body, and how long it asks to wait."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from perf_documents.redact import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_documents.redact import Redactor

_LONGEST, _LONGEST_MESSAGE = 300, 120
_OK, _MULTIPLE = 200, 300
_FORBIDDEN, _TOO_MANY = 403, 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said.

    Attributes
    ----------
    status : int
    headers : mapping
        Names in lower case.
    body : object
        Parsed JSON; None where there is none.
    text : str
        The beginning of the body, redacted.
    message : str
        What the body says under `message`, redacted and on one line: it may be quoted in a log.
    """

    status: int
    headers: Mapping[str, str]
    body: object
    text: str
    message: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether the status is one of success."""
        return _OK <= self.status < _MULTIPLE

    @property
    def is_limited(self) -> bool:
        """Whether the server asks for patience."""
        if self.status not in {_FORBIDDEN, _TOO_MANY}:
            return False
        return (
            self.status == _TOO_MANY
            or "retry-after" in self.headers
            or self.headers.get("x-ratelimit-remaining") == "0"
            # the secondary limit, which comes without any of these headers too
            or "rate limit" in self.message
        )

    @property
    def patience_s(self) -> float:
        """Seconds to wait: as asked, or until the limit is reset by the server's own clock."""
        try:
            return max(0.0, float(self.headers.get("retry-after", "")))
        except ValueError:
            pass
        try:
            reset_s = float(self.headers["x-ratelimit-reset"])
            now_s = parsedate_to_datetime(self.headers["date"]).timestamp()
        except (KeyError, ValueError, TypeError, OverflowError):
            return math.inf  # nobody says when
        return max(0.0, reset_s - now_s)


def read_answer(status: int, headers: Mapping[str, str], data: bytes, redactor: Redactor) -> Answer:
    """Answer of a status, headers and a whole body."""
    body = _parsed(data)
    message = body.get("message") if isinstance(body, dict) else None
    # secrets first, then the cut: half of one would be none that is known
    text = redactor.clean(data[: 4 * _LONGEST].decode(errors="replace"))
    said = redactor.clean(str(message or "")[: 4 * _LONGEST])
    return Answer(
        status=status,
        headers={name.lower(): value for name, value in headers.items()},
        body=body,
        text=text[:_LONGEST],
        message=visible(said, _LONGEST_MESSAGE),
    )


def _parsed(data: bytes) -> object:
    try:
        return json.loads(data) if data else None
    except (ValueError, RecursionError):
        return None
