"""Both arms of one run: shared noise cancels, instances are allowed for, looks spend alpha."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_analysis.filling import build
from perf_analysis.histogram import Histogram
from perf_analysis.limits import Limits
from perf_analysis.looks import alpha_of_look, looks_of
from perf_analysis.paired import PairedWindows, combine, round_difference
from perf_analysis.reduction import Window

LIMITS = Limits(tolerance=math.log(1.05), margin=math.log(1.1), alpha=0.01)
ZERO = Limits(tolerance=0.0, margin=math.log(1.1), alpha=0.01)


def window(values: list[float], censored: list[float] | None = None) -> Window:
    return Window(
        n=len(values), failed=0, finished=len(values), complete=build(values),
        censored=build(censored or []),
    )  # fmt: skip


def arms(
    rng: np.random.Generator, *, shift: float = 0.0, windows: int = 60, shares: tuple[int, int]
) -> PairedWindows:
    """Both arms under one AR(1) drift of their level, as a busy machine makes it."""
    level, rows = 0.0, []
    for _ in range(windows):
        level = 0.9 * level + rng.normal() * math.sqrt(1 - 0.81)
        rows.append(
            [
                window(list(rng.lognormal(-3.0 + 0.3 * level + extra, 0.4, max(1, count))))
                for extra, count in zip((shift, 0.0), shares, strict=True)
            ]
        )
    return PairedWindows(candidate=[row[0] for row in rows], control=[row[1] for row in rows])


def test_shared_noise_cancels() -> None:
    """The reported error is that of the difference, not of the levels (some six times as large)."""
    rng = np.random.default_rng(1)
    found = [round_difference(arms(rng, shares=(50, 50)), 0.95, 200) for _ in range(60)]
    estimates = [f.estimate for f in found if f is not None]
    error = math.sqrt(float(np.mean([f.variance for f in found if f is not None])))
    assert len(estimates) == 60
    assert 0.8 <= error / float(np.std(estimates, ddof=1)) <= 1.5
    assert error < 0.05


def test_it_works_at_unequal_shares_without_bias() -> None:
    rng = np.random.default_rng(2)
    found = [round_difference(arms(rng, shares=(5, 95)), 0.95, 200) for _ in range(40)]
    estimates = [f.estimate for f in found if f is not None]
    standard = float(np.std(estimates, ddof=1)) / math.sqrt(len(estimates))
    assert abs(float(np.mean(estimates))) < 3.0 * standard + 0.02


def test_a_slower_candidate_is_found() -> None:
    rng = np.random.default_rng(3)
    pair = arms(rng, shift=math.log(1.3), shares=(100, 100), windows=120)
    one = round_difference(pair, 0.95, 200)
    assert one is not None
    effect = combine([one], LIMITS, restarted=False)
    assert effect.p < 0.001
    assert effect.low < math.log(1.3) < effect.high


def test_an_instance_is_allowed_for_in_one_round() -> None:
    rng = np.random.default_rng(4)
    one = round_difference(arms(rng, shares=(100, 100)), 0.95, 200)
    assert one is not None
    effect = combine([one], ZERO, restarted=False)
    assert effect.error == pytest.approx(math.sqrt(one.variance + 0.01**2))


def test_three_restarted_rounds_are_replicates() -> None:
    rng = np.random.default_rng(5)
    rounds = []
    for shift in (0.00, 0.04, -0.02, 0.03):
        one = round_difference(arms(rng, shift=shift, shares=(400, 400)), 0.95, 200)
        assert one is not None
        rounds.append(one)
    effect = combine(rounds, ZERO, restarted=True)
    estimates = [r.estimate for r in rounds]
    assert effect.dof == 3.0
    spread = float(np.var(estimates, ddof=1))
    within = float(np.mean([r.variance for r in rounds]))
    assert effect.error == pytest.approx(math.sqrt(max(spread, within, 1e-4) / 4))
    # two rounds are no replicates yet
    assert combine(rounds[:2], ZERO, restarted=True).dof > 3.0


def test_few_windows_fall_back_to_independent_arms() -> None:
    rng = np.random.default_rng(6)
    one = round_difference(arms(rng, shares=(300, 300), windows=10), 0.95, 200)
    assert one is not None
    assert one.dof == 9
    assert one.variance > 0.0


def test_an_arm_without_answers_gives_no_difference() -> None:
    nothing = [Window(n=5, failed=5, finished=5, complete=Histogram(), censored=build([1.0] * 5))]
    some = [window([0.1] * 500)]
    assert round_difference(PairedWindows(candidate=nothing, control=some), 0.95, 200) is None
    assert round_difference(PairedWindows(candidate=some, control=nothing), 0.95, 200) is None


def test_a_candidate_that_never_answers_some_requests_cannot_pass() -> None:
    rng = np.random.default_rng(7)
    rows = [list(rng.lognormal(-3.0, 0.4, 50)) for _ in range(60)]
    pair = PairedWindows(
        candidate=[window(row[:45], [5.0] * 5) for row in rows],
        control=[window(row) for row in rows],
    )
    one = round_difference(pair, 0.95, 200)
    assert one is not None
    effect = combine([one], LIMITS, restarted=False)
    assert math.isinf(effect.high)
    assert effect.p < 0.01


@given(st.floats(1e-4, 0.1), st.integers(1, 5))
def test_looks_spend_alpha_and_no_more(alpha: float, looks: int) -> None:
    spent = [alpha_of_look(alpha, look, looks) for look in range(1, looks + 1)]
    assert math.fsum(spent) == pytest.approx(alpha)
    assert all(part > 0.0 for part in spent)
    assert spent == sorted(spent)


@pytest.mark.parametrize(
    ("total_s", "round_s", "looks"), [(300, 60, 5), (600, 60, 5), (100, 60, 1), (30, 60, 1)]
)
def test_looks_follow_from_the_length_of_a_round(
    total_s: float, round_s: float, looks: int
) -> None:
    assert looks_of(total_s, round_s) == looks


def test_a_look_beyond_the_plan_is_refused() -> None:
    with pytest.raises(ValueError, match="look 3 of 2"):
        alpha_of_look(0.01, 3, 2)
