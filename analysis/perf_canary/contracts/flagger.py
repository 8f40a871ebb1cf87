"""Flagger's webhooks: POST /flagger/gate and /flagger/rollback, answered by one line of text.

The hook's type is not in what Flagger sends, hence two paths. Success is 200, 201 or 202 and
nothing else; the text of 429 and of 5xx (but 501) is lost, so no verdict uses them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from perf_canary.contracts.messages import Desk, Reply, Request, text_reply, token_fits
from perf_canary.gates import GateVerdict
from perf_documents.durations import parse_duration
from perf_documents.errors import DocumentError
from perf_documents.strict_json import parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_canary.gates import GateAnswer

MAX_DEPTH = 10
LONGEST_WAIT_S = 3_600
_STATUS = {
    GateVerdict.PASS: 200,
    GateVerdict.FAIL: 412,
    GateVerdict.INCONCLUSIVE: 424,
    GateVerdict.RUNNING: 409,
}
_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """What a webhook says, as far as it matters here."""

    key: str
    gate: str
    wait_s: float = 0.0
    token: str = field(default="", repr=False)


def gate_reply(request: Request, desk: Desk, token: str) -> Reply:
    """Answer of every hook but `rollback`: 200 only for a pass."""
    asked = _asked(request, desk, token)
    if isinstance(asked, Reply):
        return asked
    return text_reply(_STATUS[asked.verdict], _line(asked))


def rollback_reply(request: Request, desk: Desk, token: str) -> Reply:
    """Answer of a `rollback` hook, where success rolls back: 200 only for a fail."""
    asked = _asked(request, desk, token)
    if isinstance(asked, Reply):
        return asked
    return text_reply(200 if asked.verdict is GateVerdict.FAIL else 409, _line(asked))


def read_hook(body: bytes) -> Hook:
    """What the body of a webhook says; `ValueError` says what is wrong with it."""
    try:
        # Flagger's encoder ends in no newline, which a stored document must
        document = parse_json(body.rstrip(b"\n") + b"\n")
    except DocumentError as error:
        raise ValueError(str(error)) from error
    if not isinstance(document, dict) or _depth(document) > MAX_DEPTH:
        raise ValueError(f"expected a JSON object, at most {MAX_DEPTH} deep")
    # without a checksum one key would stand for every revision, and an old pass for a new one
    parts = [_text(document, name, _NAME) for name in ("namespace", "name", "checksum")]
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ValueError("metadata: expected an object of texts")
    return Hook(
        key=f"flagger:{'/'.join(parts)}",
        gate=_text(metadata, "gate", _NAME),
        wait_s=_wait_s(metadata.get("wait")),
        token=metadata.get("token", ""),
    )


def _asked(request: Request, desk: Desk, token: str) -> GateAnswer | Reply:
    try:
        hook = read_hook(request.body)
    except ValueError as error:
        return text_reply(400, f"malformed: {error}")
    if not token_fits(hook.token, token):
        return text_reply(403, "metadata.token is missing or wrong")
    if hook.gate not in desk:
        return text_reply(404, "no such gate")
    return desk.ask(hook.gate, hook.key, start=True, wait_s=hook.wait_s)


def _line(answer: GateAnswer) -> str:
    if answer.verdict is GateVerdict.RUNNING and answer.eta_s is not None:
        return f"running: {math.ceil(answer.eta_s)} s left"
    return f"{answer.verdict.value}: {answer.reason}"


def _text(fields: Mapping[str, object], name: str, pattern: re.Pattern[str]) -> str:
    text = fields.get(name)
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise ValueError(f"{name}: expected 1 to 253 letters, digits and . _ -")
    return text


def _wait_s(text: str | None) -> float:
    if text is None:
        return 0.0
    try:
        wait_s = parse_duration(text)
    except ValueError as error:
        raise ValueError(f"wait: {error}") from error
    if wait_s > LONGEST_WAIT_S:
        raise ValueError("wait: longer than an hour")
    return float(wait_s)


def _depth(value: object) -> int:
    """How deep a value is nested; the parser has refused what could exhaust the stack."""
    if isinstance(value, dict):
        inner = list(cast("dict[str, object]", value).values())
    elif isinstance(value, list):
        inner = value
    else:
        return 0
    return 1 + max(map(_depth, inner), default=0)
