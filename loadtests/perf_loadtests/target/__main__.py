"""The process of the service: its real clock, environment and signals."""

import contextlib
import os
import resource
import signal
import sys
import time
from contextlib import ExitStack

from perf_loadtests.target.parent import follow_parent
from perf_loadtests.target.server import Resources, open_listener, serve
from perf_loadtests.target.settings import Settings, parse_settings
from perf_loadtests.target.traces import open_seeded


def main(argv: list[str]) -> int:
    """Run the service until it is told to stop; the exit code."""
    settings = parse_settings(argv, os.environ)
    # Until the event loop has its own handlers, a signal unwinds what has been opened.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    if settings.parent is not None and not follow_parent(settings.parent):
        return 0
    _allow_many_connections()
    try:
        _run(settings)
    except OSError as error:  # an address in use, a log or a folder that cannot be written
        sys.stderr.write(f"perf_loadtests.target: {error}\n")
        return 2
    return 0


def _run(settings: Settings) -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(open_listener(settings.host, settings.port))
        log = settings.request_log
        file = None if log is None else stack.enter_context(log.open("w", encoding="utf-8"))
        store = open_seeded(count=settings.traces, seed=settings.seed)
        stack.callback(store.close)
        serve(
            settings,
            Resources(
                listener=listener,
                store=store,
                request_log=file,
                now_s=time.monotonic,
                announce=_announce,
            ),
        )


def _announce(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _allow_many_connections() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # then the soft limit stays as it was
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
