"""What `perf doctor` looks at: a table of checks, each a sentence and whether it is well."""

from __future__ import annotations

import resource
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_cli.comparing import baselines_of
from perf_cli.wiring import history_of
from perf_documents.errors import PerfError
from perf_documents.fingerprint import available_cpus

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_loadtests.workspace import Workspace

MEGABYTE = 2**20
FREE_MEGABYTES = 64
FILES = 1_200


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One check: what it found, and what to do where that is not well."""

    name: str
    ok: bool
    text: str
    code: int = 0


def examine(workspace: Workspace) -> list[Found]:
    """Look at the machine and at the folder; nothing is written, nothing is sent."""
    checks: tuple[tuple[str, Callable[[Workspace], Found]], ...] = (
        ("machine", _machine),
        ("open files", _files),
        ("free space", _space),
        ("perf.yaml", _config),
        ("baselines", _baselines),
        ("history", _history),
    )
    return [_attempt(name, check, workspace) for name, check in checks]


def _attempt(name: str, check: Callable[[Workspace], Found], workspace: Workspace) -> Found:
    try:
        return check(workspace)
    except PerfError as error:
        return Found(name=name, ok=False, text=str(error), code=error.exit_code)


def _machine(workspace: Workspace) -> Found:
    del workspace
    precise = sys.platform == "linux"
    wakes = "precise wake-ups" if precise else "wake-ups to about a millisecond, outside Linux"
    return Found(name="machine", ok=True, text=f"{available_cpus():g} cores, {wakes}")


def _files(workspace: Workspace) -> Found:
    del workspace
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard in (resource.RLIM_INFINITY, -1):
        return Found(name="open files", ok=True, text="no limit")
    enough = hard >= FILES
    advice = "" if enough else f"; max_vus 500 need {FILES}; next: ulimit -Hn {FILES}"
    return Found(
        name="open files", ok=enough, text=f"limit {hard:,}{advice}", code=0 if enough else 5
    )


def _space(workspace: Workspace) -> Found:
    free = shutil.disk_usage(workspace.root).free // MEGABYTE
    enough = free >= FREE_MEGABYTES
    advice = "" if enough else f"; a run may need {FREE_MEGABYTES}; next: free some space"
    return Found(
        name="free space", ok=enough, text=f"{free:,} MiB{advice}", code=0 if enough else 5
    )


def _config(workspace: Workspace) -> Found:
    targets = workspace.config().targets
    names = ", ".join(sorted(targets)) or "none but demo and loopback addresses"
    return Found(name="perf.yaml", ok=True, text=f"targets: {names}")


def _baselines(workspace: Workspace) -> Found:
    files = baselines_of(workspace)
    places = files.names()
    count = sum(len(files.read(*place)) for place in places)
    text = f"{count} accepted runs in {len(places)} files" if places else "none yet"
    return Found(name="baselines", ok=True, text=text)


def _history(workspace: Workspace) -> Found:
    history = history_of(workspace)
    count = len(history.ids())
    return Found(name="history", ok=True, text=f"{count:,} runs in {history.place}")
