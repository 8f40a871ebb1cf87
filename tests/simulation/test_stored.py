"""False alarms, power and false passes against stored baselines, counted over drawn runs."""

from __future__ import annotations

import pytest

from simulations import (
    at_most,
    coverage,
    end_to_end,
    false_alarms,
    false_passes,
    family_alarms,
    share_at_detectable,
)

FAST = 400


@pytest.mark.parametrize("baselines", [3, 5, 8, 20])
@pytest.mark.parametrize(("series", "correlation"), [(1, 0.0), (4, 0.7), (10, 0.7)])
def test_unchanged_runs_rarely_fail(baselines: int, series: int, correlation: float) -> None:
    rows, gates = false_alarms(
        FAST, baselines=baselines, series=series, sd=0.05, correlation=correlation
    )
    assert rows <= at_most(0.02 if baselines == 3 else 0.015, FAST)
    assert gates <= at_most(0.02, FAST)


@pytest.mark.slow
@pytest.mark.parametrize("baselines", [3, 5, 8, 20])
@pytest.mark.parametrize("correlation", [0.0, 0.7])
@pytest.mark.parametrize("series", [1, 4, 10, 51])
def test_unchanged_runs_rarely_fail_in_long(
    baselines: int, series: int, correlation: float
) -> None:
    trials = 3000
    rows, gates = false_alarms(
        trials, baselines=baselines, series=series, sd=0.05, correlation=correlation
    )
    assert rows <= at_most(0.02 if baselines == 3 else 0.015, trials)
    if baselines >= 5:
        assert gates <= at_most(0.02, trials)


@pytest.mark.parametrize("baselines", [5, 8])
@pytest.mark.parametrize("sd", [0.0, 0.1])
def test_unchanged_runs_from_requests_up_rarely_fail(baselines: int, sd: float) -> None:
    share = end_to_end(FAST, baselines=baselines, sd=sd, alpha=0.01, pool=120)
    assert share <= at_most(0.02, FAST)


@pytest.mark.slow
@pytest.mark.parametrize("baselines", [5, 8])
@pytest.mark.parametrize("sd", [0.0, 0.03, 0.05, 0.1])
@pytest.mark.parametrize(("alpha", "bound"), [(0.01, 0.02), (0.05, 0.07)])
def test_unchanged_runs_from_requests_up_rarely_fail_in_long(
    baselines: int, sd: float, alpha: float, bound: float
) -> None:
    share = end_to_end(2000, baselines=baselines, sd=sd, alpha=alpha, pool=1200)
    assert share <= bound


@pytest.mark.parametrize("baselines", [5, 8, 20])
def test_the_detectable_change_is_found_four_times_in_five(baselines: int) -> None:
    share = share_at_detectable(FAST, baselines=baselines, candidates=1, sd=0.05)
    assert share == pytest.approx(0.8, abs=0.07)


@pytest.mark.slow
@pytest.mark.parametrize("baselines", [5, 8, 20])
@pytest.mark.parametrize("candidates", [1, 3])
@pytest.mark.parametrize("sd", [0.03, 0.1])
def test_the_detectable_change_is_found_four_times_in_five_in_long(
    baselines: int, candidates: int, sd: float
) -> None:
    share = share_at_detectable(4000, baselines=baselines, candidates=candidates, sd=sd)
    assert share == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("sd", [0.01, 0.03])
@pytest.mark.parametrize("baselines", [5, 20])
def test_a_run_at_its_margin_rarely_passes(baselines: int, sd: float) -> None:
    assert false_passes(FAST, baselines=baselines, sd=sd) <= at_most(0.015, FAST)


@pytest.mark.slow
def test_fifty_endpoints_and_three_metrics_are_one_family() -> None:
    """150 unchanged rows at alpha 0.05: the gate fails in at most 5 % of runs."""
    assert family_alarms(2000, rows=151, alpha=0.05) <= 0.05


@pytest.mark.parametrize("baselines", [5, 8])
def test_intervals_hold_the_true_effect(baselines: int) -> None:
    assert coverage(FAST, baselines=baselines, sd=0.05) == pytest.approx(0.95, abs=0.035)
    # the floors make an interval wider than it need be, never narrower
    assert coverage(FAST, baselines=baselines, sd=0.05, pool=120) >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("baselines", [5, 8])
@pytest.mark.parametrize("sd", [0.05, 0.1])
def test_intervals_hold_the_true_effect_in_long(baselines: int, sd: float) -> None:
    assert 0.93 <= coverage(4000, baselines=baselines, sd=sd) <= 0.97
    assert coverage(4000, baselines=baselines, sd=sd, pool=1200) >= 0.93
