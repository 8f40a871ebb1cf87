"""The outermost guard: whatever happens inside, the exit code is from the closed list."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

USAGE, INTERNAL, INTERRUPTED = 2, 70, 130


def main() -> NoReturn:
    """Run the command and leave with its code; only the standard library is needed to get here."""
    try:
        # imported inside, so that even a broken installation ends in one line and 70
        from perf_cli.app import run  # noqa: PLC0415

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the one border where a bug becomes a message
        code = INTERNAL
        _tell(error)
    # a second flush by the interpreter would turn a closed pipe into another code
    for stream in (sys.stdout, sys.stderr):
        if stream is None:
            continue  # it was closed before this process began
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)


def _tell(error: Exception) -> None:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown"
    if os.environ.get("PERF_DEBUG"):
        raise error
    try:
        sys.stderr.write(
            f"perf: internal error: {type(error).__name__}: {error} at {place}; this is a bug of "
            "perfproof; next: report it with this line (PERF_DEBUG=1 shows the whole trace)\n"
        )
    except (OSError, AttributeError):
        return
