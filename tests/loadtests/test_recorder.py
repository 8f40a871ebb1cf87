from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_analysis.filling import build
from perf_analysis.histogram import merge
from perf_analysis.series import Slot
from perf_analysis.timings import TIMINGS, CheckKey, add_tallies, add_timings
from perf_documents.cells import (
    CellsModel,
    decode_checks,
    decode_scenarios,
    decode_series,
    decode_timings,
)
from perf_documents.consistency import check_cells
from perf_loadtests.checks import MAX_CHECKS
from perf_loadtests.recorder import MAX_NAMES, OTHER, Recorder, clean_name
from perf_loadtests.request_cell import Sample
from perf_loadtests.timing import FOLD, UNKNOWN, Timed

SLOT = Slot("sustained", 3)


def sample(**changes: object) -> Sample:
    values: dict[str, object] = {
        "scenario": "S",
        "method": "GET",
        "name": "/x",
        "status": 200,
        "error_class": "",
        "slot": SLOT,
        "end_window": 3,
        "service_s": 0.1,
        "latency_s": 0.12,
        "first": True,
        "asserted": False,
        "received_bytes": 10,
    }
    return Sample(**(values | changes))  # type: ignore[arg-type]  # rows of mixed types


def recorder(**limits: tuple[float, ...]) -> Recorder:
    return Recorder(limits_s=limits)


def taken(recorder: Recorder) -> CellsModel:
    return CellsModel.model_validate(recorder.take(), strict=False)


@given(values=st.lists(st.floats(0, 3000), min_size=1, max_size=60), cut=st.integers(0, 60))
@settings(max_examples=50, deadline=None)
def test_deltas_add_up_to_what_was_recorded(values: list[float], cut: int) -> None:
    mine = recorder(http_req_duration=(0.5,))
    deltas = []
    for number, value in enumerate(values):
        mine.add(sample(service_s=value, latency_s=None))
        if number == cut:
            deltas.append(taken(mine))
    deltas.append(taken(mine))
    cells = [
        cell
        for delta in deltas
        for slots in decode_series(delta.series).values()
        for cell in slots.values()
    ]
    total = merge(cell.service for cell in cells)
    expected = build(values, (0.5,))
    assert total.counts == expected.counts
    assert (total.min_s, total.max_s) == (expected.min_s, expected.max_s)
    assert total.sum_s == pytest.approx(expected.sum_s)
    assert total.count_below(0.5) == expected.count_below(0.5)
    assert sum(cell.n for cell in cells) == len(values) == mine.ended


@pytest.mark.parametrize(
    ("changes", "complete", "censored"),
    [
        pytest.param({}, 1, 0, id="success"),
        pytest.param({"status": 500, "error_class": "http_5xx"}, 1, 0, id="failed-with-response"),
        pytest.param({"status": 0, "error_class": "refused"}, 0, 0, id="failed-fast"),
        pytest.param({"status": 0, "error_class": "timeout"}, 0, 1, id="timeout"),
        pytest.param({"status": 0, "error_class": "abandoned"}, 0, 1, id="abandoned"),
        pytest.param({"service_s": 4000.0}, 0, 1, id="over-an-hour"),
    ],
)
def test_who_enters_a_trend(changes: dict[str, object], complete: int, censored: int) -> None:
    mine = recorder()
    mine.add(sample(**changes))
    ((_, slots),) = decode_series(taken(mine).series).items()
    (cell,) = slots.values()
    assert (cell.service.n, cell.service_censored.n) == (complete, censored)
    assert (cell.latency.n, cell.latency_censored.n) == (complete, censored)


@pytest.mark.parametrize(
    "changes",
    [
        {"service_s": -0.005},
        {"service_s": math.nan},
        {"service_s": math.inf},
        {"latency_s": math.nan},
        {"method": ""},
        {"method": "GET\r\nX:"},
        {"received_bytes": 2**70},
    ],
)
def test_an_invalid_sample_is_counted_as_such(changes: dict[str, object]) -> None:
    mine = recorder()
    mine.add(sample(**changes))
    assert mine.invalid_samples == 1
    ((key, slots),) = decode_series(taken(mine).series).items()
    assert key.error_class == "invalid_sample"
    assert all(cell.service.n == 0 for cell in slots.values())


def test_names_beyond_the_limit_share_one_series() -> None:
    mine = recorder()
    for number in range(MAX_NAMES + 7):
        mine.add(sample(name=f"/item/{number}"))
    assert mine.names == MAX_NAMES + 7
    series = decode_series(taken(mine).series)
    assert len(series) == MAX_NAMES + 1
    (other,) = [slots[SLOT].n for key, slots in series.items() if key.name == OTHER]
    assert other == 7


def test_statuses_beyond_the_limit_share_one_series() -> None:
    mine = recorder()
    for status in range(200, 240):
        mine.add(sample(status=status))
    assert len(decode_series(taken(mine).series)) <= 13


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("/a", "/a"),
        ("", "(unnamed)"),
        ("a\nb\x1b[31m", "a\\x0ab\\x1b[31m"),
        ("\u202eabc", "\\x202eabc"),
        ("x" * 300, "x" * 200),
        (None, "None"),
        ("/weg/straße", "/weg/straße"),
    ],
)
def test_names_are_made_fit_to_be_stored(name: object, clean: str) -> None:
    assert clean_name(name) == clean


def test_iterations_are_counted_by_scenario_and_slot() -> None:
    mine = recorder()
    cell = mine.iterations("S", SLOT)
    cell.planned += 2
    cell.lag.add(0.001)
    mine.iterations("S", SLOT).started += 1
    (slots,) = decode_scenarios(taken(mine).scenarios).values()
    assert (slots[SLOT].planned, slots[SLOT].started, slots[SLOT].lag.n) == (2, 1, 1)
    assert taken(mine).scenarios == []


SECONDS = st.sampled_from([0.0, 1e-7, 0.0002, 0.25, 3.0])
TIMED = st.builds(
    Timed,
    st.tuples(*[SECONDS] * 6),
    st.integers(0, 6),
    st.integers(0, 500),
)


@given(st.lists(st.tuples(TIMED, st.sampled_from(["", "timeout", "refused"])), max_size=25),
       st.integers(0, 25))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_timings_add_up_to_what_each_request_said(
    requests: list[tuple[Timed, str]], cut: int
) -> None:
    mine = recorder(http_req_waiting=(0.25,))
    deltas = []
    for number, (timed, error_class) in enumerate(requests):
        mine.add(sample(timed=timed, error_class=error_class))
        if number == cut:
            deltas.append(taken(mine))
    deltas.append(taken(mine))
    assert [problem for delta in deltas for problem in check_cells(delta)] == []
    parts = [
        (key.error_class, part)
        for delta in deltas
        for key, phases in decode_timings(delta.timings).items()
        for part in phases.values()
    ]
    for error_class in ("", "timeout", "refused"):
        told = [timed for timed, kind in requests if kind == error_class]
        total = add_timings(part for kind, part in parts if kind == error_class)
        assert (total.n, total.sent_bytes) == (len(told), sum(timed.sent_bytes for timed in told))
        assert total.timed == (0 if error_class == "refused" else len(told))
        for place, name in enumerate(TIMINGS if total.timed else ()):
            ended = [t.seconds[place] for t in told if not error_class or t.ended > place]
            found = total.values.get(name, build([]))
            assert found.counts == build(ended).counts
            assert found.zeros == ended.count(0.0)
            lost = total.censored.get(name, build([]))
            assert lost.n == total.timed - len(ended)
            if name == "waiting":
                below = sum(value < 0.25 for value in ended), ended.count(0.25)
                assert found.count_below(0.25) == below


def test_what_is_no_sample_and_what_is_unknown_are_counted_with_their_client() -> None:
    mine = recorder()
    mine.add(sample(timed=UNKNOWN, service_s=math.nan))
    mine.add(sample(timed=UNKNOWN, error_class="abandoned"))
    mine.add(sample())
    rows = {row[5]: row[-1] for row in taken(mine).timings}
    assert (rows["invalid_sample"].n, rows["invalid_sample"].timed) == (1, 0)
    assert rows["abandoned"].blocked_censored is not None
    assert set(rows) == {"invalid_sample", "abandoned"}


def test_checks_are_counted_by_name_and_their_names_are_limited() -> None:
    mine = recorder()
    for number in range(MAX_CHECKS + 5):
        mine.check(CheckKey("candidate", "S", f"check {number}"), "sustained", ok=number % 2 == 0)
    mine.check(CheckKey("candidate", "S", "check 0"), "ramp", ok=False)
    found = decode_checks(taken(mine).checks)
    assert len(found) == MAX_CHECKS + 1
    assert found[CheckKey("candidate", "S", OTHER)]["sustained"] == (3, 5)
    first = found[CheckKey("candidate", "S", "check 0")]
    assert add_tallies(first.values()) == (1, 2)
    assert taken(mine).checks == []


def test_what_comes_while_a_delta_is_encoded_belongs_to_the_next() -> None:
    mine = recorder()
    mine.add(sample())
    mine.iterations("S", SLOT).started += 1

    def rest() -> None:
        mine.add(sample())
        mine.iterations("S", SLOT).started += 1

    first = CellsModel.model_validate(mine.take(rest), strict=False)
    second = taken(mine)
    assert [row[-1].n for cells in (first, second) for row in cells.series] == [1, 2]
    assert [row[-1].started for cells in (first, second) for row in cells.scenarios] == [1, 2]


def test_a_busy_second_is_encoded_with_rests_in_between() -> None:
    busy = recorder()
    rests: list[int] = []
    for _ in range(5 * FOLD):
        busy.add(sample())
    parts = busy.take(lambda: rests.append(1))
    ((_, slots),) = decode_series(CellsModel.model_validate(parts, strict=False).series).items()
    assert slots[SLOT].n == slots[SLOT].service.n == slots[SLOT].latency.n == 5 * FOLD
    assert len(rests) >= 8  # four in each of two histograms


def test_totals_go_on_over_flushes() -> None:
    mine = recorder()
    for number in (1, 2, 3):
        mine.iterations("S", SLOT).finished += number
        assert mine.totals()["finished"] == sum(range(number + 1))
        mine.take()
        assert mine.totals()["finished"] == sum(range(number + 1))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0, 2.0**32 * 1e-6])
def test_a_series_that_is_known_takes_no_figure_that_is_none(bad: float) -> None:
    mine = recorder()
    mine.add(sample())
    mine.add(sample(service_s=bad))
    mine.add(sample(latency_s=bad))
    mine.add(sample(received_bytes=-1))
    assert mine.invalid_samples == 3
    assert sorted(row[2] for row in taken(mine).series) == ["GET", "INVALID"]
