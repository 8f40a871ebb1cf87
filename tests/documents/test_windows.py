"""Windows of a stored run: read back equal, and only when somebody asks for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from fakes.run_strategies import SLOTS, cells, scenario_cells
from fakes.runs import make_run
from perf_analysis.grammar import parse_threshold
from perf_analysis.judgement import judge
from perf_analysis.series import (
    Cell,
    ScenarioCell,
    SeriesKey,
    Slot,
    sum_scenario,
    sum_series,
)
from perf_analysis.verdict import Verdict
from perf_documents import models
from perf_documents.codec import dump_run, load_run
from perf_documents.windows import (
    Windows,
    encode_windows,
    scenario_windows,
    series_windows,
)
from perf_reports.view import build_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_documents.run import Run

K = TypeVar("K")
V = TypeVar("V")
KEY = SeriesKey("candidate", "Api", "GET", "/", 200, "")
PLACE = "measured.series[0][7]"
RUN = make_run(1, verdict=Verdict.PASS)
DATA = dump_run(RUN)
# the first series, which has two phases
SLOTS_OF_FIRST = RUN.measured.series[min(RUN.measured.series)]
SUMS = sum_series(SLOTS_OF_FIRST)
TEXT = encode_windows(SLOTS_OF_FIRST)
# a text where documents hold it
HELD: TypeAdapter[str] = TypeAdapter(models.WindowsText)


def backwards(mapping: Mapping[K, V]) -> dict[K, V]:
    """Equal content in the other order."""
    return dict(reversed(list(mapping.items())))


def lazy(run: Run) -> list[Windows[Cell] | Windows[ScenarioCell]]:
    """Every mapping of a run that could be decoded."""
    held = [*run.measured.series.values(), *run.measured.scenarios.values()]
    return [slots for slots in held if isinstance(slots, Windows)]


@given(st.dictionaries(SLOTS, cells(), max_size=2))
@settings(max_examples=50, deadline=None)
def test_windows_of_a_series_come_back_equal(slots: dict[Slot, Cell]) -> None:
    text = HELD.validate_python(encode_windows(slots))
    windows = series_windows(KEY, text, sum_series(slots), PLACE)
    assert windows == slots
    assert encode_windows(windows) == text


@given(st.dictionaries(SLOTS, scenario_cells(), max_size=2))
@settings(max_examples=50, deadline=None)
def test_windows_of_a_scenario_come_back_equal(slots: dict[Slot, ScenarioCell]) -> None:
    text = HELD.validate_python(encode_windows(slots))
    windows = scenario_windows("Api", text, sum_scenario(slots), PLACE)
    assert windows == slots
    assert encode_windows(windows) == text


def test_equal_windows_have_one_text_whatever_their_order() -> None:
    assert encode_windows(backwards(SLOTS_OF_FIRST)) == TEXT
    turned = replace(
        RUN.measured,
        series={k: backwards(slots) for k, slots in backwards(RUN.measured.series).items()},
        scenarios={k: backwards(slots) for k, slots in RUN.measured.scenarios.items()},
    )
    assert dump_run(replace(RUN, measured=turned)) == DATA


def test_phases_that_share_a_window_have_one_order() -> None:
    # a window of several seconds may hold the end of one phase and the beginning of the next
    one = {Slot("drain", 5): Cell(n=1), Slot("sustained", 5): Cell(n=2)}
    other = backwards(one)
    assert list(sum_series(one)) == list(sum_series(other)) == ["sustained", "drain"]
    assert series_windows(KEY, encode_windows(one), sum_series(other), PLACE) == one


def test_lazy_and_plain_mappings_are_equal_in_both_directions() -> None:
    def fresh() -> Windows[Cell]:
        return series_windows(KEY, TEXT, SUMS, PLACE)

    less = {slot: cell for slot, cell in SLOTS_OF_FIRST.items() if slot.window}
    assert len(less) < len(SLOTS_OF_FIRST)
    assert fresh() == SLOTS_OF_FIRST
    assert SLOTS_OF_FIRST == fresh()  # noqa: SIM300  # the other direction is the point
    assert fresh() == fresh()
    assert fresh() != less
    assert less != fresh()
    assert fresh() != 5
    with pytest.raises(TypeError, match="unhashable"):
        hash(fresh())


def test_windows_are_a_mapping() -> None:
    windows = series_windows(KEY, TEXT, SUMS, PLACE)
    before = windows.is_decoded
    assert len(windows) == len(SLOTS_OF_FIRST)
    assert (before, windows.is_decoded) == (False, True)
    slot = next(iter(SLOTS_OF_FIRST))
    assert windows[slot] is windows[slot]
    assert slot in windows
    assert Slot("drain", 699) not in windows
    assert windows.get(Slot("drain", 699)) is None
    assert set(windows) == set(SLOTS_OF_FIRST)


def test_judging_a_stored_run_decodes_no_window() -> None:
    thresholds = (
        *RUN.plan.thresholds,
        *(
            parse_threshold(metric, expression)
            for metric, expression in (
                ("http_req_latency", "p(95)<500"),
                ("iteration_duration", "p(95)<500"),
                ("schedule_lag", "p(95)<500"),
                ("http_reqs", "rate>1"),
                ("dropped_iterations", "count<5"),
                ("vus", "value<50"),
                ("vus{phase:all}", "value<50"),
            )
        ),
    )
    run = load_run(DATA)
    again = judge(run.facts(), run.measured, thresholds)
    assert not any(windows.is_decoded for windows in lazy(run))
    assert again == judge(RUN.facts(), RUN.measured, thresholds)


def test_a_view_without_time_looks_only_at_when_arrivals_were_dropped() -> None:
    run = load_run(DATA)
    view = build_view(run, exit_code=0, over_time=False)
    assert [windows.is_decoded for windows in lazy(run)] == [
        name in run.measured.scenarios for name in (*run.measured.series, *run.measured.scenarios)
    ]
    assert view.failures == build_view(RUN, exit_code=0).failures


def test_sums_of_a_stored_run_are_those_of_its_windows() -> None:
    sums = load_run(DATA).measured.sums
    assert (sums.series, sums.scenarios) == RUN.measured.sums[:2]


def test_a_run_that_is_compared_is_read_to_the_end() -> None:
    run = load_run(DATA)
    assert run == RUN
    assert all(windows.is_decoded for windows in lazy(run))


def test_what_was_decoded_is_decoded_once() -> None:
    calls: list[str] = []

    def decode(text: str) -> dict[Slot, Cell]:
        calls.append(text)
        return {}

    windows: Windows[Cell] = Windows("[]", decode)
    assert calls == []
    assert (len(windows), list(windows), windows == {}) == (0, [], True)
    assert calls == ["[]"]
