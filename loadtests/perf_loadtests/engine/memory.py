"""How near a load process is to a limit on its memory."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_loadtests.engine.load import Load

STOP_RATIO = 0.8
_CGROUPS = Path("/sys/fs/cgroup")
_MIB = 2**20


def stop_in_time(load: Load, event: Callable[[str, str], None]) -> None:
    """Stop before the kernel does: what was measured is kept, and the accounts close."""
    full = nearly_out() if load.ended == "schedule" else ""
    if full:
        event("STOPPED", full)
        load.interrupt("stop")


def nearly_out(proc: Path = Path("/proc/self"), cgroups: Path = _CGROUPS) -> str:
    """Limit of which four fifths are used, in words; empty where none is so near."""
    address_space, _ = resource.getrlimit(resource.RLIMIT_AS)
    pages = _numbers(proc / "statm")
    limits = [
        ("the limit of its address space", pages[0] * os.sysconf("SC_PAGE_SIZE") if pages else 0,
         0 if address_space == resource.RLIM_INFINITY else address_space),
        ("the limit of its cgroup", *_of_cgroup(proc, cgroups)),
    ]  # fmt: skip
    for what, used, limit in limits:
        if limit > 0 and used >= STOP_RATIO * limit:
            return (
                f"memory: {used // _MIB:,} MiB used, {what} is {limit // _MIB:,} MiB; next: raise "
                "it, use a smaller load, or keep less in the scenario"
            )
    return ""


def _of_cgroup(proc: Path, cgroups: Path) -> tuple[int, int]:
    """Bytes that cannot be given back, and their limit, 0 where there is none."""
    try:
        lines = (proc / "cgroup").read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return 0, 0
    place = next((line[3:] for line in lines if line.startswith("0::")), "/")
    for folder in (cgroups / place.lstrip("/"), cgroups):
        limit, used = _numbers(folder / "memory.max"), _numbers(folder / "memory.current")
        if limit and used:
            return used[0] - _reclaimable(folder), limit[0]
    return 0, 0


def _reclaimable(folder: Path) -> int:
    """Bytes of files that the kernel drops before it kills."""
    try:
        rows = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(row.split()[1]) for row in rows if row.startswith("inactive_file ")), 0)


def _numbers(path: Path) -> list[int]:
    """Numbers that a file holds; none where it is not there, or says `max`."""
    try:
        return [int(word) for word in path.read_text(encoding="ascii").split()]
    except (OSError, ValueError):
        return []
