"""Proportions and their differences: documented values, scipy as oracle, exact sizes, bursts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from perf_analysis.error_rates import (
    Failures,
    RateComparison,
    binomial_tail,
    compare_error_rates,
    conditional_mid_p,
    dispersion,
    e_test,
)
from perf_analysis.intervals import miettinen_nurminen, miettinen_nurminen_z, newcombe, wilson
from perf_analysis.limits import Limits

LIMITS = Limits(tolerance=0.0025, margin=0.005, alpha=0.01)
SMALL = Limits(tolerance=0.001, margin=0.005, alpha=0.01)
Z95 = float(stats.norm.ppf(0.975))


def compared(
    x1: int, n1: int, x2: int, n2: int, limits: Limits = LIMITS, *, phi_w: float = 1.0
) -> RateComparison:
    found = compare_error_rates(
        Failures(x=x1, n=n1), [Failures(x=x2, n=n2)], limits=limits, phi_w=phi_w
    )
    assert found is not None
    return found


def test_documented_values() -> None:
    assert wilson(5, 100, 0.025) == pytest.approx((0.0215436792, 0.1117504692), abs=1e-9)
    assert newcombe(56, 70, 48, 80, 0.025) == pytest.approx((0.0524314724, 0.333872654), abs=1e-9)
    assert newcombe(5, 56, 0, 29, 0.025) == pytest.approx((-0.0381371479, 0.1925600139), abs=1e-9)
    assert miettinen_nurminen(56, 70, 48, 80, Z95) == pytest.approx(
        (0.0528297, 0.3381729), abs=1e-6
    )
    assert miettinen_nurminen_z(15, 1000, 10, 1000, 0.001) == pytest.approx(0.8073935299, abs=1e-9)
    assert e_test(15, 1000, 10, 1000, 0.001) == pytest.approx(0.2179687453, abs=1e-9)
    assert conditional_mid_p(8, 100, 4, 100, 1.0) == pytest.approx(0.1334228516, abs=1e-9)


@given(st.integers(0, 400), st.integers(1, 400), st.floats(0.001, 0.2))
def test_wilson_is_that_of_scipy(x: int, n: int, alpha: float) -> None:
    x = min(x, n)
    expected = stats.binomtest(x, n).proportion_ci(1.0 - 2.0 * alpha, "wilson")
    assert wilson(x, n, alpha) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(
    st.integers(0, 60), st.integers(100, 2000), st.integers(0, 60), st.integers(100, 2000),
    st.sampled_from([0.00131, 0.01077]),  # no ties, which rounding would decide
)  # fmt: skip
def test_the_e_test_is_that_of_scipy(x1: int, n1: int, x2: int, n2: int, d: float) -> None:
    expected = stats.poisson_means_test(x1, n1, x2, n2, diff=d, alternative="greater").pvalue
    found = e_test(x1, n1, x2, n2, d)
    # scipy's rounding sometimes leaves out the observed counts themselves
    rate2 = max(0.0, (x1 + x2 - d * n1) / (n1 + n2))
    own = stats.poisson.pmf(x1, n1 * (rate2 + d)) * stats.poisson.pmf(x2, n2 * rate2)
    assert float(expected) - 1e-8 <= found <= float(expected) + float(own) + 1e-8


@given(st.integers(0, 50), st.integers(0, 50), st.floats(0.0, 1.0))
def test_the_binomial_tail_is_that_of_scipy(x: int, n: int, p: float) -> None:
    assert binomial_tail(x, n, p) == pytest.approx(float(stats.binom.sf(x - 1, n, p)), abs=1e-9)


@given(st.integers(0, 200), st.integers(0, 200), st.sampled_from([0.001, 0.01, 0.1]))
def test_intervals_hold_the_estimate_and_widen(x1: int, x2: int, alpha: float) -> None:
    estimate = x1 / 200 - x2 / 200
    for interval in (
        newcombe(x1, 200, x2, 200, alpha),
        miettinen_nurminen(x1, 200, x2, 200, float(stats.norm.ppf(1 - alpha))),
    ):
        assert interval[0] - 1e-9 <= estimate <= interval[1] + 1e-9
    wide, narrow = newcombe(x1, 200, x2, 200, alpha / 2), newcombe(x1, 200, x2, 200, alpha)
    assert wide[0] <= narrow[0]
    assert wide[1] >= narrow[1]


@given(st.integers(0, 100), st.integers(0, 300), st.floats(1e-4, 0.1))
def test_swapping_the_arms_mirrors_the_score(x1: int, x2: int, d: float) -> None:
    there = miettinen_nurminen_z(x1, 100, x2, 300, d)
    back = miettinen_nurminen_z(x2, 300, x1, 100, -d)
    assert there == pytest.approx(-back, abs=1e-6)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([], 1.0),
        ([(1, 10)], 1.0),
        ([(0, 10), (0, 20)], 1.0),
        ([(10, 10), (20, 20)], 1.0),
        ([(5, 0), (3, 10), (3, 10)], 0.0),
        ([(10, 100), (0, 100)], 10.526315789473685),
    ],
)
def test_dispersion(counts: list[tuple[int, int]], expected: float) -> None:
    assert dispersion(counts) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("counts", "proven"),
    [
        ((0, 10_000, 0, 10_000), "harmless"),
        ((0, 500, 0, 10_000), "nothing"),
        ((150, 10_000, 50, 10_000), "harm"),
        ((10_000, 10_000, 0, 10_000), "harm"),
        ((50, 10_000, 50, 10_000), "harmless"),
        ((60, 1_000, 0, 1), "nothing"),
        ((5_000, 1_000_000, 5_000, 1_000_000), "harmless"),
        ((30_000, 1_000_000, 5_000, 1_000_000), "harm"),
    ],
)
def test_harm_and_harmlessness_are_proven_apart(
    counts: tuple[int, int, int, int], proven: str
) -> None:
    found = compared(*counts)
    assert (found.p_fail <= 0.01) is (proven == "harm")
    assert (found.upper < LIMITS.margin) is (proven == "harmless")
    assert found.low <= found.difference <= found.high
    assert math.isfinite(found.detectable(0.01))


def test_zero_errors_pass_from_919_requests_on() -> None:
    assert compared(0, 919, 0, 100_000).upper < LIMITS.margin
    assert compared(0, 918, 0, 100_000).upper >= LIMITS.margin


def test_a_side_without_requests_is_not_compared() -> None:
    assert compare_error_rates(
        Failures(x=0, n=0), [Failures(x=0, n=10)], limits=LIMITS, phi_w=1.0
    ) is None  # fmt: skip
    assert compare_error_rates(Failures(x=0, n=5), [], limits=LIMITS, phi_w=1.0) is None


def test_bursts_widen_everything() -> None:
    plain, bursty = compared(150, 10_000, 60, 10_000), compared(150, 10_000, 60, 10_000, phi_w=8.0)
    assert bursty.p_fail > plain.p_fail
    assert bursty.upper > plain.upper
    assert bursty.detectable(0.01) > plain.detectable(0.01)


def test_runs_that_differ_are_believed_before_windows() -> None:
    runs = [Failures(x=x, n=10_000) for x in (10, 90, 30, 120, 50)]
    found = compare_error_rates(Failures(x=150, n=10_000), runs, limits=LIMITS, phi_w=1.5)
    assert found is not None
    assert found.dispersion > 10.0
    assert found.dof == 4.0


@pytest.mark.parametrize(("n1", "n2"), [(1000, 5000), (5000, 5000), (18_000, 100_000)])
@pytest.mark.parametrize("p2", [0.0, 0.001, 0.005, 0.02])
def test_exact_sizes_at_the_limits(n1: int, n2: int, p2: float) -> None:
    """Enumerated: P(fail) at a difference of the tolerance, P(pass) at one of the margin."""
    x2 = round(p2 * n2)
    sizes = {}
    for name, difference in (("fail", SMALL.tolerance), ("pass", SMALL.margin)):
        p1 = p2 + difference
        low, high = (int(stats.binom.ppf(q, n1, p1)) for q in (1e-6, 1 - 1e-6))
        step = max(1, (high - low) // 40)
        size = 0.0
        for x1 in range(low, high + 1, step):
            found = compared(x1, n1, x2, n2, SMALL)
            wrong = found.p_fail <= 0.01 if name == "fail" else found.upper < SMALL.margin
            mass = stats.binom.cdf(x1 + step - 1, n1, p1) - stats.binom.cdf(x1 - 1, n1, p1)
            size += float(mass) * wrong
        sizes[name] = size
    assert sizes["fail"] <= 0.02
    assert sizes["pass"] <= 0.02


@pytest.mark.parametrize("n", [200, 2000, 100_000])
@pytest.mark.parametrize("p", [0.0005, 0.005, 0.05])
def test_wilson_covers_as_often_as_it_says(n: int, p: float) -> None:
    xs = np.arange(int(stats.binom.ppf(1e-9, n, p)), int(stats.binom.ppf(1 - 1e-9, n, p)) + 1)
    inside = [x for x in xs if wilson(int(x), n, 0.025)[0] <= p <= wilson(int(x), n, 0.025)[1]]
    assert math.fsum(float(stats.binom.pmf(x, n, p)) for x in inside) >= 0.90


def false_alarms(trials: int, *, sd: float, burst: int, runs: int) -> float:
    """Share of failing rows among unchanged runs whose rates wander and whose errors cluster."""
    rng = np.random.default_rng([runs, burst, int(10 * sd)])
    n, windows, failed = 18_000, 180, 0
    for _ in range(trials):
        counts = []
        for _ in range(runs + 1):
            rate = 0.005 * math.exp(rng.normal(0.0, sd)) / burst
            counts.append(rng.binomial(n // windows, rate, windows) * burst)
        phi = max(dispersion([(int(x), n // windows) for x in row]) for row in counts)
        found = compare_error_rates(
            Failures(x=int(counts[0].sum()), n=n),
            [Failures(x=int(row.sum()), n=n) for row in counts[1:]],
            limits=LIMITS, phi_w=phi,
        )  # fmt: skip
        failed += found is not None and found.p_fail <= 0.01
    return failed / trials


@pytest.mark.parametrize(("sd", "burst"), [(0.0, 1), (0.3, 1), (0.0, 8)])
def test_unchanged_error_rates_rarely_fail(sd: float, burst: int) -> None:
    assert false_alarms(300, sd=sd, burst=burst, runs=5) <= 0.03


def test_a_tripled_error_rate_is_found() -> None:
    """0.5 % to 1.5 % at 100 requests a second for three minutes, in at least 95 of 100 runs."""
    rng = np.random.default_rng(5)
    found = sum(
        compared(int(rng.binomial(18_000, 0.015)), 18_000, int(rng.binomial(18_000, 0.005)), 18_000)
        .p_fail <= 0.01 / 4
        for _ in range(200)
    )  # fmt: skip
    assert found / 200 >= 0.95


def test_one_bad_second_is_no_regression() -> None:
    """Equal rates, one second of which fails whole: called a regression in at most 2 of 100."""
    rng = np.random.default_rng(6)
    failed = 0
    for _ in range(200):
        rows = [rng.binomial(100, 0.005, 180) for _ in range(2)]
        rows[0][int(rng.integers(180))] = 100
        phi = max(dispersion([(int(x), 100) for x in row]) for row in rows)
        found = compared(int(rows[0].sum()), 18_000, int(rows[1].sum()), 18_000, phi_w=phi)
        failed += found.p_fail <= 0.01
    assert failed / 200 <= 0.02


@pytest.mark.parametrize(
    ("tolerance", "margin", "alpha"),
    [(0.1, 0.1, 0.01), (0.2, 0.1, 0.01), (-0.1, 0.1, 0.01), (0.0, 0.1, 0.0), (0.0, 0.1, 0.5)],
)
def test_limits_that_make_no_sense_are_refused(
    tolerance: float, margin: float, alpha: float
) -> None:
    with pytest.raises(ValueError, match="lies in"):
        Limits(tolerance=tolerance, margin=margin, alpha=alpha)
