"""The message a container leaves behind: the verdict as JSON where Kubernetes keeps it.

Whoever runs a Job sees it in `kubectl describe pod`, after the pod's logs are gone. Only what
judges leaves one: `perf run` and `perf check`, whatever they end in.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING

from perf_cli.outcome import Code
from perf_documents.redact import Redactor, secrets_of, visible

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "PERF_TERMINATION_LOG"
JUDGING = frozenset({"run", "check"})
# what the kubelet makes for every container, unless terminationMessagePath names another place
DEFAULT = "/dev/termination-log"
# of the 4,096 bytes that are kept
_MAX_REASON = 200
_VERDICTS = {Code.PASS: "pass", Code.FAIL: "fail"}


def leave_message(environ: Mapping[str, str], code: int, reason: str, run_id: str = "") -> None:
    """Write the verdict, where there is a place for it; nothing depends on it.

    The file is a mount of one file, so it cannot be replaced, only written to.
    """
    text = json.dumps({
        "verdict": _VERDICTS.get(Code(code), "inconclusive"),
        "exit_code": int(code),
        "reason": visible(Redactor(secrets_of(environ)).clean(reason), _MAX_REASON),
        "run_id": run_id or None,
    })  # fmt: skip
    flags = os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK
    with contextlib.suppress(OSError, ValueError):
        descriptor = os.open(environ.get(VARIABLE) or DEFAULT, flags)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text.encode())
