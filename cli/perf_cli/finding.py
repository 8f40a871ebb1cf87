"""Which run somebody means: an id, `latest`, a run file, or a samples file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from perf_cli.wiring import history_of
from perf_documents.errors import UsageError
from perf_loadtests.workspace import Workspace

if TYPE_CHECKING:
    from perf_documents.run import Run

RUN_FILES = (".json", ".json.gz")
SAMPLES = ".csv"


def find_run(spec: str) -> Run:
    """Run of an id, the beginning of one, `latest`, or a file.

    Raises
    ------
    UsageError
        If there is none, or the file cannot be read.
    """
    if spec.endswith((*RUN_FILES, SAMPLES)):
        path = Path(spec)
        if not path.is_file():
            raise UsageError(f"run {spec[:200]!r}: no such file")
        if spec.endswith(SAMPLES):
            from perf_importers.samples import read_samples  # noqa: PLC0415  # only for imports

            return read_samples(path)
        from perf_documents.codec import read_run  # noqa: PLC0415  # the other way needs it not

        return read_run(path)
    return history_of(Workspace(Path.cwd())).load(spec)
