"""Runs reduced to what a trend draws, kept in a cache: ten thousand records take long to read."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from perf_baselines.trend_points import SeriesName, counts, points_of
from perf_documents.errors import PerfError
from perf_documents.files import make_private_folder, read_bounded, write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from perf_baselines.history import History
    from perf_baselines.record import Record

_SCHEMA = 1
_MAX_BYTES = 512 * 1024 * 1024
# Of every name the p95 alone is drawn; of all requests together these as well.
_OF_ALL_REQUESTS = ("p50", "p99")
_DIGITS = 6
_LOAD_DIGITS = 12
_REASON = 160


class Row(NamedTuple):
    """One run: JSON in the cache, so no richer than that.

    `figures` holds four numbers for each series: which one, value, low and high.
    """

    stamp: str
    run_id: str
    started_at: str
    profile: str
    environment: str
    branch: str
    commit: str
    load: str
    verdict: str
    valid: bool
    reason: str
    figures: list[float]


@dataclass(slots=True)
class Rows:
    """All runs of a history, in the order of their starts.

    Attributes
    ----------
    names : list of SeriesName
        What the first number of each four in `Row.figures` counts into.
    texts : dict of str to str
        Rows by run id as they stand in the cache: numbers are slow to write.
    found : dict of str to object
        Change points by a hash of the values they were found in, as JSON.
    """

    names: list[SeriesName] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    found: dict[str, object] = field(default_factory=dict)
    changed: bool = False


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
    new = set(missing)
    for record in history.records(missing):
        kept[record.run_id] = row_of(record, stamps[record.run_id], places)
    known.names = list(places)
    known.texts = {run_id: known.texts[run_id] for run_id in known.texts if run_id not in new}
    known.rows = sorted(kept.values(), key=lambda row: (row.started_at, row.run_id))
    return known


def save_rows(rows: Rows, cache: Path) -> None:
    """Keep what was read; `StoreError` where that is not possible."""
    head = {"schema": _SCHEMA, "names": rows.names, "found": rows.found}
    lines = [_compact(head)]
    lines += [rows.texts.get(row.run_id) or _compact(row) for row in rows.rows]
    make_private_folder(cache.parent)
    write_atomic(cache, "\n".join(lines).encode())


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def row_of(record: Record, stamp: str, places: dict[SeriesName, int]) -> Row:
    """Row of a record; names of series that are new are given the next places."""
    flat: list[float] = []
    for name, *numbers in points_of(record):
        if name.label and name.metric in _OF_ALL_REQUESTS:
            continue
        place = places.setdefault(name, len(places))
        flat += (place, *(float(f"{number:.{_DIGITS}g}") for number in numbers))
    return Row(
        stamp=stamp,
        run_id=record.run_id,
        started_at=record.started_at,
        profile=record.profile,
        environment=record.environment,
        branch=record.branch,
        commit=record.commit,
        load=record.load_hash[:_LOAD_DIGITS],
        verdict=str(record.verdict or ""),
        valid=counts(record),
        reason=record.reason[:_REASON],
        figures=flat,
    )


def _load(cache: Path) -> Rows:
    """What was kept; nothing where there is no cache, or one that cannot be used."""
    if not cache.exists():
        return Rows()
    try:
        head, *lines = read_bounded(cache, _MAX_BYTES).decode().split("\n")
        document = json.loads(head)
        return _decoded(document, lines) if document["schema"] == _SCHEMA else Rows()
    except (PerfError, ValueError, TypeError, KeyError):
        # a cache: read anew
        return Rows()


def _decoded(head: Mapping[str, list[list[object]]], lines: list[str]) -> Rows:
    rows = [Row(*row) for row in json.loads(f"[{','.join(lines)}]")]
    return Rows(
        names=[SeriesName(*map(str, name)) for name in head["names"]],
        rows=rows,
        texts={row.run_id: line for row, line in zip(rows, lines, strict=True)},
        found=dict(head["found"]),  # type: ignore[arg-type]  # as it was written
    )
