"""Change points of hand-made series: where, how large, and what is none."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perf_analysis.changes import Better, Changes, Direction, find_changes
from perf_analysis.changes.scan import best_split, cusum, memory, normal_scores

NUMBERS = st.floats(-1e150, 1e150) | st.integers(-3, 3).map(float) | st.just(math.nan) | st.none()


def noise(n: int, seed: int = 1, level: float = 100.0, sd: float = 1.0) -> list[float]:
    """Normal values about a level."""
    return [float(x) for x in level + sd * np.random.default_rng(seed).standard_normal(n)]


def indices(changes: Changes) -> list[int]:
    """Where the levels moved."""
    return [point.index for point in changes.change_points]


def test_the_statistic_is_that_of_the_formula() -> None:
    profile = cusum(normal_scores(np.array([1.0, 3, 2, 5, 4, 9, 8, 10, 7, 6])))
    assert int(profile.argmax()) + 1 == 5
    assert profile[4] == pytest.approx(2.607283, abs=1e-6)
    assert profile[2] == pytest.approx(2.468849, abs=1e-6)


def test_ranks_alone_are_left_alone_by_increasing_maps() -> None:
    values = np.array(noise(40))
    assert (normal_scores(values) == normal_scores(np.exp(values / 10.0))).all()


def test_levels_and_moves_of_a_staircase() -> None:
    values = [*noise(40), *noise(40, 2, 110.0), *noise(40, 3, 104.0)]
    found = find_changes(values, better=Better.LOWER)
    assert indices(found) == [40, 80]
    up, down = found.change_points
    assert (up.direction, down.direction) == (Direction.UP, Direction.DOWN)
    assert (up.improved, down.improved) == (False, True)
    assert up.first <= 40 <= up.last
    assert up.effect_ratio is not None
    assert up.effect_ratio.low < 1.1 < up.effect_ratio.high
    assert up.difference.low < 10.0 < up.difference.high
    assert up.after == down.before == pytest.approx(110.0, abs=0.5)
    assert [(level.start, level.stop, level.n) for level in found.levels] == [
        (0, 40, 40), (40, 80, 40), (80, 120, 40),
    ]  # fmt: skip


def test_where_more_is_better_a_rise_is_an_improvement() -> None:
    values = [*noise(40), *noise(40, 2, 110.0)]
    assert [p.improved for p in find_changes(values, better=Better.HIGHER).change_points] == [True]
    assert [p.improved for p in find_changes(values).change_points] == [None]


def test_gaps_keep_the_indices_and_belong_to_the_interval() -> None:
    values: list[float | None] = [*noise(30), *noise(30, 2, 120.0)]
    values[10:10] = [None, math.nan]
    values[32:32] = [None, None, math.inf]
    found = find_changes(values)
    assert found.n == 60
    assert indices(found) == [35]
    assert (found.change_points[0].first, found.change_points[0].last) == (32, 35)
    assert found.levels[-1].stop == len(values)


@pytest.mark.parametrize("far", [[130.0], [130.0, 128.0]])
def test_one_value_or_two_are_a_spike_and_no_change(far: list[float]) -> None:
    values = [*noise(40), *far, *noise(40, 2)]
    found = find_changes(values)
    assert not found.change_points
    assert set(range(40, 40 + len(far))) <= set(found.spikes)


def test_a_slope_is_a_drift_and_no_staircase() -> None:
    values = [value + place / 15.0 for place, value in enumerate(noise(120))]
    found = find_changes(values)
    assert found.drift
    assert not found.change_points
    assert len(found.levels) == 1


def test_a_step_on_a_slope_stands_out_from_it() -> None:
    values = [value + place / 20.0 for place, value in enumerate(noise(120))]
    values[60:] = [value + 6.0 for value in values[60:]]
    found = find_changes(values)
    assert found.drift
    (point,) = found.change_points
    assert point.index == 60
    assert point.difference.low < 6.0 < point.difference.high
    assert point.before == pytest.approx(103.0, abs=0.5)


def test_a_step_is_no_drift() -> None:
    assert not find_changes([*noise(50), *noise(50, 2, 103.0)]).drift
    assert not find_changes(noise(100)).drift


def test_nothing_crosses_a_break() -> None:
    values = [*noise(30), *noise(30, 2, 150.0), *noise(30, 3, 170.0)]
    found = find_changes(values, breaks=(30,))
    assert indices(found) == [60]
    assert [level.start for level in found.levels] == [0, 30, 60]
    assert indices(find_changes(values)) == [30, 60]


@pytest.mark.parametrize("value", [0.0, 7.0, -3.0])
def test_equal_values_have_no_changes(value: float) -> None:
    found = find_changes([value] * 50)
    assert (found.change_points, found.spikes, found.drift) == ((), (), False)


def test_levels_without_any_noise_are_told_apart() -> None:
    found = find_changes([0.06] * 20 + [9.0] * 20)
    assert [(p.first, p.index, p.last) for p in found.change_points] == [(20, 20, 20)]


def test_values_that_are_not_positive_have_a_difference_and_no_ratio() -> None:
    (point,) = find_changes([*noise(30, level=0.0), *noise(30, 2, 5.0)]).change_points
    assert point.effect_ratio is None
    assert point.difference.estimate == pytest.approx(5.0, abs=1.0)


def test_a_share_of_failures_that_begins_is_found() -> None:
    rng = np.random.default_rng(1)
    values = [0.0] * 40 + [float(x) for x in rng.poisson(20, 20) / 1000.0]
    (point,) = find_changes(values).change_points
    assert point.index == 40
    assert point.effect_ratio is None


@pytest.mark.parametrize("values", [[], [None, math.nan], [1.0], [1.0, None, 2.0]])
def test_too_little_has_no_changes(values: list[float | None]) -> None:
    found = find_changes(values)
    assert found.n == sum(value is not None and math.isfinite(value) for value in values)
    assert not found.change_points


def test_what_cannot_be_squared_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond 1e\\+150"):
        find_changes([1.0] * 10 + [1e200])


def test_memory_sees_through_levels_and_spikes() -> None:
    rng = np.random.default_rng(3)
    levels = np.concatenate([np.full(20, level) for level in (0.0, 50.0, 20.0, 90.0, 10.0)])
    values = levels + rng.standard_normal(100)
    values[33] += 400.0
    assert memory(values) < 0.4
    assert memory(np.cumsum(rng.standard_normal(100))) > 0.6
    assert memory(np.sin(np.arange(100) / 8.0)) > 1.0


@given(st.lists(NUMBERS, max_size=60), st.sampled_from([None, *Better]))
@example([0.0, 0.0, 0.0, 1.0, 1.0, 2.2250738585e-313], None)
def test_whatever_comes_there_is_one_finite_answer(
    values: list[float | None], better: Better | None
) -> None:
    found = find_changes(values, better=better)
    assert found == find_changes(values, better=better)
    points = found.change_points
    assert indices(found) == sorted(set(indices(found)))
    assert all(0 <= p.first <= p.index <= p.last < len(values) for p in points)
    assert all(values[p.index] is not None for p in points)
    effects = [e for p in points for e in (p.effect_ratio, p.difference) if e is not None]
    assert all(math.isfinite(part) for effect in effects for part in asdict(effect).values())
    assert all(effect.low <= effect.estimate <= effect.high for effect in effects)
    assert sum(level.n for level in found.levels) == found.n


@given(st.integers(0, 10_000), st.sampled_from([0.25, 2.0, 1024.0]))
def test_the_unit_does_not_matter(seed: int, scale: float) -> None:
    values = [*noise(30, seed), *noise(20, seed + 1, 102.0)]
    scaled = find_changes([value * scale for value in values])
    assert indices(scaled) == indices(find_changes(values))


@given(st.integers(0, 10_000))
def test_the_best_division_is_mirrored_under_reversal(seed: int) -> None:
    values = np.array([*noise(30, seed), *noise(30, seed + 1, 103.0)])
    ahead, back = (best_split(order, newest=False, around=0.0) for order in (values, values[::-1]))
    assert ahead is not None
    assert back is not None
    assert ahead.at == len(values) - back.at


@pytest.mark.parametrize("n", [20, 50, 400])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_straight_line_is_a_drift(n: int, sign: float) -> None:
    found = find_changes([sign * place for place in range(n)])
    assert found.drift
    assert not found.change_points


@pytest.mark.parametrize("n", range(8))
def test_under_eight_values_nothing_is_found(n: int) -> None:
    assert not find_changes([1.0] * (n // 2) + [9.0] * (n - n // 2)).change_points


@pytest.mark.parametrize("later", [1, 2, 3, 4])
def test_a_new_level_has_three_values_at_least(later: int) -> None:
    found = find_changes([*noise(40), *noise(later, 2, 200.0)])
    assert indices(found) == ([40] if later >= 3 else [])


def test_two_values_that_alternate_or_are_mixed_are_no_changes() -> None:
    rng = np.random.default_rng(8)
    assert not find_changes([0.0, 1.0] * 60).change_points
    assert not find_changes([float(x) for x in rng.integers(0, 2, 120)]).change_points


def test_plateaus_of_ties_are_levels() -> None:
    values = [float(level) for level in (5, 7, 6, 9) for _ in range(25)]
    assert indices(find_changes(values)) == [25, 50, 75]
