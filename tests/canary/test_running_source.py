"""A run that is going on as readings: what is on record, when it was, and nothing else."""

from __future__ import annotations

import pytest

from perf_analysis.histogram import HistogramBuilder
from perf_analysis.series import DRAIN, Cell, ScenarioCell, SeriesKey, Slot
from perf_canary.reading import Counters, NoData
from perf_canary.sources.running import RunningSource, Second


def second(at_s: float, *, n: int = 10, failed: int = 0, target: str = "candidate",
           phase: str = "sustained", dropped: int = 0) -> Second:  # fmt: skip
    builder = HistogramBuilder()
    for _ in range(n):
        builder.add(0.010)
    series = {
        SeriesKey(target, "s", "GET", "/", 200, ""): {
            Slot(phase, int(at_s)): Cell(n=n, service=builder.freeze())
        },
        SeriesKey(target, "s", "GET", "/", 500, "5xx"): {Slot(phase, int(at_s)): Cell(n=failed)},
    }
    return Second(at_s, series, {"s": {Slot(phase, int(at_s)): ScenarioCell(dropped=dropped)}})


def source(*batches: list[Second], has_control: bool = False) -> RunningSource:
    waiting = list(batches)
    return RunningSource(poll=lambda: waiting.pop(0) if waiting else [], has_control=has_control)


def counted(counters: Counters | NoData | None) -> tuple[float, float]:
    assert isinstance(counters, Counters)
    return counters.requests, counters.errors


def test_what_was_recorded_up_to_an_instant_counts_and_nothing_later() -> None:
    read = source([second(1.01), second(2.02, failed=3), second(3.01), second(4.9)]).read
    assert counted(read(2.0).canary) == (23.0, 3.0)
    assert counted(read(3.0).canary) == (33.0, 3.0)
    last = read(5.0).canary
    assert counted(last) == (43.0, 3.0)
    assert isinstance(last, Counters)
    assert last.buckets is not None
    assert last.buckets[-1][1] == 43.0
    # ten milliseconds lie under the first bound above them
    assert next(bound for bound, n in last.buckets if n) == pytest.approx(0.010, rel=0.2)


def test_bounds_stay_the_same_whatever_comes() -> None:
    read = source([second(1.0)], [second(2.0, failed=1)]).read
    first, then = read(1.0).canary, read(2.0).canary
    assert isinstance(first, Counters)
    assert isinstance(then, Counters)
    assert first.buckets is not None
    assert then.buckets is not None
    assert [b for b, _ in first.buckets] == [b for b, _ in then.buckets]


def test_dropped_arrivals_are_failures_and_the_drain_does_not_count() -> None:
    read = source([second(1.0, dropped=4), second(2.0, phase=DRAIN)]).read
    assert counted(read(2.0).canary) == (14.0, 4.0)


def test_each_target_is_an_arm_of_its_own() -> None:
    read = source([second(1.0), second(1.0, n=7, target="control")], has_control=True).read
    reading = read(1.0)
    assert counted(reading.canary) == (10.0, 0.0)
    assert counted(reading.control) == (7.0, 0.0)


def test_silence_is_no_data() -> None:
    read = source([second(1.0)]).read
    assert counted(read(2.0).canary) == (10.0, 0.0)
    silent = read(5.0).canary
    assert isinstance(silent, NoData)
    assert silent.why == "the run has recorded nothing for 4 s"
