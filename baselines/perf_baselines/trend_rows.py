"""Runs reduced to what a trend draws, kept in a cache: ten thousand records take long to read."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypedDict

import numpy as np

from perf_baselines.trend_points import SeriesName, counts, points_of
from perf_documents.errors import PerfError
from perf_documents.files import make_private_folder, read_bounded, write_atomic

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from perf_baselines.history import History
    from perf_baselines.record import Record

    Floats = NDArray[np.float64]

_SCHEMA = 2
_MAX_BYTES = 512 * 1024 * 1024
# Of every name the p95 alone is drawn, where there is one; of all requests these as well.
_DRAWN, _OF_ALL_REQUESTS = "p95", ("p50", "p99")
_DIGITS = 6
_LOAD_DIGITS = 12
_REASON = 160
# of a figure: which series, its value, and both ends of the interval
_NUMBERS, _KIND = 4, np.dtype("<f8")


class Row(NamedTuple):
    """One run: JSON in the cache, so no richer than that."""

    stamp: str
    run_id: str
    started_at: str
    profile: str
    environment: str
    branch: str
    commit: str
    committed_at: str
    load: str
    verdict: str
    valid: bool
    reason: str


@dataclass(slots=True)
class Rows:
    """All runs of a history, in the order of their starts.

    Attributes
    ----------
    names : list of SeriesName
        What the first number of a figure counts into.
    figures : dict of str to array
        By run id a row for each series: which one, value, low and high.
    found : dict of str to object
        Change points by a hash of the values they were found in, as JSON.
    """

    names: list[SeriesName] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    figures: dict[str, Floats] = field(default_factory=dict)
    found: dict[str, object] = field(default_factory=dict)
    changed: bool = False


class _Head(TypedDict):
    """The cache's first line; the numbers of all figures follow it, eight bytes each."""

    schema: int
    names: list[list[str]]
    found: dict[str, object]
    rows: list[list[object]]
    counts: list[int]


def read_rows(history: History, cache: Path) -> Rows:
    """Rows of a history; only records that the cache does not know are read.

    Records are immutable: the size and age of its file tell whether one is still the same.
    """
    known = _load(cache)
    stamps = history.stamps()
    kept = {row.run_id: row for row in known.rows if stamps.get(row.run_id) == row.stamp}
    missing = sorted(stamps.keys() - kept.keys())
    known.changed = bool(missing) or len(kept) != len(known.rows)
    places = {name: place for place, name in enumerate(known.names)}
    for record in history.records(missing):
        run_id = record.run_id
        kept[run_id], known.figures[run_id] = row_of(record, stamps[run_id], places)
    known.names = list(places)
    known.rows = sorted(kept.values(), key=lambda row: (row.started_at, row.run_id))
    return known


def save_rows(rows: Rows, cache: Path) -> None:
    """Keep what was read; `StoreError` where that is not possible."""
    figures = [rows.figures[row.run_id] for row in rows.rows]
    head = {
        "schema": _SCHEMA,
        "names": rows.names,
        "found": rows.found,
        "rows": rows.rows,
        "counts": [len(own) for own in figures],
    }
    text = json.dumps(head, separators=(",", ":"), allow_nan=False)
    make_private_folder(cache.parent)
    write_atomic(cache, b"".join((text.encode(), b"\n", *(own.tobytes() for own in figures))))


def row_of(record: Record, stamp: str, places: dict[SeriesName, int]) -> tuple[Row, Floats]:
    """Row of a record, and its figures; names of series that are new are given the next places."""
    flat: list[float] = []
    points = list(points_of(record))
    # a micro-benchmark has a median alone
    drawn = {point.name.label for point in points if point.name.metric == _DRAWN} - {""}
    for name, *numbers in points:
        if name.label in drawn and name.metric in _OF_ALL_REQUESTS:
            continue
        place = places.setdefault(name, len(places))
        flat += (place, *(float(f"{number:.{_DIGITS}g}") for number in numbers))
    row = Row(
        stamp=stamp,
        run_id=record.run_id,
        started_at=record.started_at,
        profile=record.profile,
        environment=record.environment,
        branch=record.branch,
        commit=record.commit,
        committed_at=record.committed_at,
        load=record.load_hash[:_LOAD_DIGITS],
        verdict=str(record.verdict or ""),
        valid=counts(record),
        reason=record.reason[:_REASON],
    )
    return row, np.array(flat, dtype=_KIND).reshape(-1, _NUMBERS)


def _load(cache: Path) -> Rows:
    """What was kept; nothing where there is no cache, or one that cannot be used."""
    if not cache.exists():
        return Rows()
    try:
        data = read_bounded(cache, _MAX_BYTES)
        end = data.index(b"\n")
        head = json.loads(data[:end])
        return _decoded(head, memoryview(data)[end + 1 :]) if head["schema"] == _SCHEMA else Rows()
    except (PerfError, ValueError, TypeError, KeyError):
        # a cache: read anew
        return Rows()


def _decoded(head: _Head, numbers: memoryview) -> Rows:
    rows = [Row(*row) for row in head["rows"]]  # type: ignore[arg-type]  # as it was written
    figures = np.frombuffer(numbers, dtype=_KIND).reshape(-1, _NUMBERS)
    ends = np.cumsum([0, *head["counts"]]).tolist()
    places = figures[:, 0]
    if ends[-1] != len(figures) or not ((places >= 0) & (places < len(head["names"]))).all():
        raise ValueError("is cut off")
    return Rows(
        names=[SeriesName(*map(str, name)) for name in head["names"]],
        rows=rows,
        figures={
            row.run_id: figures[start:stop]
            for row, (start, stop) in zip(rows, pairwise(ends), strict=True)
        },
        found=dict(head["found"]),
    )
