"""A quantile and its own error: against raw samples, scipy and simulations with known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats.mstats import hdquantiles

from perf_analysis.dispersion import block_sums, long_run_variance
from perf_analysis.figures import SHORT, TAIL_THIN, THIN, QuantileFigure
from perf_analysis.filling import build
from perf_analysis.histogram import Histogram, merge
from perf_analysis.quantiles import Stream, point_s, quantile_figure

NOTHING = Histogram()
durations = st.floats(1e-5, 100.0)


def figure_of(
    windows: list[list[float]], q: float = 0.95, censored: list[float] | None = None
) -> QuantileFigure | None:
    late = [build(censored or []), *[NOTHING] * (len(windows) - 1)]
    return quantile_figure([build(w) for w in windows], late, q, least_n=200)


def test_harrell_davis_is_that_of_scipy_but_for_the_buckets() -> None:
    values = [float(value) for value in range(1, 21)]
    expected = float(hdquantiles(np.array(values), prob=[0.95])[0])
    assert expected == pytest.approx(19.426825724, abs=1e-8)
    assert point_s(build(values), 0.95) == pytest.approx(expected, rel=1 / 256)


def test_from_a_thousand_samples_on_it_is_type_7() -> None:
    values = np.random.default_rng(1).lognormal(-2.0, 0.5, 1000)
    assert point_s(build(values), 0.95) == build(values).quantile_s(0.95)


@given(st.lists(durations, min_size=1, max_size=300), st.floats(0.01, 0.99), st.floats(0.0, 0.3))
def test_quantiles_ascend(values: list[float], q: float, step: float) -> None:
    histogram = build(values)
    higher = min(q + step, 0.99)
    assert point_s(histogram, q) <= point_s(histogram, higher) * (1 + 1e-9)


@given(st.lists(durations, min_size=1, max_size=200), st.integers(0, 199))
def test_an_interpolated_order_statistic_lies_in_its_bucket(values: list[float], rank: int) -> None:
    rank = min(rank, len(values) - 1)
    stream = Stream([build(values)])
    q = rank / (len(values) - 1) if len(values) > 1 else 0.0
    assert stream.interpolated_s(q) == pytest.approx(sorted(values)[rank], rel=1 / 60)


@given(st.lists(st.lists(durations, max_size=20), min_size=1, max_size=8), durations)
def test_samples_above_a_value_are_counted_but_for_its_own_bucket(
    windows: list[list[float]], value: float
) -> None:
    stream = Stream([build(window) for window in windows])
    for window, above in zip(windows, stream.above(value), strict=True):
        surely = sum(sample > value * (1 + 1 / 64) for sample in window)
        perhaps = sum(sample >= value * (1 - 1 / 64) for sample in window)
        assert surely - 1e-9 <= above <= perhaps + 1e-9


def test_scaling_moves_the_level_and_leaves_the_error() -> None:
    rng = np.random.default_rng(3)
    windows = [list(rng.lognormal(-2.0, 0.5, 50)) for _ in range(60)]
    one = figure_of(windows)
    two = figure_of([[2.0 * value for value in window] for window in windows])
    assert one is not None
    assert two is not None
    assert two.ln_s - one.ln_s == pytest.approx(math.log(2.0), abs=1e-9)
    assert two.error == pytest.approx(one.error, rel=1e-6)


@pytest.mark.parametrize(
    ("windows", "each", "flags"),
    [(60, 50, ()), (10, 100, (SHORT,)), (60, 1, (THIN,)), (10, 1000, (SHORT,))],
)
def test_flags_say_what_is_weak(windows: int, each: int, flags: tuple[str, ...]) -> None:
    rng = np.random.default_rng(4)
    found = figure_of([list(rng.lognormal(-2.0, 0.4, each)) for _ in range(windows)])
    assert found is not None
    assert tuple(flag for flag in found.flags if flag != TAIL_THIN) == flags


def test_a_tail_that_belongs_to_few_windows_is_flagged() -> None:
    rng = np.random.default_rng(5)
    windows = [list(rng.lognormal(-3.0, 0.1, 50)) for _ in range(60)]
    windows[7:10] = [[5.0] * 50] * 3
    found = figure_of(windows)
    assert found is not None
    assert TAIL_THIN in found.flags


def test_too_few_in_the_tail_give_no_value() -> None:
    assert figure_of([[0.1] * 59]) is None
    assert figure_of([[0.1] * 60]) is not None
    assert figure_of([[]]) is None


def test_equal_samples_err_by_what_the_bucket_hides() -> None:
    found = figure_of([[0.1] * 20] * 30)
    assert found is not None
    assert 0.0 < found.error < 1 / 256
    assert math.exp(found.ln_s) == pytest.approx(0.1, rel=1 / 256)


@pytest.mark.parametrize(("never", "high"), [(0, "equal"), (10, "larger"), (60, "infinite")])
def test_requests_that_never_completed_are_taken_both_ways(never: int, high: str) -> None:
    windows = [[0.1 + 0.001 * i for i in range(20)] for _ in range(50)]
    found = figure_of(windows, censored=[0.05] * never)
    assert found is not None
    assert found.n == 1000 + never
    if high == "infinite":
        assert found.ln_high_s is None
    elif high == "larger":
        assert found.ln_high_s is not None
        assert found.ln_high_s > found.ln_s
    else:
        assert found.ln_high_s == found.ln_s


def test_blocks_leave_out_the_oldest_windows() -> None:
    sums, length = block_sums(np.arange(63.0))
    assert (len(sums), length) == (31, 2)
    assert sums[0] == 1.0 + 2.0
    with pytest.raises(ValueError, match="3 windows make no blocks"):
        block_sums(np.arange(3.0))


def test_no_change_between_blocks_is_no_variance() -> None:
    assert long_run_variance(np.ones(30), 3) == 0.0


@pytest.mark.parametrize(("correlation", "expected"), [(0.0, 1.0), (0.5, 3.0)])
def test_the_long_run_variance_of_an_ar1(correlation: float, expected: float) -> None:
    """(1 + r) / (1 - r) of an AR(1) with unit variance."""
    rng = np.random.default_rng(6)
    found: list[float] = []
    for _ in range(200):
        noise = rng.normal(size=600) * math.sqrt(1 - correlation**2)
        values = np.empty(600)
        values[0] = rng.normal()
        for t in range(1, 600):
            values[t] = correlation * values[t - 1] + noise[t]
        found.append(long_run_variance(*block_sums(values)))
    assert np.mean(found) == pytest.approx(expected, rel=0.25)


def test_the_error_is_that_seen_over_many_runs() -> None:
    """Level of latency as AR(1): the reported error against the true spread of ln p95."""
    rng = np.random.default_rng(7)
    levels: list[float] = []
    errors: list[float] = []
    for _ in range(60):
        drift = 0.0
        windows: list[list[float]] = []
        for _ in range(180):
            drift = 0.5 * drift + rng.normal() * math.sqrt(0.75)
            windows.append(list(rng.lognormal(-2.0 + 0.3 * drift, 0.5, 20)))
        found = figure_of(windows)
        assert found is not None
        levels.append(found.ln_s)
        errors.append(found.error)
    ratio = math.sqrt(float(np.mean(np.square(errors)))) / float(np.std(levels, ddof=1))
    assert 0.8 <= ratio <= 1.6


def test_merged_windows_do_not_depend_on_their_grouping() -> None:
    rng = np.random.default_rng(8)
    windows = [build(rng.lognormal(-2.0, 0.5, 30)) for _ in range(40)]
    whole = Stream([merge(windows)])
    assert whole.interpolated_s(0.9) == Stream(windows).interpolated_s(0.9)
