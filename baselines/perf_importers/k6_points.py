"""k6's samples as they were written during the test: JSON lines and CSV."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perf_analysis.series import SUSTAINED, ScenarioCell, Slot
from perf_importers.failures import class_of
from perf_importers.json_lines import read_lines
from perf_importers.nodes import moment_s, stamp_s
from perf_importers.reading import check_epoch, of_rows
from perf_importers.rows import SHOWN, RowError, Rows
from perf_importers.source import shown
from perf_importers.tables import Decimals, Row, number_of, read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_analysis.series import Measured
    from perf_importers.nodes import Node
    from perf_importers.reading import Reading
    from perf_importers.source import Source

TOOL = "k6"
DURATION, DROPPED = "http_req_duration", "dropped_iterations"
COLUMNS = ("metric_name", "timestamp", "metric_value")
_MS = 1e-3
# k6's own code of a request that ran into its deadline
_TIMED_OUT = "1050"
_WANTED = (f'"{DURATION}"', f'"{DROPPED}"')


class _Points:
    """Requests out of points of `http_req_duration`; a point is stamped at the request's end."""

    def __init__(self) -> None:
        self.rows = Rows(TOOL)
        self.decimals = Decimals()
        self.judged = True
        self.dropped = 0

    def add(self, end_s: float, value: str, tags: Mapping[str, str]) -> None:
        duration_ms = number_of(value)
        if duration_ms is None or duration_ms < 0.0:
            raise RowError(f"value: found {shown(value)}; expected a number of ms from 0")
        duration_s = duration_ms * _MS
        status = tags.get("status", "0")
        code = int(status) if status.isascii() and status.isdigit() else 0
        expected = tags.get("expected_response", "")
        self.judged = self.judged and expected in {"true", "false"}
        is_late = tags.get("error_code") == _TIMED_OUT
        error = class_of(code, is_late=is_late) if expected == "false" else ""
        key = self.rows.series_key(
            tags.get("name") or tags.get("url") or "request",
            method=tags.get("method", ""), status=code, error=error,
        )  # fmt: skip
        answered = code > 0 or not error
        censored = error == "timeout"
        start_s = check_epoch(end_s, "time") - duration_s
        self.rows.add(key, start_s, duration_s if answered or censored else None, censored=censored)
        self.decimals.see(value)

    def drop(self, value: str) -> None:
        """Count iterations that k6 never started."""
        count = number_of(value)
        if count is None or count < 0.0 or count != int(count):
            raise RowError(f"value: found {shown(value)}; expected a whole number from 0")
        self.dropped += int(count)

    def reading(self, source: Source, notes: tuple[str, ...] = ()) -> Reading:
        if not self.rows.count:
            raise source.error(f"holds no {DURATION}: no HTTP request was made")
        if not self.judged:
            notes = (*notes, "requests lack expected_response: which of them failed is not known")
        shows = SHOWN if self.judged else SHOWN - {"http_req_failed"}
        shows |= {DROPPED} if self.dropped else set()
        reading = of_rows(
            source, self.rows, tool=TOOL, resolution_s=self.decimals.step * _MS,
            shows=shows, notes=notes,
        )  # fmt: skip
        return replace(
            reading, includes_connect=False, measured=with_dropped(reading.measured, self.dropped)
        )


def with_dropped(measured: Measured, dropped: int, iterations: int = 0) -> Measured:
    """Arrivals beside the requests: those that were never started count as failed."""
    cell = ScenarioCell(
        planned=iterations + dropped, started=iterations, finished=iterations, dropped=dropped
    )
    return replace(measured, scenarios={TOOL: {Slot(SUSTAINED, 0): cell}}, open_model=dropped > 0)


def read_json(source: Source) -> Reading:
    """Read the output of `--out json=FILE`."""
    points = _Points()

    def take(point: Node) -> None:
        kind, metric = point.get("type").text(), point.get("metric").text()
        if kind != "Point" or metric not in {DURATION, DROPPED}:
            return
        data = point.get("data")
        if metric == DROPPED:
            points.drop(repr(data.get("value").number()))
            return
        tags = data.find("tags")
        texts = {k: str(v.value) for k, v in tags.members().items()} if tags else {}
        points.add(moment_s(data.get("time").text()), repr(data.get("value").number()), texts)

    notes = read_lines(source, take, wanted=_WANTED)
    return points.reading(source, notes)


def read_csv(source: Source) -> Reading:
    """Read the output of `--out csv=FILE`; its times are whole seconds unless k6 was told."""
    points = _Points()

    def take(row: Row) -> None:
        if row.text("metric_name") == DROPPED:
            points.drop(row.text("metric_value"))
        if row.text("metric_name") == DURATION:
            tags = {column: row.text(column) for column in row.places}
            points.add(stamp_s(row.text("timestamp")), row.text("metric_value"), tags)

    read_rows(source, take, needed=COLUMNS)
    return points.reading(source)
