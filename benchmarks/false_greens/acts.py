"""What happens to a load generator in the midst of its run."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from commands import command_of

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

SUSPENDED_S = 6.0


def _children(pid: int) -> list[int]:
    """Processes that a process started."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


def _generators(process: subprocess.Popen[str], folder: Path) -> list[int]:
    """Processes that make the load: perfproof's engines, Locust's workers, or Locust itself."""
    engines = [
        int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()
        and "perf_loadtests.engine" in (line := command_of(path)) and str(folder) in line
        and " master" not in line
    ]  # fmt: skip
    return sorted(engines or _children(process.pid) or [process.pid])


def _kill_a_worker(process: subprocess.Popen[str], folder: Path) -> None:
    os.kill(_generators(process, folder)[-1], signal.SIGKILL)


def _suspend(process: subprocess.Popen[str], folder: Path) -> None:
    pids = _generators(process, folder)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(SUSPENDED_S)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


ACTS: dict[str, Callable[[subprocess.Popen[str], Path], None]] = {
    "kill a worker": _kill_a_worker,
    "suspend": _suspend,
    "SIGTERM": lambda process, _: process.send_signal(signal.SIGTERM),
    "SIGINT": lambda process, _: process.send_signal(signal.SIGINT),
}
