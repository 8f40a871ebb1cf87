"""A target that perf.yaml says how to start: started before the load, stopped after it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from perf_documents.errors import UnreachableError, UsageError
from perf_documents.redact import Redactor, secrets_of, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import IO

    from perf_documents.targets import Target

READY_S = 60.0
SILENT_S = 2.0
POLL_S = 0.2
ANSWER_S = 2.0
STOP_S = 10.0
_SHOWN = 300


@contextlib.contextmanager
def started(
    target: Target,
    folder: Path,
    environ: Mapping[str, str],
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Iterator[None]:
    """Run a target's `start` command for as long as the block lasts.

    The whole process group is stopped: by SIGTERM, and after ten seconds by SIGKILL.

    Raises
    ------
    UsageError
        If the command cannot be run.
    UnreachableError
        If something else answers at its address, it ends, or does not answer `ready` within a
        minute.
    """
    place = folder / target.cwd if target.cwd else folder
    if not place.is_dir():
        raise UsageError(
            f"target {target.name}: its folder {target.cwd} is missing; before load, nothing sent; "
            f"next: git worktree add --detach {target.cwd} COMMIT, or correct cwd in perf.yaml"
        )
    _await_silence(target, clock, sleep)
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                list(target.start),
                cwd=place,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise UsageError(
                f"target {target.name}: {target.start[0]} cannot be started: {error.strerror}; "
                "before load, nothing sent; next: correct start in perf.yaml"
            ) from error
        try:
            _await(process, target, clock, sleep)
        except UnreachableError as error:
            _stop(process)
            raise UnreachableError(f"{error}{_last_line(output, environ)}") from error
        except BaseException:
            _stop(process)
            raise
        try:
            yield
        finally:
            _stop(process)


def _await_silence(
    target: Target, clock: Callable[[], float], sleep: Callable[[float], None]
) -> None:
    """Let nobody else be measured in its place; what a round before it left has a moment to go."""
    deadline_s = clock() + SILENT_S
    while _answers(target.url, needs_success=False):
        if clock() >= deadline_s:
            raise UnreachableError(
                f"target {target.name}: something answers at {target.url} already, and would be "
                "measured in its place; before load, nothing sent; next: stop it, or give the "
                "target another port in perf.yaml"
            )
        sleep(POLL_S)


def _await(
    process: subprocess.Popen[bytes],
    target: Target,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> None:
    deadline_s = clock() + READY_S
    url = urljoin(target.url, target.ready or "/")
    while clock() < deadline_s:
        if process.poll() is not None:
            raise UnreachableError(
                f"target {target.name}: its start command ended with status "
                f"{process.returncode}; before load, nothing sent"
            )
        if _answers(url, needs_success=target.ready is not None):
            return
        sleep(POLL_S)
    raise UnreachableError(
        f"target {target.name}: {url} did not answer within {READY_S:.0f} s of its start; "
        "before load, nothing sent"
    )


def _answers(url: str, *, needs_success: bool) -> bool:
    try:
        # only a URL that the guard has allowed comes here, and no proxy may stand before it
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=ANSWER_S):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return not needs_success
    except (OSError, ValueError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    _signal(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_S)
    # what it left behind in its group goes too
    _signal(process, signal.SIGKILL)
    process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _last_line(output: IO[bytes], environ: Mapping[str, str]) -> str:
    output.seek(0, os.SEEK_END)
    output.seek(max(0, output.tell() - 4096))
    lines = [line for line in output.read().splitlines() if line.strip()]
    if not lines:
        return ""
    text = Redactor(secrets_of(environ)).clean(lines[-1].decode("utf-8", "replace"))
    return f"; it said last: {visible(text, _SHOWN)}"
