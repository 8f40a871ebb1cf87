"""Runs as the unit: intervals, floors, censoring, and the false alarms and power of one row."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from perf_analysis.figures import QuantileFigure
from perf_analysis.limits import Limits
from perf_analysis.runlevel import Sides, compare_levels, is_robust
from perf_analysis.shrinkage import Prior

LIMITS = Limits(tolerance=math.log(1.05), margin=math.log(1.1), alpha=0.01)
ZERO = Limits(tolerance=0.0, margin=math.log(1.1), alpha=0.01)


def figure(ln_s: float, *, error: float = 0.0, high: float | None = 0.0) -> QuantileFigure:
    """Figure of a run; `high` is added for the censored upper value, None for infinity."""
    return QuantileFigure(
        q=0.95, ln_s=ln_s, ln_high_s=None if high is None else ln_s + high, error=error, dof=29,
        n=10_000, n_effective=5000.0,
    )  # fmt: skip


def sides(candidates: list[float], reference: list[float], **options: float) -> Sides:
    return Sides(
        candidates=tuple(map(figure, candidates)),
        reference=tuple(map(figure, reference)),
        **options,
    )


def test_without_prior_and_floors_it_is_the_pooled_t_test() -> None:
    candidates, reference = [0.3, 0.1, 0.2], [-0.1, 0.15, 0.05, -0.2]
    found = compare_levels(sides(candidates, reference), Prior(), ZERO)
    expected = ttest_ind(candidates, reference, alternative="greater")
    assert found.p == pytest.approx(float(expected.pvalue))
    interval = expected.confidence_interval(0.99)
    assert found.low == pytest.approx(float(interval.low))
    assert found.dof == 5


def test_equal_baselines_do_not_make_a_small_change_certain() -> None:
    found = compare_levels(sides([0.001], [0.0] * 8), Prior(), ZERO)
    assert found.p > 0.4
    assert found.error == pytest.approx(0.01 * math.sqrt(1 + 1 / 8))


@pytest.mark.parametrize(("resolution_s", "error"), [(0.0, 0.01), (0.1, 0.1 / math.exp(0.0))])
def test_a_rounded_source_widens_the_error(resolution_s: float, error: float) -> None:
    found = compare_levels(sides([0.0], [0.0] * 8, resolution_s=resolution_s), Prior(), ZERO)
    assert found.error == pytest.approx(error * math.sqrt(1 + 1 / 8))


def test_the_error_within_runs_is_part_of_that_between_them() -> None:
    base = tuple(figure(0.0, error=0.05) for _ in range(8))
    noisy = Sides(candidates=(figure(0.0, error=0.2),), reference=base)
    found = compare_levels(noisy, Prior(), ZERO)
    assert found.error == pytest.approx(math.sqrt(0.05**2 * (1 + 1 / 8) + 0.2**2 - 0.05**2))


def test_a_censored_candidate_can_fail_but_not_pass() -> None:
    base = tuple(figure(0.01 * i) for i in range(8))
    found = compare_levels(
        Sides(candidates=(figure(2.0, high=None),), reference=base), Prior(), LIMITS
    )
    assert math.isinf(found.high)
    assert found.p < 0.001


def test_a_censored_baseline_cannot_prove_a_rise() -> None:
    base = (figure(0.0, high=None), *(figure(0.01 * i) for i in range(7)))
    found = compare_levels(Sides(candidates=(figure(2.0),), reference=base), Prior(), LIMITS)
    assert found.p == 1.0
    assert found.low == -math.inf


def test_a_prior_lends_precision() -> None:
    without = compare_levels(sides([0.0], [0.0, 0.01, -0.01]), Prior(), ZERO)
    lent = compare_levels(sides([0.0], [0.0, 0.01, -0.01]), Prior(variance=1e-4, dof=10.0), ZERO)
    assert lent.dof == 12.0
    assert lent.high < without.high


@given(
    st.lists(st.floats(-1, 1), min_size=1, max_size=4),
    st.lists(st.floats(-1, 1), min_size=3, max_size=10),
)
def test_the_interval_holds_the_estimate_and_detection_grows_with_noise(
    candidates: list[float], reference: list[float]
) -> None:
    found = compare_levels(sides(candidates, reference), Prior(), LIMITS)
    assert found.low <= found.estimate <= found.high
    assert found.detectable(LIMITS, 0.01) >= math.expm1(LIMITS.tolerance)
    assert found.detectable(LIMITS, 0.001) >= found.detectable(LIMITS, 0.01)


def test_doubling_every_latency_leaves_the_effect() -> None:
    one = compare_levels(sides([0.2], [0.0, 0.1, -0.1]), Prior(), LIMITS)
    shifted = sides([0.2 + math.log(2)], [math.log(2) + x for x in (0.0, 0.1, -0.1)])
    two = compare_levels(shifted, Prior(), LIMITS)
    assert two.estimate == pytest.approx(one.estimate)
    assert two.p == pytest.approx(one.p)


def test_ranks_notice_one_wild_baseline() -> None:
    reference = [0.0, 0.01, -0.01, 0.02, -0.02, 0.005, -0.005, 3.0]
    both = sides([0.2], reference)
    effect = compare_levels(both, Prior(), LIMITS)
    assert is_robust(both, effect, failed=False)
    # called a failure, though two baselines are worse
    worse = sides([0.2], [*reference[:6], 3.0, 4.0])
    assert not is_robust(worse, compare_levels(worse, Prior(), LIMITS), failed=True)
    few = sides([0.2], reference[:5])
    assert is_robust(few, compare_levels(few, Prior(), LIMITS), failed=True)


@pytest.mark.parametrize("baselines", [5, 8])
@pytest.mark.parametrize("sd", [0.03, 0.10])
def test_the_detectable_change_is_found_four_times_in_five(baselines: int, sd: float) -> None:
    """At the true effect that the formula gives for the true noise, within a simulation's error."""
    rng = np.random.default_rng(11)
    truth = Sides(
        candidates=(figure(0.0),), reference=tuple(figure(x) for x in _spread(baselines, sd))
    )
    effect = math.log1p(compare_levels(truth, Prior(), LIMITS).detectable(LIMITS, 0.01))
    found = 0
    for _ in range(600):
        drawn = rng.normal(0.0, sd, baselines + 1)
        drawn[0] += effect
        one = sides([float(drawn[0])], [float(x) for x in drawn[1:]])
        found += compare_levels(one, Prior(), LIMITS).p <= 0.01
    assert found / 600 == pytest.approx(0.8, abs=0.05)


def _spread(count: int, sd: float) -> list[float]:
    """Values whose pooled sd is exactly `sd`."""
    values = np.linspace(-1.0, 1.0, count)
    return [float(v) for v in values / values.std(ddof=1) * sd]


def test_a_noise_of_its_own_survives_replacement() -> None:
    found = compare_levels(sides([0.0], [0.0] * 8), Prior(), LIMITS)
    assert replace(found.noise, candidates=3).baselines == 8
