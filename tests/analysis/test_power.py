"""Detectable change, runs and seconds needed: against scipy.stats and the documented values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nct, norm
from scipy.stats import t as student

from perf_analysis.families import family_weights, holm
from perf_analysis.power import (
    Noise,
    noncentrality,
    room_for_decision,
    runs_needed,
    t_quantile,
    t_upper_tail,
    times_as_long,
)
from perf_analysis.shrinkage import Prior, fit_prior

MARGIN, TOLERANCE = math.log(1.1), math.log(1.05)


def noise(**changes: float) -> Noise:
    values: dict[str, float] = {
        "sd": 0.035, "within_base": 0.0, "within_candidate": 0.0, "prior_dof": 0.0,
        "candidates": 1, "baselines": 8,
    }  # fmt: skip
    return Noise(**(values | changes))  # type: ignore[arg-type]  # counts are whole


@pytest.mark.parametrize(("dof", "expected"), [(4, 4.875371), (7, 3.959572), (19, 3.415178)])
def test_noncentrality_has_its_documented_values(dof: int, expected: float) -> None:
    assert noncentrality(dof, 0.01) == pytest.approx(expected, abs=2e-6)


@given(st.floats(1.0, 300.0), st.floats(1e-4, 0.2))
def test_noncentrality_gives_a_power_of_four_fifths(dof: float, alpha: float) -> None:
    limit = student.ppf(1.0 - alpha, dof)
    if limit < 300.0:  # beyond that scipy's own tail is not reliable
        assert nct.sf(limit, dof, noncentrality(dof, alpha)) == pytest.approx(0.8, abs=1e-4)


def test_infinite_degrees_of_freedom_are_normal() -> None:
    assert t_quantile(math.inf, 0.99) == pytest.approx(norm.ppf(0.99))
    assert t_upper_tail(math.inf, 2.0) == pytest.approx(norm.sf(2.0), rel=1e-6)
    assert noncentrality(math.inf, 0.01) == pytest.approx(norm.ppf(0.99) + norm.ppf(0.8))


@pytest.mark.parametrize(
    ("baselines", "candidates", "expected"),
    [(3, 1, 10.3), (5, 1, 5.34), (8, 1, 4.20), (20, 1, 3.50), (3, 3, 3.98), (10, 3, 2.39)],
)
def test_the_detectable_change_in_units_of_the_noise(
    baselines: int, candidates: int, expected: float
) -> None:
    dof = baselines + candidates - 2
    found = noncentrality(dof, 0.01) * math.sqrt(1 / candidates + 1 / baselines)
    assert found == pytest.approx(expected, abs=0.05)


def test_runs_needed_has_its_documented_value() -> None:
    assert runs_needed(noise(), room_for_decision(0.0, TOLERANCE, MARGIN), 0.01) == (2, 0)


def test_a_decision_out_of_reach_is_said() -> None:
    assert runs_needed(noise(sd=2.0), MARGIN, 0.01) is None


def test_more_baselines_are_asked_for_where_candidates_alone_cannot_decide() -> None:
    more = runs_needed(noise(sd=0.05, baselines=3), room_for_decision(0.0, TOLERANCE, MARGIN), 0.01)
    assert more is not None
    assert more[1] > 0


@given(st.floats(-0.5, 0.5))
def test_the_room_is_never_less_than_half_of_what_lies_between(effect: float) -> None:
    assert room_for_decision(effect, TOLERANCE, MARGIN) >= (MARGIN - TOLERANCE) / 2 - 1e-12


def test_longer_runs_help_only_where_the_error_within_them_dominates() -> None:
    within = noise(sd=0.03, within_base=0.03**2, within_candidate=0.05**2)
    longer = times_as_long(within, 7, MARGIN * 2, 0.01)
    assert longer is not None
    assert longer > 1.0
    between = noise(sd=0.05, within_base=1e-6, within_candidate=1e-6)
    assert times_as_long(between, 7, MARGIN, 0.01) is None


def test_holm_has_the_values_of_the_textbook() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005], [1.0] * 4) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([], []) == []


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0.1, 0.25, 0.5])), min_size=1,
                max_size=8), st.randoms())  # fmt: skip
def test_holm_depends_on_no_order_and_never_lowers_a_value(
    rows: list[tuple[float, float]], random: object
) -> None:
    adjusted = holm([p for p, _ in rows], [w for _, w in rows])
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]  # a Random of hypothesis
    again = holm([rows[i][0] for i in order], [rows[i][1] for i in order])
    assert [again[order.index(i)] for i in range(len(rows))] == pytest.approx(adjusted)
    assert all(a >= p for a, (p, _) in zip(adjusted, rows, strict=True))


def test_all_requests_together_have_half_of_the_weight() -> None:
    assert family_weights([True, True, False, False]) == [0.25] * 4
    assert family_weights([True] + [False] * 50)[0] == 0.5
    assert family_weights([False, False]) == [0.5, 0.5]
    assert family_weights([True]) == [1.0]
    assert family_weights([]) == []


def test_few_rows_lend_nothing() -> None:
    assert fit_prior([0.01] * 3, [4.0] * 3) == Prior()
    assert fit_prior([], []) == Prior()
    assert Prior().moderate(0.02, 4.0) == (0.02, 4.0)


def test_equal_variances_lend_all_they_may() -> None:
    prior = fit_prior([0.01] * 8, [4.0] * 8)
    assert prior.dof == 4.0  # half of the rows
    # the mean of ln s2 is biased by psi(f/2) - ln(f/2): equal rows show more than their value
    assert prior.variance == pytest.approx(0.01 * math.exp(math.log(2) - (1 - 0.5772156649)))
    assert fit_prior([0.01] * 100, [4.0] * 100).dof == 10.0


def test_wildly_different_variances_lend_little() -> None:
    rows = [10.0**power for power in range(-8, 0)]
    assert fit_prior(rows, [6.0] * 8).dof < 0.2


@given(st.lists(st.tuples(st.floats(1e-9, 1.0), st.floats(1.0, 40.0)), max_size=30))
def test_a_prior_is_always_a_number(rows: list[tuple[float, float]]) -> None:
    prior = fit_prior([v for v, _ in rows], [f for _, f in rows])
    variance, dof = prior.moderate(0.01, 2.0)
    assert math.isfinite(variance)
    assert variance > 0.0
    assert 2.0 <= dof <= 12.0
