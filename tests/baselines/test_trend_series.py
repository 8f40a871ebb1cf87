"""Stored runs as series: what each is called, which runs count, where the line breaks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fakes.runs import make_run
from perf_analysis.changes import Better, find_changes
from perf_analysis.compared import ERROR_RATE
from perf_analysis.verdict import Verdict
from perf_baselines.record import summarise
from perf_baselines.referred import around_changes
from perf_baselines.trend_series import series_of
from perf_documents.codec import dump_run
from perf_documents.run import Measure

if TYPE_CHECKING:
    from perf_baselines.record import Record


@pytest.fixture(scope="module")
def first() -> Record:
    """Record of a run that passed."""
    run = make_run(1, verdict=Verdict.PASS)
    return summarise(run, dump_run(run))


def at(record: Record, minute: int, **changes: object) -> Record:
    """The same run at another minute, with other facts."""
    made = replace(record, run_id=f"run-{minute:02}", started_at=f"2026-03-01T12:{minute:02}:00Z")
    return replace(made, **changes)  # type: ignore[arg-type]  # by name


def test_names_units_and_values(first: Record) -> None:
    series = series_of([first])
    assert [one.name for one in series[:5]] == [
        "p50 of all requests", "p95 of all requests", "p99 of all requests",
        "error rate of all requests", "p50 of GET /api/v1/costs/analytics",
    ]  # fmt: skip
    assert {one.unit for one in series} == {"s", "ratio"}
    assert {one.better for one in series} == {Better.LOWER}
    assert {(one.profile, one.environment) for one in series} == {("sustained", "demo")}
    assert series[1].values == (first.total.p95_s,)
    rate = next(one for one in series if one.of.metric == ERROR_RATE)
    # what was dropped failed as well, as in http_req_failed
    lost = first.total.abandoned + first.dropped
    assert first.dropped > 0
    assert rate.values == ((first.total.failed + lost) / (first.total.n + lost),)


def test_runs_come_in_order_and_once(first: Record) -> None:
    runs = [at(first, minute) for minute in (3, 1, 2, 1)]
    assert [run.run_id for run in series_of(runs)[0].records] == ["run-01", "run-02", "run-03"]


def test_what_proves_nothing_is_shown_and_enters_no_level(first: Record) -> None:
    runs = [at(first, 1), at(first, 2, valid=False), at(first, 3, valid=None)]
    (one,) = [series for series in series_of(runs) if series.name == "p95 of all requests"]
    assert [record.total.p95_s for record in one.records] == [first.total.p95_s] * 3
    assert one.values == (first.total.p95_s, None, None)


def test_another_load_breaks_the_line(first: Record) -> None:
    runs = [at(first, minute, load_hash=("a" if minute < 20 else "b") * 64) for minute in range(40)]
    slower = replace(first.total, p95_s=9.0)
    runs = [replace(run, total=slower) if run.load_hash[0] == "b" else run for run in runs]
    one = next(s for s in series_of(runs) if s.name == "p95 of all requests")
    assert one.breaks == (20,)
    assert find_changes(one.values, breaks=one.breaks).change_points == ()
    assert [p.index for p in find_changes(one.values).change_points] == [20]


def test_profiles_and_environments_are_apart_and_a_missing_name_is_a_gap(first: Record) -> None:
    runs = [
        at(first, 1), at(first, 2, series=first.series[:1]), at(first, 3, environment="staging"),
    ]  # fmt: skip
    found = series_of(runs)
    assert {one.environment: len(one.records) for one in found} == {"demo": 2, "staging": 1}
    last = next(
        s for s in found if s.environment == "demo" and s.of.label == first.series[-1].label
    )
    assert last.values[1] is None
    assert series_of([]) == ()


def test_a_measure_of_another_tool_is_a_series_in_its_own_unit(first: Record) -> None:
    def rate(value: float, unit: str = "ops/s") -> tuple[Measure, ...]:
        return (
            Measure(name="parse: speed", unit=unit, better="higher", value=value,
                    low=None, high=None, n=1),
        )  # fmt: skip

    runs = [
        at(first, 1, measures=rate(7.0, "ops/min")), at(first, 2, measures=rate(90.0)),
        at(first, 3), at(first, 4, measures=rate(95.0)),
    ]  # fmt: skip
    found = {one.unit: one for one in series_of(runs) if one.name == "parse: speed"}
    assert {one.better for one in found.values()} == {Better.HIGHER}
    # what was measured in another unit is another series
    assert found["ops/s"].values == (None, 90.0, None, 95.0)
    assert found["ops/min"].values == (7.0, None, None, None)


@pytest.mark.parametrize("unit", ["s", "ratio", "/s"])
def test_a_measure_in_a_unit_of_ours_is_none_of_ours(first: Record, unit: str) -> None:
    measure = Measure(name="wait", unit=unit, better="lower", value=1.5)
    (one,) = [s for s in series_of([at(first, 1, measures=(measure,))]) if s.name == "wait"]
    assert (one.unit, one.of.kind) == (unit, "")
    assert {s.of.kind for s in series_of([first])} == {"s", "ratio"}


def test_branches_are_apart(first: Record) -> None:
    runs = [at(first, n, branch="main" if n < 20 else "slow") for n in range(40)]
    slower = replace(first.total, p95_s=9.0)
    runs = [replace(run, total=slower) if run.branch == "slow" else run for run in runs]
    found = [s for s in series_of(runs) if s.name == "p95 of all requests"]
    assert [(s.branch, len(s.records)) for s in found] == [("main", 20), ("slow", 20)]
    # what lies on another branch is no change of this one, and nothing is kept for it
    assert around_changes(runs) == {}


def test_failures_that_a_tool_cannot_show_are_no_series_of_zeros(first: Record) -> None:
    unknown = at(first, 1, unstated=("http_req_failed",))
    assert not any(one.of.metric == ERROR_RATE for one in series_of([unknown]))
