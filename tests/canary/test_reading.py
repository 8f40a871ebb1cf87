"""Counters subtracted: what a gap hides is counted, what a restart hides is not."""

from __future__ import annotations

import math

import pytest

from perf_canary.arms import quantile_of
from perf_canary.hold import HoldClock, State
from perf_canary.reading import Counters, Interval, NoData, Reading, add_buckets, difference
from perf_canary.tracks import ArmTrack, PairTrack

INF = math.inf


def counters(requests: float, errors: float = 0.0, *counts: float) -> Counters:
    bounds = (0.1, 1.0, INF)
    buckets = tuple(zip(bounds, counts, strict=True)) if counts else None
    return Counters(requests=requests, errors=errors, buckets=buckets)


@pytest.mark.parametrize(
    "given",
    [
        {"requests": -1.0, "errors": 0.0}, {"requests": 1.0, "errors": 2.0},
        {"requests": math.nan, "errors": 0.0}, {"requests": INF, "errors": 0.0},
        {"requests": 1.0, "errors": 0.0, "buckets": ()},
        {"requests": 1.0, "errors": 0.0, "buckets": ((1.0, 1.0),)},
        {"requests": 1.0, "errors": 0.0, "buckets": ((1.0, 2.0), (INF, 1.0))},
        {"requests": 1.0, "errors": 0.0, "buckets": ((2.0, 1.0), (1.0, 1.0), (INF, 1.0))},
    ],
)  # fmt: skip
def test_what_no_counter_can_be_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"counter|errors|bucket"):
        Counters(**given)  # type: ignore[arg-type]  # a table of options


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (counters(5.0), "went back"),
        (counters(20.0, 1.0), "went back"),
        (counters(11.0, 5.0, 1, 2, 11), "3 errors of 1 requests"),
        (counters(20.0, 2.0, 1, 1, 20), "bucket went back"),
        (counters(20.0, 2.0, 9, 9, 10), "different times"),
        (Counters(requests=20.0, errors=2.0, buckets=((0.2, 1.0), (INF, 20.0))), "other buckets"),
    ],
)
def test_what_cannot_be_subtracted_is_no_data(after: Counters, says: str) -> None:
    found = difference(counters(10.0, 2.0, 1, 2, 10), after, 0.0, 10.0)
    assert isinstance(found, NoData)
    assert says in found.why


def test_the_first_observation_makes_the_buckets() -> None:
    found = difference(counters(0.0), counters(3.0, 0.0, 1, 2, 3), 0.0, 10.0)
    assert isinstance(found, Interval)
    assert found.timed == 3.0


@pytest.mark.parametrize(
    ("limit_s", "above"),
    [
        (0.1, (6.0, 6.0)),
        (1.0, (2.0, 2.0)),
        (0.5, (2.0, 6.0)),
        (0.05, (6.0, 10.0)),
        (9.0, (0.0, 2.0)),
    ],
)
def test_a_limit_between_bounds_is_known_from_both_sides(
    limit_s: float, above: tuple[float, float]
) -> None:
    buckets = ((0.1, 4.0), (1.0, 8.0), (INF, 10.0))
    interval = Interval(start_s=0.0, end_s=10.0, requests=10.0, errors=0.0, buckets=buckets)
    assert interval.above(limit_s) == above


def test_a_gap_is_in_the_next_interval_and_a_restart_in_none() -> None:
    track = ArmTrack()
    track.take(counters(0.0), 0.0)
    assert isinstance(track.take(NoData(why="x"), 10.0), NoData)
    found = track.take(counters(20.0), 20.0)
    assert isinstance(found, Interval)
    assert (found.start_s, found.end_s, found.requests) == (0.0, 20.0, 20.0)
    # higher than before the restart: only the source knows
    track.take(NoData(why="x", restarted=True), 30.0)
    assert isinstance(track.take(counters(500.0), 40.0), NoData)
    assert track.requests == 20.0


def test_both_arms_are_compared_over_the_same_time() -> None:
    track = PairTrack()

    def take(t_s: float, canary: float | None, control: float | None) -> object:
        arms = [NoData(why="gone") if n is None else counters(n) for n in (canary, control)]
        return track.take(Reading(t_s=t_s, canary=arms[0], control=arms[1]))

    take(0.0, 0.0, 0.0)
    assert isinstance(take(10.0, 5.0, None), NoData)
    pair = take(20.0, 11.0, 200.0)
    assert isinstance(pair, tuple)
    assert [(arm.start_s, arm.requests) for arm in pair] == [(0.0, 11.0), (0.0, 200.0)]
    assert isinstance(track.take(Reading(t_s=30.0, canary=counters(1.0))), NoData)


def test_a_quantile_beyond_the_last_bound_says_so() -> None:
    assert quantile_of(((0.1, 0.0), (1.0, 10.0), (INF, 100.0)), 0.95) == (1.0, True)
    assert quantile_of((), 0.95) == (None, False)
    assert quantile_of(((0.1, 0.0), (INF, 0.0)), 0.95) == (None, False)


def test_histograms_of_other_bounds_are_not_added() -> None:
    one, other = ((0.1, 1.0), (INF, 2.0)), ((0.2, 1.0), (INF, 2.0))
    assert add_buckets([one, one]) == ((0.1, 2.0), (INF, 4.0))
    assert add_buckets([one, other]) == other
    assert add_buckets([]) == ()


def test_the_clock_of_the_reference() -> None:
    # every 10 s, for 120 s, breach from 0 s: fires at 120 s; with 50 s missing, at 140 s
    clock = HoldClock(for_s=120.0)
    assert [t for t in range(0, 121, 10) if clock.take(State.BREACH, t)] == [120]
    clock = HoldClock(for_s=120.0)
    states = {50: State.NO_DATA}
    fired = [t for t in range(0, 141, 10) if clock.take(states.get(t, State.BREACH), t)]
    assert fired == [140]
    clock = HoldClock(for_s=20.0)
    clock.take(State.BREACH, 0.0)
    clock.pause()
    assert not clock.take(State.BREACH, 1000.0)
    assert clock.held_s == 0.0
