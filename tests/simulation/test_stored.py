"""False alarms, power and false passes against stored baselines, counted over drawn runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from perf_analysis.compared import RowVerdict
from perf_analysis.comparison import compare_runs
from perf_analysis.gating import gate
from simulations import (
    at_level,
    at_most,
    demands,
    drawn_runs,
    figure,
    run_of,
    simulated_figures,
)

if TYPE_CHECKING:
    from perf_analysis.figures import QuantileFigure

FAST = 400
ALPHA = 0.01


def false_alarms(
    trials: int, *, baselines: int, series: int, sd: float, correlation: float
) -> tuple[float, float]:
    """Shares of failing rows and of failing gates among unchanged runs."""
    rng = np.random.default_rng([baselines, series, int(1000 * sd), int(10 * correlation)])
    asked = demands(ALPHA, tolerance=0.0)
    rows = gates = 0
    for _ in range(trials):
        runs = drawn_runs(rng, baselines + 1, series, sd, correlation)
        found = compare_runs(runs[:1], runs[1:], asked)
        rows += sum(row.p is not None and row.p <= ALPHA for row in found)
        gates += gate(found, asked) is RowVerdict.FAIL
    return rows / trials / series, gates / trials


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


def end_to_end(
    trials: int, *, baselines: int, sd: float, alpha: float, pool: int, tolerance: float = 0.0
) -> float:
    """Share of false regressions of runs simulated from requests up, autocorrelation 0.9."""
    figures = simulated_figures(pool, 180, 20.0, 0.9)
    rng = np.random.default_rng([baselines, int(1000 * sd), int(1000 * alpha)])
    asked = demands(alpha, tolerance)
    failed = 0
    for _ in range(trials):
        chosen = rng.choice(len(figures), baselines + 1, replace=False)
        shifts = rng.normal(0.0, sd, baselines + 1)
        runs = [
            run_of(i, [at_level(figures[int(place)], float(shift))])
            for i, (place, shift) in enumerate(zip(chosen, shifts, strict=True))
        ]
        failed += gate(compare_runs(runs[:1], runs[1:], asked), asked) is RowVerdict.FAIL
    return failed / trials


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


def share_at_detectable(trials: int, *, baselines: int, candidates: int, sd: float) -> float:
    """How often a rise is found that is what the formula gives for the true noise."""
    rng = np.random.default_rng([baselines, candidates, int(1000 * sd)])
    asked = demands()
    found = 0
    # the rise for the true sd: from runs that show exactly it
    spread = np.concatenate([_exact(candidates, sd), _exact(baselines, sd)])
    truth = compare_runs(
        [run_of(i, [_figure(x)]) for i, x in enumerate(spread[:candidates])],
        [run_of(i, [_figure(x)]) for i, x in enumerate(spread[candidates:])],
        asked,
    )
    rise = math.log1p(truth[0].detectable or 0.0)
    for _ in range(trials):
        drawn = rng.normal(0.0, sd, candidates + baselines)
        drawn[:candidates] += rise
        runs = [run_of(i, [_figure(float(x))]) for i, x in enumerate(drawn)]
        rows = compare_runs(runs[:candidates], runs[candidates:], asked)
        found += rows[0].verdict is RowVerdict.FAIL
    return found / trials


def _exact(count: int, sd: float) -> np.ndarray:
    values = np.linspace(-1.0, 1.0, count) if count > 1 else np.zeros(1)
    return values / values.std(ddof=1) * sd if count > 1 else values


def _figure(ln_s: float) -> QuantileFigure:
    """Figure whose own error does not matter."""
    return figure(ln_s, error=0.001)


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


def false_passes(trials: int, *, baselines: int, sd: float) -> float:
    """Share of runs that are worse by exactly the margin and yet pass."""
    rng = np.random.default_rng([baselines, int(1000 * sd), 7])
    asked = demands()
    passed = 0
    for _ in range(trials):
        drawn = rng.normal(0.0, sd, baselines + 1)
        drawn[0] += math.log(1.1)
        runs = [run_of(i, [_figure(float(x))]) for i, x in enumerate(drawn)]
        passed += compare_runs(runs[:1], runs[1:], asked)[0].verdict is RowVerdict.PASS
    return passed / trials


@pytest.mark.parametrize("sd", [0.01, 0.03])
@pytest.mark.parametrize("baselines", [5, 20])
def test_a_run_at_its_margin_rarely_passes(baselines: int, sd: float) -> None:
    assert false_passes(FAST, baselines=baselines, sd=sd) <= at_most(0.015, FAST)


@pytest.mark.slow
def test_fifty_endpoints_and_three_metrics_are_one_family() -> None:
    """150 unchanged rows at alpha 0.05: the gate fails in at most 5 % of runs."""
    rng = np.random.default_rng(150)
    trials, failed = 2000, 0
    asked = demands(0.05, 0.0)
    for _ in range(trials):
        runs = drawn_runs(rng, 9, 151, 0.05, 0.5)
        failed += gate(compare_runs(runs[:1], runs[1:], asked), asked) is RowVerdict.FAIL
    assert failed / trials <= 0.05
