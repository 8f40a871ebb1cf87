"""Argo Rollouts' web metric: GET /verdict/{gate}?key=K[&start=1], answered by JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from perf_canary.contracts.messages import Desk, Reply, Request, json_reply, text_reply, token_fits
from perf_canary.gates import INTERNAL

if TYPE_CHECKING:
    from perf_canary.gates import GateAnswer

_KEY = re.compile(r"[A-Za-z0-9._:/@+-]{1,200}")
_BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)
_UNAUTHORIZED = {"WWW-Authenticate": "Bearer"}
USAGE = "expected key=K, 1 to 200 letters, digits and . _ : / @ + -, once, and perhaps start=1"


def reply(request: Request, gate: str, desk: Desk, token: str) -> Reply:
    """Answer: 200 for every verdict, so that `running` is a measurement and not an error.

    Only a gate that ended in an internal error (70) is 500: Argo then aborts after the fifth.
    """
    bearer = _BEARER.fullmatch(request.headers.get("authorization", ""))
    if not token_fits(bearer[1] if bearer else "", token):
        refused = text_reply(401, "the bearer token is missing or wrong")
        return Reply(status=refused.status, body=refused.body, headers=_UNAUTHORIZED)
    if gate not in desk:
        return text_reply(404, "no such gate")
    question = _question(request.query)
    if question is None:
        return text_reply(400, USAGE)
    key, start = question
    answer = desk.ask(gate, f"argo:{key}", start=start)
    return json_reply(500 if answer.exit_code == INTERNAL else 200, _document(answer))


def _question(query: str) -> tuple[str, bool] | None:
    """Key, and whether a run may begin; None where anything else was asked.

    A misspelt `start` must not be read as "only look": the gate would never be run.
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, max_num_fields=2)
    except ValueError:
        return None
    fields = dict(pairs)
    key = fields.get("key", "")
    if len(fields) != len(pairs) or set(fields) - {"key", "start"} or not _KEY.fullmatch(key):
        return None
    if fields.get("start", "1") != "1":
        return None
    return key, "start" in fields


def _document(answer: GateAnswer) -> dict[str, object]:
    return {
        "verdict": answer.verdict.value,
        "exit_code": answer.exit_code,
        "reason": answer.reason,
        "run_id": answer.run_id,
        "report_url": None,
        "eta_s": answer.eta_s,
        "age_s": answer.age_s,
    }
