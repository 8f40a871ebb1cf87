"""What a run document's figures must agree on, beyond the form of each."""

from __future__ import annotations

import unicodedata
from itertools import islice
from typing import TYPE_CHECKING

from perf_analysis.histogram import LARGEST_S, bucket_index
from perf_analysis.timings import TIMINGS
from perf_documents.cells import CellModel, HistogramModel
from perf_documents.strict_json import MAX_PROBLEMS, place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perf_documents.cells import CellsModel, ScenarioCellModel, TimingsModel
    from perf_documents.models import MeasuredModel

MAX_NAME_LENGTH = 200
# 500, and the one that holds the rest
MAX_NAMES = 501
# of sums, which are rounded once for each sample or merge
_ROUNDING = 1e-6
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SERIES_KEY = 6
_SERIES_NAME = 3


def check_cells(cells: CellsModel, prefix: str = "") -> list[str]:
    """Return what is wrong, as `place: cause`; the search ends after enough was found."""
    return _first(_problems(cells), prefix)


def check_sums(measured: MeasuredModel, prefix: str = "") -> list[str]:
    """Return what is wrong with the sums of a document, in the same way."""
    return _first(_sum_problems(measured), prefix)


def _first(problems: Iterator[str], prefix: str) -> list[str]:
    return [f"{prefix}{problem}" for problem in islice(problems, MAX_PROBLEMS + 1)]


def _problems(cells: CellsModel) -> Iterator[str]:
    yield from _check_rows("series", [row[:-1] for row in cells.series])
    yield from _check_rows("scenarios", [row[:-1] for row in cells.scenarios])
    yield from _check_rows("ended", [row[:1] for row in cells.ended])
    yield from _check_names([row[:_SERIES_KEY] for row in cells.series])
    for number, row in enumerate(cells.series):
        yield from _check_cell(row[-1], place(["series", number, len(row) - 1]))
    for number, scenario in enumerate(cells.scenarios):
        yield from _check_cell(scenario[-1], place(["scenarios", number, len(scenario) - 1]))
    yield from _check_parts(cells)


def _sum_problems(measured: MeasuredModel) -> Iterator[str]:
    yield from _check_rows("series", [row[:_SERIES_KEY] for row in measured.series])
    yield from _check_rows("scenarios", [row[:1] for row in measured.scenarios])
    yield from _check_rows("ended", [row[:1] for row in measured.ended])
    yield from _check_names([row[:_SERIES_KEY] for row in measured.series])
    for number, row in enumerate(measured.series):
        yield from _check_phases(row[6], ["series", number, _SERIES_KEY])
    for number, scenario in enumerate(measured.scenarios):
        yield from _check_phases(scenario[1], ["scenarios", number, 1])
    yield from _check_parts(measured)


def _check_parts(held: CellsModel | MeasuredModel) -> Iterator[str]:
    """Timings and checks, which have a row for each phase."""
    yield from _check_rows("timings", [row[:-1] for row in held.timings])
    yield from _check_rows("checks", [row[:4] for row in held.checks])
    yield from _check_names([row[:_SERIES_KEY] for row in held.timings], "timings")
    for number, row in enumerate(held.timings):
        where, timings = place(["timings", number, len(row) - 1]), row[-1]
        yield from _check_cell(timings, where)
        if timings.timed > timings.n:
            yield f"{where}: {timings.timed} timed of n = {timings.n}"
        for name in TIMINGS:
            ended, never = getattr(timings, name), getattr(timings, f"{name}_censored")
            if _count(ended) + _count(never) != timings.timed:
                yield f"{where}.{name}: does not hold timed = {timings.timed} samples"
    for number, (_, _, name, _, passed, made) in enumerate(held.checks):
        if passed > made:
            yield f"{place(['checks', number])}: {passed} held of {made}"
        if len(name) > MAX_NAME_LENGTH or any(unicodedata.category(c) in _UNSEEN for c in name):
            yield f"{place(['checks', number, 2])}: is too long, or holds control characters"


def _check_phases(
    sums: Sequence[tuple[str, CellModel | ScenarioCellModel]], where: list[str | int]
) -> Iterator[str]:
    phases = [phase for phase, _ in sums]
    if len(set(phases)) != len(phases):
        yield f"{place(where)}: a phase stands twice"
    for number, (_, cell) in enumerate(sums):
        yield from _check_cell(cell, place([*where, number, 1]))


def _check_rows(name: str, keys: Sequence[tuple[object, ...]]) -> Iterator[str]:
    """Two rows for one cell: one of them would silently win."""
    seen: set[tuple[object, ...]] = set()
    for number, key in enumerate(keys):
        if key in seen:
            yield f"{place([name, number])}: a row for the same cell stands above"
        seen.add(key)


def _check_names(keys: Sequence[tuple[object, ...]], rows: str = "series") -> Iterator[str]:
    # many rows share one key: each is looked at once
    first_row: dict[tuple[object, ...], int] = {}
    for number, key in enumerate(keys):
        first_row.setdefault(key, number)
    for key, number in first_row.items():
        where = place([rows, number, _SERIES_NAME])
        if len(str(key[_SERIES_NAME])) > MAX_NAME_LENGTH:
            yield f"{where}: a name has at most {MAX_NAME_LENGTH} characters"
        if any(unicodedata.category(c) in _UNSEEN for part in key for c in str(part)):
            yield f"{where}: holds control or format characters"
    names = {key[_SERIES_NAME] for key in first_row}
    if len(names) > MAX_NAMES:
        yield f"{rows}: {len(names)} names; at most {MAX_NAMES} are kept"


def _check_cell(cell: CellModel | ScenarioCellModel | TimingsModel, where: str) -> Iterator[str]:
    for name in type(cell).model_fields:
        histogram = getattr(cell, name)
        if isinstance(histogram, HistogramModel):
            for problem in _check_histogram(histogram):
                yield f"{where}.{name}: {problem}"
    if isinstance(cell, CellModel):
        for name in ("service", "latency"):
            if _count(getattr(cell, name)) + _count(getattr(cell, f"{name}_censored")) > cell.n:
                yield f"{where}.{name}: holds more samples than n = {cell.n}"


def _check_histogram(histogram: HistogramModel) -> Iterator[str]:
    low, high = histogram.min, histogram.max
    if not low <= high < LARGEST_S:
        yield f"min {low!r} and max {high!r} are not in order, or too large"
        return
    if (bucket_index(low), bucket_index(high)) != (histogram.b[0], histogram.b[-2]):
        yield f"min {low!r} or max {high!r} lies outside the outer buckets"
    n = _count(histogram)
    if not n * low * (1 - _ROUNDING) <= histogram.sum <= n * high * (1 + _ROUNDING):
        yield f"sum {histogram.sum!r} does not fit {n} samples from {low!r} to {high!r}"
    if histogram.zero > (histogram.b[1] if histogram.b[0] == 0 else 0):
        yield f"zero: {histogram.zero} is more than the first bucket holds"
    if histogram.at:
        yield from _check_splits(histogram)


def _check_splits(histogram: HistogramModel) -> Iterator[str]:
    counts = dict(zip(histogram.b[::2], histogram.b[1::2], strict=True))
    if len({limit for limit, _, _ in histogram.at}) != len(histogram.at):
        yield "at: a limit stands twice"
    for limit, below, equal in histogram.at:
        if below + equal > counts.get(bucket_index(limit), 0):
            yield f"at: more samples beside {limit!r} than its bucket holds"


def _count(histogram: HistogramModel | None) -> int:
    return 0 if histogram is None else sum(histogram.b[1::2])
