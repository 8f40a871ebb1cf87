"""The cells of schema 1: one row for each series and window, all read at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import ValidationError

from perf_analysis.series import sum_scenario, sum_series
from perf_documents.cells import CellsModel, decode_scenarios, decode_series, encode_cell
from perf_documents.consistency import check_cells
from perf_documents.strict_json import explain, refuse
from perf_documents.windows import encode_windows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_analysis.series import Cell, ScenarioCell

_ROWS = ("series", "scenarios", "ended")


def group_rows(measured: object) -> dict[str, object]:
    """`measured` of schema 1 in the form of schema 2.

    Raises
    ------
    DocumentError
        If its rows are not what schema 1 allows.
    """
    held = measured if isinstance(measured, dict) else {}
    rows = {name: held.get(name, []) for name in _ROWS}
    try:
        model = CellsModel.model_validate_json(json.dumps(rows))
    except (ValidationError, ValueError) as error:
        said = explain(error) if isinstance(error, ValidationError) else [str(error)]
        refuse([f"measured.{line}" for line in said])
    if problems := check_cells(model, "measured."):
        refuse(problems)
    series, scenarios = decode_series(model.series), decode_scenarios(model.scenarios)
    return held | {
        "series": [
            [*key, _sums(sum_series(slots)), encode_windows(slots)]
            for key, slots in sorted(series.items())
        ],
        "scenarios": [
            [name, _sums(sum_scenario(cells)), encode_windows(cells)]
            for name, cells in sorted(scenarios.items())
        ],
    }


def _sums(sums: Mapping[str, Cell] | Mapping[str, ScenarioCell]) -> list[object]:
    return [[phase, encode_cell(cell)] for phase, cell in sums.items()]
