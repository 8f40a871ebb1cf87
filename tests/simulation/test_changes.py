"""How often change points are made up, and how often, how soon and where real ones are found."""

from __future__ import annotations

import numpy as np
import pytest

import annotated
import change_worlds as worlds
from perf_analysis.changes import critical
from simulations import at_least, at_most

NULLS = [row[1:] for row in worlds.NULLS]


@pytest.mark.parametrize(("make", "n", "bound"), NULLS)
def test_changes_are_rarely_made_up(make: object, n: int, bound: float) -> None:
    assert worlds.alarms(make, n, 400) <= at_most(bound, 400)  # type: ignore[arg-type]  # of the table


@pytest.mark.slow
@pytest.mark.parametrize(("make", "n", "bound"), NULLS)
def test_changes_are_rarely_made_up_in_long(make: object, n: int, bound: float) -> None:
    assert worlds.alarms(make, n, 4000, seed=11) <= at_most(bound, 4000)  # type: ignore[arg-type]  # of the table


@pytest.mark.parametrize(("size", "later", "share"), worlds.STEPS)
def test_a_step_is_found_soon_and_in_its_place(size: float, later: int, share: float) -> None:
    assert worlds.found_soon(size, later, 400) >= at_least(share, 400)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "later", "share"), worlds.STEPS)
def test_a_step_is_found_soon_and_in_its_place_in_long(
    size: float, later: int, share: float
) -> None:
    assert worlds.found_soon(size, later, 4000, seed=12) >= at_least(share, 4000)


@pytest.mark.parametrize(("size", "width"), [(1.0, 30.0), (2.0, 8.0), (3.0, 5.0)])
def test_intervals_hold_the_place_and_are_narrow(size: float, width: float) -> None:
    held, mean = worlds.intervals(size, 300)
    assert held >= at_least(0.92, 300)
    assert mean <= width


@pytest.mark.parametrize(("rise", "recall", "precision"), worlds.RISES)
def test_steps_in_real_histories_are_found(rise: float, recall: float, precision: float) -> None:
    found = worlds.injected(rise, 2)
    tried = 2 * len(worlds.histories())
    assert found.alarms <= at_most(0.05, tried)
    assert found.recall >= recall
    assert found.precision >= precision


@pytest.mark.parametrize("n", [8, 40, 100])
@pytest.mark.parametrize("newest", [False, True])
def test_the_critical_values_are_those_of_their_simulation(n: int, *, newest: bool) -> None:
    times = 5000
    drawn = critical.simulate(n, newest=newest, seed=n + 1, times=times)
    beyond = float(np.mean(drawn > critical.critical_value(n, newest=newest)))
    assert abs(beyond - critical.ALPHA) <= 3.0 * (critical.ALPHA / times) ** 0.5


@pytest.mark.parametrize("n", [20, 50, 100])
def test_those_of_plateaus_as_well(n: int) -> None:
    times = 5000
    drawn = critical.simulate_plateaus(n, seed=n + 1, times=times)
    limit = dict(critical.PLATEAUS)[n]
    beyond = float(np.mean(drawn > limit))
    assert abs(beyond - critical.PLATEAU_ALPHA) <= 3.0 * (critical.PLATEAU_ALPHA / times) ** 0.5


@pytest.mark.parametrize(
    ("lengths", "heights"),
    [
        ((30, 25, 30), (1.0, 1.3, 1.0)),
        ((40, 12, 40), (1.0, 2.0, 1.0)),
        ((40, 12, 40), (1.0, 0.8, 1.0)),
        ((40, 5, 40), (1.0, 1.5, 1.0)),
        ((20, 20, 20), (1.0, 1.2, 1.5)),
        ((30, 20, 30, 20, 30), (1.0, 1.3, 1.0, 1.3, 1.0)),
    ],
)
def test_a_level_that_lasts_for_a_while_is_found_with_both_ends(
    lengths: tuple[int, ...], heights: tuple[float, ...]
) -> None:
    rng = np.random.default_rng(5)
    level = np.repeat(heights, lengths)
    wanted = np.cumsum(lengths)[:-1]
    times = 60
    hits = 0
    for _ in range(times):
        found = worlds.points_in(level * np.exp(0.03 * rng.standard_normal(len(level))))
        hits += len(found) == len(wanted) and bool(np.all(np.abs(found - wanted) <= 1))
    assert hits >= at_least(0.85, times)


@pytest.mark.slow
@pytest.mark.parametrize("place", range(len(critical.PLATEAUS) - 3))
def test_the_plateaus_are_drawn_again_exactly(place: int) -> None:
    n, stated = critical.PLATEAUS[place]
    times = critical.simulations(n) if n <= 1000 else 2000
    drawn = critical.simulate_plateaus(n, seed=n, times=times)
    assert round(float(np.quantile(drawn, 1.0 - critical.PLATEAU_ALPHA)), 3) == stated


@pytest.mark.slow
@pytest.mark.parametrize("place", range(len(critical.TABLE)))
def test_the_table_is_drawn_again_exactly(place: int) -> None:
    n, *stated = critical.TABLE[place]
    for newest, value in zip((False, True), stated, strict=True):
        drawn = critical.simulate(int(n), newest=newest, seed=int(n), times=critical.simulations(n))
        assert round(float(np.quantile(drawn, 1.0 - critical.ALPHA)), 3) == value


def test_an_answer_is_scored_as_is_published() -> None:
    f1, covering = annotated.score(100, [{50}, {48, 80}, set()], [52, 70])
    assert f1 == pytest.approx(0.7619048, abs=1e-7)
    # (0.780769 + 0.756410 + 0.52) / 3, by hand
    assert covering == pytest.approx(0.6857265, abs=1e-7)


def test_on_look_alikes_of_annotated_series_it_beats_the_usual_answers() -> None:
    series = annotated.look_alikes(1, 3)
    f1, covering = annotated.exam(series, worlds.points_in)
    for other in (annotated.binary_segmentation, annotated.no_change):
        other_f1, other_covering = annotated.exam(series, other)
        assert f1 > other_f1
        assert covering > other_covering - 0.02
