"""hey's CSV, oha's JSON and CSV; in seconds, but for one part of oha's JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perf_importers.failures import CLIENT_ERROR, class_of
from perf_importers.nodes import root
from perf_importers.reading import of_rows, of_summaries
from perf_importers.rows import SHOWN, RowError, Rows
from perf_importers.summaries import EVERYTHING, Summary
from perf_importers.tables import Decimals, Row, read_rows

if TYPE_CHECKING:
    from perf_importers.nodes import Node
    from perf_importers.reading import Reading
    from perf_importers.source import Source

HEY, OHA = "hey", "oha"
HEY_COLUMNS = ("response-time", "DNS+dialup", "Response-delay", "status-code", "offset")
OHA_COLUMNS = ("request-start", "DNS+dialup", "Response-delay", "request-duration", "status")
_HEY_KEEPS = 1_000_000
_ANSWERED_ONLY = "only requests that were answered are in the file: how many failed is not known"
# oha counts what it cut off itself at the end, which says nothing of the target
_CUT_OFF = "aborted due to deadline"


def read_hey(source: Source) -> Reading:
    """Read `hey -o csv`: seconds since the start, and only what was answered."""
    reading = _read(source, HEY, HEY_COLUMNS, ("offset", "response-time", "status-code"))
    if reading.requests >= _HEY_KEEPS:
        note = "hey keeps the first 1,000,000 requests only: later ones are missing"
        return replace(reading, notes=(*reading.notes, note))
    return reading


def read_oha_csv(source: Source) -> Reading:
    """Read `oha --output-format csv`."""
    return _read(source, OHA, OHA_COLUMNS, ("request-start", "request-duration", "status"))


def _read(
    source: Source, tool: str, needed: tuple[str, ...], columns: tuple[str, str, str]
) -> Reading:
    rows, decimals = Rows(tool), Decimals()
    start, duration, status = columns

    def take(row: Row) -> None:
        code = row.text(status)
        if not (code.isascii() and code.isdigit()):
            raise RowError(f"{status}: expected the status of the answer")
        error = class_of(int(code)) if int(code) >= CLIENT_ERROR else ""
        key = rows.series_key(EVERYTHING, status=int(code), error=error)
        rows.add(key, row.number(start), row.number(duration))
        decimals.see(row.text(duration))

    read_rows(source, take, needed=needed)
    if not rows.count:
        raise source.error("holds no requests, only a header")
    reading = of_rows(
        source, rows, tool=tool, resolution_s=decimals.step,
        shows=SHOWN - {"http_req_failed"}, notes=(_ANSWERED_ONLY,),
    )  # fmt: skip
    # offsets from a start that is not told
    return replace(reading, started_s=None, modified_s=source.modified_s)


def read_oha_json(source: Source) -> Reading:
    """Read `oha --output-format json`.

    Notes
    -----
    Its `successRate` leaves out requests cut off at the end; failures are counted from the
    distributions of statuses and errors instead.
    """
    document = root(source)
    summary = document.get("summary")
    answered = {k: v.count() for k, v in document.get("statusCodeDistribution").members().items()}
    errors = {k: v.count() for k, v in document.get("errorDistribution").members().items()}
    cut = errors.pop(_CUT_OFF, 0)
    n = sum(answered.values())
    if not n:
        raise document.error("no request was answered: there is no duration to compare")
    refused = sum(count for code, count in answered.items() if not _is_success(code))
    whole = Summary(
        n=n + sum(errors.values()),
        failed=refused + sum(errors.values()),
        timed=n,
        average_s=summary.get("average").number(),
        quantiles_s=_quantiles(document),
    )
    length_s = summary.get("total").number() or 1.0
    notes = (f"{cut} requests that oha cut off at its end are left out",) if cut else ()
    return replace(of_summaries(source, [whole], tool=OHA, length_s=length_s), notes=notes)


def _is_success(code: str) -> bool:
    return code.isascii() and code.isdigit() and int(code) < CLIENT_ERROR


def _quantiles(document: Node) -> dict[float, float]:
    """Quantiles in seconds, clipped to the extremes: those were measured, not interpolated."""
    summary = document.get("summary")
    low, high = summary.get("fastest").number(), summary.get("slowest").number()
    found = {0.0: low, 1.0: high}
    for key, node in document.get("latencyPercentiles").members().items():
        try:
            q = round(float(key.removeprefix("p")) / 100.0, 12)
        except ValueError as error:
            raise node.error("the key is no percentile") from error
        if node.value is not None and 0.0 < q < 1.0:
            found[q] = min(max(node.number(), low), high)
    return dict(sorted(found.items()))
