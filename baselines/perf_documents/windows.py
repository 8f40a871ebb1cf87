"""The windows of a stored run: one text a series, read only when somebody asks for them.

A text is JSON of nested arrays that needs no escaping inside JSON: an array of cells, each
`[phase, window, field, ...]` with the fields in the order of the dataclass. A phase is its place in
`PHASES`. A histogram is `[sum, min, max, [index, count, ...]]`, with `[[limit, below, equal], ...]`
as a fifth element where it has splits; it is 0 where it is empty.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import ValidationError

from perf_analysis.histogram import Histogram
from perf_analysis.series import PHASES, Cell, ScenarioCell, Slot, sum_scenario, sum_series
from perf_documents.cells import CellsModel, decode_scenarios, decode_series
from perf_documents.consistency import check_cells
from perf_documents.errors import DocumentError
from perf_documents.strict_json import explain, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_analysis.series import SeriesKey

C = TypeVar("C", Cell, ScenarioCell)
_CELL = tuple(spec.name for spec in fields(Cell))
_SCENARIO = tuple(spec.name for spec in fields(ScenarioCell))
_HISTOGRAMS = frozenset({
    "service", "latency", "service_censored", "latency_censored", "lag", "vu_wait", "iteration",
    "dropped_latency",
})  # fmt: skip
_WITH_SPLITS = 5
_ROW = re.compile(r"^(?:series|scenarios)\[(\d+)\](?:\[\d+\])?")
# of seconds that were added up by another version of Python, or of this code
_ROUNDING = 1e-9


class Windows(Mapping[Slot, C], Generic[C]):
    """Cells by slot, decoded when the first of them is asked for.

    Raises
    ------
    DocumentError
        On each use, if the text is not what the document's sums say.
    """

    def __init__(self, text: str, decode: Callable[[str], dict[Slot, C]]) -> None:
        self._text = text
        self._decode: Callable[[str], dict[Slot, C]] = decode
        self._cells: dict[Slot, C] | None = None

    @property
    def is_decoded(self) -> bool:
        """Whether somebody asked for a cell."""
        return self._cells is not None

    def __getitem__(self, slot: Slot) -> C:
        return self._all()[slot]

    def __iter__(self) -> Iterator[Slot]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return self._all() == (other._all() if isinstance(other, Windows) else other)

    __hash__ = None  # type: ignore[assignment]  # as of any mapping

    def _all(self) -> dict[Slot, C]:
        if self._cells is None:
            self._cells = self._decode(self._text)
            # a long run's texts are tens of megabytes, and nobody needs them now
            self._text = ""
        return self._cells


def encode_windows(slots: Mapping[Slot, Cell] | Mapping[Slot, ScenarioCell]) -> str:
    """Return the text of a series' or scenario's windows, in order of phase and time."""
    order = sorted(slots, key=lambda slot: (PHASES.index(slot.phase), slot.window))
    rows = [_row(slot, slots[slot]) for slot in order]
    return json.dumps(rows, separators=(",", ":"), allow_nan=False)


def series_windows(
    key: SeriesKey, text: str, sums: Mapping[str, Cell], place: str
) -> Windows[Cell]:
    """Windows of a series that add up to `sums`; `place` names them in errors."""

    def decode(text: str) -> dict[Slot, Cell]:
        rows = [(*key, *row) for row in _rows(text, _CELL, place)]
        cells = decode_series(_checked({"series": rows}, place).series).get(key, {})
        _check_sums(sum_series(cells), sums, place)
        return cells

    return Windows(text, decode)


def scenario_windows(
    name: str, text: str, sums: Mapping[str, ScenarioCell], place: str
) -> Windows[ScenarioCell]:
    """Windows of a scenario that add up to `sums`; `place` names them in errors."""

    def decode(text: str) -> dict[Slot, ScenarioCell]:
        rows = [(name, *row) for row in _rows(text, _SCENARIO, place)]
        cells = decode_scenarios(_checked({"scenarios": rows}, place).scenarios).get(name, {})
        _check_sums(sum_scenario(cells), sums, place)
        return cells

    return Windows(text, decode)


def _check_sums(found: Mapping[str, C], stated: Mapping[str, C], place: str) -> None:
    """Refuse windows that add up to something else, or to phases in another order."""
    if list(found) != list(stated) or not all(
        _is_equal(getattr(found[phase], name), getattr(cell, name))
        for phase, cell in stated.items()
        for name in cell.__slots__
    ):
        raise DocumentError(f"{place}: the windows do not add up to the sums beside them")


def _is_equal(found: object, stated: object) -> bool:
    """Whether two sums of one field are equal, but for the rounding of seconds added up."""
    if isinstance(found, Histogram) and isinstance(stated, Histogram):
        return _is_equal(found.sum_s, stated.sum_s) and found == replace(stated, sum_s=found.sum_s)
    if isinstance(found, float) and isinstance(stated, float):
        return math.isclose(found, stated, rel_tol=_ROUNDING)
    return found == stated


def _checked(document: Mapping[str, object], place: str) -> CellsModel:
    """Cells of rows, under all rules that hold for cells."""
    try:
        model = CellsModel.model_validate(document)
    except ValidationError as error:
        refuse([_located(line, place) for line in explain(error)])
    problems = check_cells(model)
    if problems:
        refuse([_located(line, place) for line in problems])
    return model


def _located(line: str, place: str) -> str:
    """Problem of a row, with its place in the text: of `series[3][8].n`, `[3].n` remains."""
    return place + _ROW.sub(r"[\1]", line)


def _rows(text: str, names: tuple[str, ...], place: str) -> Iterator[tuple[object, ...]]:
    """Rows `phase, window, cell` as spools hold them."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        # a text of nothing but brackets may be nested deeper than the parser's stack
        raise DocumentError(f"{place}: is not windows: {error}") from error
    for number, row in enumerate(found):
        if not isinstance(row, list) or len(row) != len(names) + 2:
            raise DocumentError(f"{place}[{number}]: is no cell of {len(names)} fields")
        phase = row[0]
        if type(phase) is not int or phase not in range(len(PHASES)):
            raise DocumentError(f"{place}[{number}]: begins with no phase: 0 to {len(PHASES) - 1}")
        values = zip(names, row[2:], strict=True)
        cell = {name: _field(name, value) for name, value in values if value != 0}
        yield PHASES[phase], row[1], cell


def _field(name: str, value: object) -> object:
    if name not in _HISTOGRAMS or not isinstance(value, list) or len(value) not in {4, 5}:
        return value
    coded = {"sum": value[0], "min": value[1], "max": value[2], "b": value[3]}
    return coded | ({"at": _tuples(value[4])} if len(value) == _WITH_SPLITS else {})


def _tuples(splits: object) -> object:
    """Splits as strict models take them from Python; what is no list, they refuse themselves."""
    if not isinstance(splits, list):
        return splits
    return [tuple(split) if isinstance(split, list) else split for split in splits]


def _row(slot: Slot, cell: Cell | ScenarioCell) -> list[object]:
    names = _CELL if isinstance(cell, Cell) else _SCENARIO
    values = [getattr(cell, name) for name in names]
    return [PHASES.index(slot.phase), slot.window, *map(_coded, values)]


def _coded(value: object) -> object:
    if isinstance(value, Histogram):
        return _histogram(value)
    # 0 and 0.0 are equal and must give equal bytes
    return value or 0


def _histogram(histogram: Histogram) -> object:
    if not histogram.counts:
        return 0
    flat = [number for pair in histogram.counts.items() for number in pair]
    coded: list[object] = [histogram.sum_s, histogram.min_s, histogram.max_s, flat]
    if histogram.splits:
        coded.append([[limit, s.below, s.equal] for limit, s in histogram.splits.items()])
    return coded
