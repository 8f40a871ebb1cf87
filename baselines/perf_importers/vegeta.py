"""vegeta: results as JSON lines or CSV, and the JSON report; times in nanoseconds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from perf_importers.failures import CLIENT_ERROR, class_of
from perf_importers.json_lines import read_lines
from perf_importers.nodes import moment_s, root
from perf_importers.reading import check_epoch, of_rows, of_summaries
from perf_importers.rows import RowError, Rows
from perf_importers.summaries import EVERYTHING, Summary
from perf_importers.tables import Row, read_rows

if TYPE_CHECKING:
    from perf_importers.nodes import Node
    from perf_importers.reading import Reading
    from perf_importers.source import Source

TOOL = "vegeta"
# of a CSV without a header; bodies and headers are passed over
COLUMNS = ("timestamp", "code", "latency", "bytes_out", "bytes_in", "error", "body", "attack",
           "seq", "method", "url", "headers")  # fmt: skip
_NS = 1e-9
_QUANTILES = {"min": 0.0, "50th": 0.5, "90th": 0.9, "95th": 0.95, "99th": 0.99, "max": 1.0}
_LATE = ("timeout", "deadline exceeded")
_SUCCESS = 200


def read_json(source: Source) -> Reading:
    """Read `vegeta encode --to json`."""
    rows = Rows(TOOL)

    def take(result: Node) -> None:
        url, method, error = (result.find(key) for key in ("url", "method", "error"))
        request = _Request(
            at_s=moment_s(result.get("timestamp").text()),
            latency_s=result.get("latency").number() * _NS,
            code=result.get("code").count(),
            error=error.text() if error else "",
            method=method.text() if method else "",
            url=url.text() if url else "",
        )
        _add(rows, request)

    notes = read_lines(source, take)
    return _reading(source, rows, notes)


def read_csv(source: Source) -> Reading:
    """Read `vegeta encode --to csv`, which has no header."""
    rows = Rows(TOOL)

    def take(row: Row) -> None:
        code = row.text("code")
        if not (code.isascii() and code.isdigit()):
            raise RowError("code: expected the status of the answer, 0 for none")
        request = _Request(
            at_s=row.number("timestamp") * _NS,
            latency_s=row.number("latency") * _NS,
            code=int(code),
            error=row.text("error"),
            method=row.text("method"),
            url=row.text("url"),
        )
        _add(rows, request)

    read_rows(source, take, needed=COLUMNS, columns=COLUMNS)
    return _reading(source, rows, ())


class _Request(NamedTuple):
    """One result, of either form."""

    at_s: float
    latency_s: float
    code: int
    error: str
    method: str
    url: str


def _add(rows: Rows, request: _Request) -> None:
    at_s, latency_s, code, error, method, url = request
    check_epoch(at_s, "timestamp")
    is_late = any(word in error.lower() for word in _LATE)
    failed = not _SUCCESS <= code < CLIENT_ERROR or error
    name = class_of(code, is_late=is_late) if failed else ""
    key = rows.series_key(_name(url), method=method, status=code, error=name)
    censored = name == "timeout"
    rows.add(key, at_s, latency_s if code or censored else None, censored=censored)


def _name(url: str) -> str:
    """Path of a URL; queries would make a name of every request."""
    try:
        return urlsplit(url).path or EVERYTHING
    except ValueError as error:
        raise RowError(f"url: {error}") from error


def _reading(source: Source, rows: Rows, notes: tuple[str, ...]) -> Reading:
    if not rows.count:
        raise source.error("holds no requests")
    return of_rows(source, rows, tool=TOOL, resolution_s=_NS, notes=notes)


def read_report(source: Source) -> Reading:
    """Read `vegeta report --type json`."""
    report = root(source)
    latencies = report.get("latencies")
    n = report.get("requests").count()
    if not n:
        raise report.error("requests: no request was made")
    success = report.get("success").number()
    if success > 1.0:
        raise report.get("success").error(f"found {success:g}; expected a share of one")
    length_s = report.get("duration").number() * _NS or 1.0
    average = latencies.find("mean")
    summary = Summary(
        n=n,
        failed=round(n * (1.0 - success)),
        average_s=average.number() * _NS if average else None,
        quantiles_s={
            q: node.number() * _NS
            for key, q in _QUANTILES.items()
            if (node := latencies.find(key)) is not None
        },
    )
    reading = of_summaries(source, [summary], tool=TOOL, length_s=length_s)
    earliest = report.find("earliest")
    started_s = earliest.time_s() if earliest else None
    return replace(reading, started_s=started_s, resolution_s=_NS)
