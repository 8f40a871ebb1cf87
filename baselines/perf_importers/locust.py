"""Locust's own statistics: `--json`, `_stats.csv`, `_stats_history.csv`; times in milliseconds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from perf_analysis.reduction import figures_of
from perf_analysis.series import CANDIDATE, Cell, SeriesKey
from perf_importers.counted import cells_of, measured_of
from perf_importers.nodes import root, stamp_s
from perf_importers.reading import Reading, check_epoch, of_summaries
from perf_importers.rows import MAX_NAMES, SHOWN, RowError, check_name, clean_names
from perf_importers.summaries import Summary, coarse
from perf_importers.tables import Row, number_of, read_rows

if TYPE_CHECKING:
    from perf_importers.nodes import Node
    from perf_importers.source import Source

TOOL = "locust"
STATS = ("Type", "Name", "Request Count", "Failure Count", "Min Response Time")
HISTORY = ("Timestamp", "User Count", "Type", "Name", "Total Request Count", "Total Failure Count")
AGGREGATED = "Aggregated"
_MS = 1e-3
_STEPS = ((0.1, 0.001), (1.0, 0.01), (10.0, 0.1))
_ROUNDED = "Locust rounds response times: to 1 ms below 100, 10 below 1,000, 100 below 10,000"


def step_s(value_s: float) -> float:
    """To which Locust rounds a response time of this size.

    Examples
    --------
    >>> step_s(0.05), step_s(0.25), step_s(4.2), step_s(20.0)
    (0.001, 0.01, 0.1, 1.0)
    """
    return next((step for below, step in _STEPS if value_s < below), 1.0)


def read_json(source: Source) -> Reading:
    """Read the list that `--json` prints: response times as they were counted.

    Notes
    -----
    Which of the counted times belong to failures is not told: they are spread evenly, and all
    figures over both are exact.
    """
    document = root(source)
    entries = document.items()
    if not entries:
        raise document.error("holds no statistics: no request was made")
    labels = [(entry.get("method").text(), entry.get("name").text()) for entry in entries]
    try:
        names = clean_names(labels)
    except ValueError as error:
        raise document.error(str(error)) from error
    cells: dict[SeriesKey, Cell] = {}
    for entry, (method, _), name in zip(entries, labels, names, strict=True):
        try:
            check_name(method, name)
        except RowError as error:
            raise entry.error(str(error)) from error
        for failure, cell in _cells(entry).items():
            cells[SeriesKey(CANDIDATE, TOOL, method, name, 0, failure)] = cell
    if len(entries) > MAX_NAMES:
        raise document.error(f"more than {MAX_NAMES} names; group them")
    began = [_moment(entry.get("start_time")) for entry in entries]
    ended = [_ended(entry) for entry in entries]
    length_s = max(1.0, max(ended) - min(began))
    measured = measured_of(cells, length_s, SHOWN)
    return Reading(
        tool=TOOL,
        source=str(source.path),
        sha256=source.sha256,
        measured=measured,
        figures=coarse(figures_of("", measured), step_s),
        started_s=min(began),
        length_s=length_s,
        names=len(entries),
        resolution_s=_MS,
        notes=(_ROUNDED,),
        requests=sum(cell.n for cell in cells.values()),
    )


def _moment(node: Node) -> float:
    """Moment of an entry."""
    try:
        return check_epoch(node.number(), "time")
    except ValueError as error:
        raise node.error(str(error)) from error


def _ended(entry: Node) -> float:
    last = entry.find("last_request_timestamp")
    return _moment(last) if last else _moment(entry.get("start_time"))


def _cells(entry: Node) -> dict[str, Cell]:
    times: dict[float, int] = {}
    for text, count in entry.get("response_times").members().items():
        value_ms = number_of(text)
        if value_ms is None or value_ms < 0.0:
            raise count.error("the key is no number of milliseconds")
        times[value_ms * _MS] = times.get(value_ms * _MS, 0) + count.count()
    try:
        n, failed = entry.get("num_requests").count(), entry.get("num_failures").count()
        return cells_of(n, failed, service=times)
    except ValueError as error:
        raise entry.error(str(error)) from error


@dataclass(slots=True)
class _Table:
    """Rows of either table as they come; of a name that comes again, the last one stands."""

    rows: dict[tuple[str, str], Summary] = field(default_factory=dict)
    rate: float = 0.0
    first_s: float = math.inf
    last_s: float = -math.inf


def read_stats(source: Source) -> Reading:
    """Read `_stats.csv`: the row without a type is the sum, whatever else is called Aggregated."""
    table = _Table()

    def take(row: Row) -> None:
        summary = _summary(row, "")
        key = (summary.method, summary.name)
        if key in table.rows:
            raise RowError(f"{summary.label or AGGREGATED}: stands twice")
        table.rows[key] = summary
        if not summary.label:
            table.rate = row.number("Requests/s")

    read_rows(source, take, needed=STATS)
    total = table.rows.get(("", ""))
    if total is None:
        raise source.error("holds no row Aggregated: the file is not whole")
    length_s = total.n / table.rate if table.rate else 1.0
    return _stated(source, table, length_s)


def read_history(source: Source) -> Reading:
    """Read `_stats_history.csv`: the last row of each name, whose totals are of the whole run.

    Notes
    -----
    The quantiles of a row are those since the start; with `--csv-full-history`, which shows by rows
    of single names, they are those of the last ten seconds, and are not carried.
    """
    table = _Table()

    def take(row: Row) -> None:
        at_s = check_epoch(stamp_s(row.text("Timestamp")), "Timestamp")
        table.first_s, table.last_s = min(table.first_s, at_s), max(table.last_s, at_s)
        summary = _summary(row, "Total ")
        table.rows[summary.method, summary.name] = summary

    read_rows(source, take, needed=HISTORY)
    if ("", "") not in table.rows:
        raise source.error("holds no row Aggregated: the file is not whole")
    notes: tuple[str, ...] = ()
    if len(table.rows) > 1:
        table.rows = {key: _lasting(summary) for key, summary in table.rows.items()}
        notes = ("with --csv-full-history, quantiles are of the last seconds only: left out",)
    length_s = max(1.0, table.last_s - table.first_s)
    reading = _stated(source, table, length_s)
    return replace(reading, started_s=table.first_s, notes=(*reading.notes, *notes))


def _lasting(summary: Summary) -> Summary:
    kept = {q: value for q, value in summary.quantiles_s.items() if q in {0.0, 0.5, 1.0}}
    return replace(summary, quantiles_s=kept)


def _summary(row: Row, total: str) -> Summary:
    method, name = row.text("Type"), row.text("Name")
    if not method and name == AGGREGATED:
        name = ""
    elif not name:
        raise RowError("Name: is empty")
    n = _whole(row, f"{total}Request Count")
    quantiles: dict[float, float] = {}
    if n:
        low_s = row.number(f"{total}Min Response Time") * _MS
        high_s = row.number(f"{total}Max Response Time") * _MS
        for column in row.places:
            percent = number_of(column.removesuffix("%")) if column.endswith("%") else None
            if percent is not None and 0.0 < percent < _WHOLE and row.text(column) != "N/A":
                # the extremes are exact where quantiles are rounded
                value_s = min(max(row.number(column) * _MS, low_s), high_s)
                quantiles[round(percent / _WHOLE, 12)] = value_s
        median_s = min(max(row.number(f"{total}Median Response Time") * _MS, low_s), high_s)
        quantiles |= {0.0: low_s, 0.5: median_s, 1.0: high_s}
    return Summary(
        method=method,
        name=name,
        n=n,
        failed=_whole(row, f"{total}Failure Count"),
        average_s=row.number(f"{total}Average Response Time") * _MS if n else None,
        quantiles_s=dict(sorted(quantiles.items())),
    )


_WHOLE = 100.0


def _whole(row: Row, column: str) -> int:
    value = row.number(column)
    if value != int(value):
        raise RowError(f"{column}: found {value:g}; expected a whole number")
    return int(value)


def _stated(source: Source, table: _Table, length_s: float) -> Reading:
    summaries = list(table.rows.values())
    if not table.rows["", ""].n:
        raise source.error("no request was made")
    reading = of_summaries(source, summaries, tool=TOOL, length_s=length_s, resolution_s=step_s)
    return replace(reading, names=len(summaries) - 1, resolution_s=_MS, notes=(_ROUNDED,))
