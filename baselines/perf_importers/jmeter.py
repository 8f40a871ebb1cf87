"""JMeter's JTL as CSV: columns by name, times in milliseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_importers.failures import class_of
from perf_importers.reading import check_epoch, of_rows
from perf_importers.rows import RowError, Rows
from perf_importers.tables import Row, read_rows

if TYPE_CHECKING:
    from perf_importers.reading import Reading
    from perf_importers.source import Source

TOOL = "jmeter"
COLUMNS = ("timeStamp", "elapsed", "label", "success")
_MS = 1e-3
# the sum of samples that stand in rows of their own
_TRANSACTION = "Number of samples in transaction"
_LATE = ("SocketTimeout", "ConnectTimeout", "Read timed out")
_NO_ANSWER = "Non HTTP response"
_STAMPS = "timeStamp is taken for the start, as in JMeter's shipped configuration"


def read(source: Source) -> Reading:
    """Read a JTL without the rows of transaction controllers: each request would count twice."""
    rows = Rows(TOOL)
    sums = 0

    def take(row: Row) -> None:
        nonlocal sums
        if row.text("responseMessage").startswith(_TRANSACTION):
            sums += 1
            return
        succeeded = {"true": True, "false": False}.get(row.text("success").lower())
        if succeeded is None:
            raise RowError("success: expected true or false")
        code, message = row.text("responseCode"), row.text("responseMessage")
        status = int(code) if code.isascii() and code.isdigit() else 0
        answered = not code.startswith(_NO_ANSWER)
        is_late = not answered and any(word in f"{code} {message}" for word in _LATE)
        # a sampler of another protocol has no status, and fails by assertion
        error = "" if succeeded else class_of(status if answered and status else 200 * answered,
                                              is_late=is_late)  # fmt: skip
        key = rows.series_key(row.text("label"), status=status, error=error)
        start_s = check_epoch(row.number("timeStamp") * _MS, "timeStamp")
        elapsed_s = row.number("elapsed") * _MS
        rows.add(key, start_s, elapsed_s if answered or is_late else None, censored=is_late)

    read_rows(source, take, needed=COLUMNS)
    if not rows.count:
        raise source.error("holds no samples, only a header")
    left_out = (f"{sums} sums of transaction controllers left out",) if sums else ()
    return of_rows(source, rows, tool=TOOL, resolution_s=_MS, notes=(_STAMPS, *left_out))
