"""The outermost guard: whatever happens inside, the exit code is from the closed list."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

from perf_cli.shadow import shadowing

USAGE, INTERNAL, INTERRUPTED = 2, 70, 130


def main() -> NoReturn:
    """Run the command and leave with its code; only the standard library is needed to get here."""
    path = shadowing()
    if path:
        _write(
            f"perf: {path!a}: stands in the place of a module that this command needs; before "
            "load, nothing sent; next: rename it, or take its folder off PYTHONPATH\n"
        )
        sys.exit(USAGE)
    # a umask may keep others out, never the owner from what was written for him
    os.umask(os.umask(0) & 0o077)
    try:
        # imported inside, so that even a broken installation ends in one line and 70
        from perf_cli.app import run  # noqa: PLC0415

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED
    except (Exception, SystemExit) as error:  # noqa: BLE001  # the border where a bug is told
        # also an exit from the depths: whatever status it carries is not from the closed list
        code = INTERNAL
        _tell(error)
        _leave(f"internal error: {type(error).__name__}")
    # a second flush by the interpreter would turn a closed pipe into another code
    for stream in (sys.stdout, sys.stderr):
        if stream is None:
            continue  # it was closed before this process began
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    for number in ("SIGINT", "SIGTERM", "SIGHUP"):
        # the result is told: while the interpreter winds down no signal makes it another one
        signal.signal(getattr(signal, number), signal.SIG_IGN)
    sys.exit(code)


def _leave(reason: str) -> None:
    try:
        # imported inside: what is broken may be this very import
        from perf_cli.termination import JUDGING, leave_message  # noqa: PLC0415

        if sys.argv[1:2] and sys.argv[1] in JUDGING:
            leave_message(os.environ, INTERNAL, reason)
    except Exception:  # noqa: BLE001  # a message is no reason to fail in another way
        return


def _tell(error: BaseException) -> None:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown"
    if os.environ.get("PERF_DEBUG"):
        import traceback  # noqa: PLC0415  # only where it is asked for

        _write("".join(traceback.format_exception(error)))
    _write(
        f"perf: internal error: {type(error).__name__}: {_clean(str(error))} at {place}; this "
        "is a bug of perfproof; next: report it with this line (PERF_DEBUG=1 shows the trace)\n"
    )


def _write(text: str) -> None:
    try:
        sys.stderr.write(text)
    except (OSError, AttributeError):
        return


def _clean(text: str) -> str:
    try:
        # imported inside: what is broken may be this very import
        from perf_documents.redact import Redactor, secrets_of, visible  # noqa: PLC0415

        return visible(Redactor(secrets_of(os.environ)).clean(text), 500)
    except Exception:  # noqa: BLE001  # a text that may hold a secret is better not shown
        return "(no text)"
