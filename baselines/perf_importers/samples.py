"""The generic samples file: `timestamp_s,name,duration_s,ok[,arm]`, one line a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.grid import LARGEST_S
from perf_analysis.series import CANDIDATE, CONTROL
from perf_importers.reading import Options, Reading, of_rows, run_of
from perf_importers.rows import RowError, Rows
from perf_importers.source import Source, shown
from perf_importers.tables import Decimals, Row, number_of, read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from perf_documents.run import Run

COLUMNS = ("timestamp_s", "name", "duration_s", "ok")
ARM = "arm"
FAILED = "assertion"
TOOL = "samples"
_OK = {"true": True, "1": True, "false": False, "0": False}
_ARMS = (CANDIDATE, CONTROL)


def read_samples(path: Path, options: Options | None = None) -> Run:
    """Run of a samples file.

    Parameters
    ----------
    path : Path
        UTF-8 CSV with a header; `ok` is true, false, 1 or 0, `arm` is candidate or control.
    options : Options

    Raises
    ------
    DocumentError
        With file:line for each row that cannot be used: a value that is missing, not a number, not
        finite, negative, or an hour and more.
    """
    return run_of(read(Source(path)), options or Options())


def read(source: Source) -> Reading:
    """Read a samples file."""
    rows, decimals = Rows(TOOL), Decimals()

    def take(row: Row) -> None:
        at_s, duration_s = number_of(row.text("timestamp_s")), number_of(row.text("duration_s"))
        ok, arm = _OK.get(row.text("ok").lower()), row.text(ARM) or CANDIDATE
        checks = (
            (at_s is None, "timestamp_s", "a finite number of seconds"),
            (
                duration_s is None or not 0.0 <= duration_s < LARGEST_S, "duration_s",
                f"a number of seconds in [0, {LARGEST_S:.0f})",
            ),
            (ok is None, "ok", "true, false, 1 or 0"),
            (arm not in _ARMS or (ARM in row.places and not row.text(ARM)), ARM,
             "candidate or control"),
        )  # fmt: skip
        for is_wrong, column, expected in checks:
            if is_wrong:
                raise RowError(f"{column}: found {shown(row.text(column))}; expected {expected}")
        key = rows.series_key(row.text("name"), error="" if ok else FAILED, arm=arm)
        rows.add(key, at_s or 0.0, duration_s)
        decimals.see(row.text("duration_s"))

    read_rows(source, take, needed=COLUMNS)
    if not rows.count:
        raise source.error("holds no requests, only a header")
    return of_rows(source, rows, tool=TOOL, resolution_s=decimals.step)
