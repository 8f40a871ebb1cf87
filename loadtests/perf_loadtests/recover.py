"""Runs out of spools whose supervisor is gone: what was measured is kept, and never valid."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from perf_analysis.facts import EndState
from perf_documents.errors import DocumentError
from perf_documents.plan_codec import decode_plan
from perf_loadtests import spool
from perf_loadtests.assemble import Ending, Record, build_run
from perf_loadtests.protocol import Order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perf_documents.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """A run, and how much of an unfinished last record was left behind."""

    run: Run
    lost_bytes: int


def owner() -> dict[str, int]:
    """Process id and start time of this process, to be left beside a spool."""
    return {"pid": os.getpid(), "started": _started(os.getpid())}


def is_owned(folder: Path) -> bool:
    """Whether the supervisor of a spool is still there (a reused process id does not count)."""
    try:
        left = json.loads((folder / spool.OWNER_FILE).read_bytes())
        pid, started = int(left["pid"]), int(left["started"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return started == _started(pid) != 0


def unfinished(folder: Path) -> list[Path]:
    """Spools below a folder whose supervisor is gone."""
    return [path for path in _spools(folder) if not is_owned(path)]


def _spools(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if (path / spool.SPOOL_FILE).is_file())


def going_on(folder: Path) -> list[Path]:
    """Spools below a folder whose supervisor is there."""
    return [path for path in _spools(folder) if is_owned(path)]


def recover(folder: Path) -> Recovered:
    """Run of a spool, read up to its first damage.

    Raises
    ------
    DocumentError
        If it is no spool, or its run is still going on.
    """
    if is_owned(folder):
        raise DocumentError(f"{folder}: its run is still going on; next: wait for its end")
    with opened(folder) as (order, record):
        while record.poll():
            pass
    detail = "recovered from its spool: the supervisor was gone before it could judge"
    run = build_run(order, record, Ending(asked=EndState.INCOMPLETE, detail=detail))
    return Recovered(run=run, lost_bytes=record.reader.torn_bytes)


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[tuple[Order, Record]]:
    """What an engine was told, and its record to be read.

    Raises
    ------
    DocumentError
        If it is no spool.
    """
    try:
        order = Order.model_validate_json(spool.read_plan_text(folder))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise DocumentError(f"{folder / spool.PLAN_FILE}: {first['msg']}") from error
    plan = decode_plan(order.plan)
    try:
        descriptor = os.open(folder / spool.SPOOL_FILE, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise DocumentError(f"{folder}: {spool.SPOOL_FILE}: {error.strerror}") from error
    try:
        yield order, Record(spool.SpoolReader(descriptor), plan, order)
    finally:
        os.close(descriptor)


def _started(pid: int) -> int:
    """Start time of a process in clock ticks; 0 where there is none."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        # the name in brackets may hold blanks
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        return int(text.rpartition(")")[2].split()[19])
    with contextlib.suppress(OSError):
        os.kill(pid, 0)
        return 1
    return 0
