"""Sums by phase: what of a run is added up, and what is the highest or the last."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from perf_analysis.filling import build
from perf_analysis.grammar import parse_threshold
from perf_analysis.series import (
    PHASES,
    Cell,
    Measured,
    ScenarioCell,
    Slot,
    Sums,
    add_scenario_cells,
    sum_scenario,
    sum_series,
)
from perf_analysis.thresholds import evaluate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.analysis.conftest import Make


class Unread(dict[Slot, Cell]):
    """Windows that nobody may look at."""

    def __iter__(self) -> Iterator[Slot]:
        raise AssertionError("a window was looked at")

    def items(self) -> None:  # type: ignore[override]  # never returns
        iter(self)

    def values(self) -> None:  # type: ignore[override]  # never returns
        iter(self)


def test_requests_are_added_up_by_phase() -> None:
    slots = {
        Slot("ramp", 0): Cell(n=1, first=1, service=build([0.1])),
        Slot("sustained", 1): Cell(n=2, asserted=2, service=build([0.2, 0.3])),
        Slot("sustained", 2): Cell(n=4, received_bytes=7, service=build([0.4])),
    }
    assert sum_series(slots) == {
        "ramp": Cell(n=1, first=1, service=build([0.1])),
        "sustained": Cell(n=6, asserted=2, received_bytes=7, service=build([0.2, 0.3, 0.4])),
    }
    assert sum_series({}) == {}


def test_users_of_a_phase_are_those_of_its_last_window() -> None:
    slots = {
        Slot("sustained", 2): ScenarioCell(started=1, vus=3, vus_busy_max=2),
        Slot("sustained", 0): ScenarioCell(started=2, vus=9, vus_busy_max=8),
        Slot("sustained", 1): ScenarioCell(started=4, vus=5, vus_busy_max=4),
    }
    assert sum_scenario(slots) == {
        "sustained": ScenarioCell(started=7, vus=3, vus_busy_max=8),
    }


def test_a_phase_that_comes_again_is_as_late_as_its_last_window(make: Make) -> None:
    slots = {
        Slot("ramp", 0): ScenarioCell(vus=1),
        Slot("sustained", 1): ScenarioCell(vus=5),
        Slot("ramp", 2): ScenarioCell(vus=2),
    }
    assert list(sum_scenario(slots)) == ["sustained", "ramp"]
    measured = replace(make.measured(), scenarios={"web": slots})
    assert measured.scenario_cell("all").vus == 2
    assert measured.scenario_cell("ramp").vus == 2
    assert evaluate(parse_threshold("vus{phase:all}", "value==2"), measured).observed == 2


@pytest.mark.parametrize("order", [1, -1])
def test_phases_of_one_window_follow_each_other_as_in_a_schedule(order: int) -> None:
    slots = {Slot(phase, 5): ScenarioCell(vus=place) for place, phase in enumerate(PHASES)}
    shuffled = dict(list(slots.items())[::order])
    assert list(sum_scenario(shuffled)) == list(PHASES)


def test_seconds_are_rounded_once_under_every_version_of_python() -> None:
    # `sum` of floats gives 0.9999999999999999 before Python 3.12
    tenths = [ScenarioCell(vu_seconds=0.1, vu_seconds_planned=0.1)] * 10
    summed = add_scenario_cells(tenths)
    assert (summed.vu_seconds, summed.vu_seconds_planned) == (1.0, 1.0)


def test_kept_sums_stand_for_the_windows(make: Make) -> None:
    series: Mapping[Slot, Cell] = Unread()
    key = make.key()
    measured = make.measured()
    source = ({key: series}, measured.scenarios)
    sums = Sums({key: {"sustained": make.cell([0.1] * 300)}}, measured.sums.scenarios, source)
    stored = replace(measured, series=source[0], kept=sums)
    assert stored.cells("sustained")[key].n == 300
    assert evaluate(parse_threshold("http_req_duration", "p(50)<200"), stored).n == 300
    assert evaluate(parse_threshold("http_reqs", "count==300"), stored).observed == 300


def test_kept_sums_are_not_those_of_other_windows(make: Make) -> None:
    measured = make.measured(make.row(make.counted(3)))
    source = (measured.series, measured.scenarios)
    kept = Sums({}, {}, source)
    assert replace(measured, kept=kept).sums is kept
    changed = replace(measured, kept=kept, series={make.key(): {Slot("ramp", 0): Cell(n=5)}})
    assert changed.sums.series == {make.key(): {"ramp": Cell(n=5)}}


def test_equal_measurements_are_equal_whatever_is_kept(make: Make) -> None:
    measured = make.measured(make.row(make.counted(3)))
    again = replace(measured, kept=measured.sums)
    assert again == measured
    assert isinstance(again, Measured)
    assert "kept" not in repr(again)
