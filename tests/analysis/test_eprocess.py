"""Evidence under continuous looking: oracle values, Ville's inequality, inversion."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import betaln

from perf_analysis.eprocess import (
    HARM,
    HARMLESS,
    Counted,
    EProcess,
    ln_average,
    null_share,
    ratio_sequence,
    seconds_to_decision,
    share_ln_e,
)
from perf_analysis.intervals import clopper_pearson


def test_published_values() -> None:
    assert share_ln_e(6, 20, 0.05, HARM) == pytest.approx(5.3865262671, abs=1e-9)
    assert share_ln_e(6, 20, null_share(0.05, 1.25), HARM) == pytest.approx(4.3431518040, abs=1e-9)
    assert share_ln_e(0, 600, 0.01, HARMLESS) == pytest.approx(4.4604150698, abs=1e-9)


def test_a_prior_in_closed_form_says_about_the_same() -> None:
    a, b, hits, n, share = 1.0, 19.0, 6.0, 20.0, 0.05
    ln_e = (
        betaln(a + hits, b + n - hits) + stats.beta.logsf(share, a + hits, b + n - hits)
        - betaln(a, b) - stats.beta.logsf(share, a, b)
        - hits * math.log(share) - (n - hits) * math.log1p(-share)
    )  # fmt: skip
    assert ln_e == pytest.approx(4.1140346335, abs=1e-9)
    assert abs(ln_e - share_ln_e(hits, n, share, HARM)) < 1.5


@given(
    hits=st.integers(0, 30), more=st.integers(0, 300), share=st.floats(0.001, 0.9),
    parts=st.integers(1, 5),
)  # fmt: skip
def test_how_looks_divide_the_counts_changes_nothing(
    hits: int, more: int, share: float, parts: int
) -> None:
    process = EProcess(HARM)
    for at in range(parts):
        own = [hits // parts + (at < hits % parts), more // parts + (at < more % parts)]
        process.add(hits=own[0], trials=sum(own), share=share)
    assert process.ln_e == pytest.approx(share_ln_e(hits, hits + more, share, HARM), abs=1e-9)


@given(multipliers=st.sampled_from([HARM, HARMLESS]), share=st.floats(0.001, 0.999))
def test_its_mean_is_one_where_the_share_is_as_said(
    multipliers: tuple[float, ...], share: float
) -> None:
    trials = np.arange(9)
    chances = stats.binom.pmf(trials, 8, share)
    values = [math.exp(share_ln_e(float(x), 8.0, share, multipliers)) for x in trials]
    assert float(np.dot(chances, values)) == pytest.approx(1.0, rel=1e-9)


def test_no_data_is_no_evidence() -> None:
    assert EProcess(HARM).ln_e == 0.0
    assert ratio_sequence([], 0.05) == (0.0, math.inf)


@pytest.mark.parametrize(
    "given_",
    [
        {"hits": 1, "trials": 1, "share": 0.0}, {"hits": 1, "trials": 1, "share": 1.0},
        {"hits": 2, "trials": 1, "share": 0.5}, {"hits": -1, "trials": 1, "share": 0.5},
        {"hits": 0, "trials": 1, "share": math.nan},
        {"hits": 0, "trials": 1, "share": 0.5, "dispersion": 0.5},
    ],
)  # fmt: skip
def test_what_says_nothing_is_refused(given_: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="share"):
        EProcess(HARM).add(**given_)


def test_huge_counts_stay_finite() -> None:
    process = EProcess(HARM)
    process.add(hits=1e9, trials=2e9, share=0.05)
    assert math.isfinite(process.ln_e)
    process.add(hits=0, trials=1e12, share=0.05)
    assert math.isfinite(process.ln_e)


def test_a_burst_counts_once() -> None:
    plain, divided = EProcess(HARM), EProcess(HARM)
    plain.add(hits=10, trials=20, share=0.05)
    divided.add(hits=10, trials=20, share=0.05, dispersion=5.0)
    assert 0.0 < divided.ln_e < plain.ln_e / 2


def test_an_average_is_between() -> None:
    assert ln_average([0.0, 0.0]) == pytest.approx(0.0)
    assert ln_average([1000.0, 0.0]) == pytest.approx(1000.0 - math.log(2.0))
    assert ln_average([math.log(10.0), 0.0], [3.0, 2.0]) == pytest.approx(math.log(6.4))


def test_the_ratio_is_inside_its_sequence_at_all_looks_at_once() -> None:
    rng, missed, low, high = np.random.default_rng(7), 0, 0.0, math.inf
    for _ in range(40):
        counted, out = [], False
        for _ in range(15):
            canary, control = rng.poisson(1.0 * 2.0), rng.poisson(19.0)
            counted.append(
                Counted(hits=float(canary), trials=float(canary + control), traffic_share=0.05)
            )
            low, high = ratio_sequence(counted, 0.05)
            out = out or not low <= 2.0 <= high
        missed += out
    # at 0.05 the .999 quantile of Bin(40, .05) is 7
    assert missed <= 7
    assert 0.5 < low < 2.0 < high < 8.0


def test_time_to_decision() -> None:
    assert seconds_to_decision(3.0, 60.0, 0.05) == 0.0
    assert seconds_to_decision(1.5, 60.0, 0.05) == pytest.approx(59.83, abs=0.01)
    assert seconds_to_decision(-1.0, 60.0, 0.05) is None
    assert seconds_to_decision(1.0, 0.0, 0.05) is None


@given(n=st.integers(1, 5000), data=st.data(), alpha=st.sampled_from([0.01, 0.05]))
def test_exact_bounds_are_scipy_s(n: int, data: st.DataObject, alpha: float) -> None:
    x = data.draw(st.integers(0, n))
    low, high = clopper_pearson(x, n, alpha)
    one_sided = stats.binomtest(x, n)
    assert low == pytest.approx(
        one_sided.proportion_ci(1 - 2 * alpha, method="exact").low, abs=1e-9
    )
    assert high == pytest.approx(
        one_sided.proportion_ci(1 - 2 * alpha, method="exact").high, abs=1e-9
    )
