"""Which runs somebody means: an id, `latest`, a run file, or a file that another tool wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from perf_cli.wiring import history_of
from perf_documents.errors import UsageError
from perf_loadtests.workspace import Workspace

if TYPE_CHECKING:
    from perf_documents.run import Run

RUN_FILES = (".json", ".json.gz")
# no id of a run holds one of these, and every path of a file that was exported does
_OF_PATHS = ("/", ".")


def find_run(spec: str) -> Run:
    """Run of an id, the beginning of one, `latest`, or a file.

    Raises
    ------
    UsageError
        If there is none, or the file cannot be read, or holds several.
    """
    runs = find_runs(spec)
    if len(runs) > 1:
        raise UsageError(
            f"run {spec[:200]!r}: holds {len(runs)} runs; "
            f"next: perfproof history import {spec[:200]}, and name one"
        )
    return runs[0]


def find_runs(spec: str) -> list[Run]:
    """Runs of an id, or of a file; few formats hold more than one."""
    if not any(mark in spec for mark in _OF_PATHS):
        return [history_of(Workspace(Path.cwd())).load(spec)]
    path = Path(spec)
    if not path.exists():
        raise UsageError(f"run {spec[:200]!r}: no such file")
    from perf_cli.importing import now_s, read_any  # noqa: PLC0415  # only for files
    from perf_importers.reading import Options  # noqa: PLC0415  # only for files

    return read_any(path, Options(profile=path.name, now_s=now_s()))[1]
