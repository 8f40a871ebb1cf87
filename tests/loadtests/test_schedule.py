from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_documents.plan import Plan, Stage
from perf_loadtests.schedule import (
    Stripe,
    arrivals,
    choose,
    count_arrivals,
    planned_vus,
    rate_at,
    splitmix64,
)


def plan_of(stages: list[tuple[str, str, str]], **options: object) -> Plan:
    """Plan from (duration, start, target) rows."""
    made = tuple(
        Stage(
            duration_s=Fraction(duration),
            start=Fraction(start),
            target=Fraction(target),
            phase="sustained" if start == target else "ramp",
        )
        for duration, start, target in stages
    )
    values: dict[str, object] = {
        "profile": "p",
        "scenario": "s",
        "executor": "ramping-arrival-rate",
        "stages": made,
        "pre_allocated_vus": 1,
        "max_vus": 1,
        "thresholds": (),
    }
    return Plan(**(values | options))  # type: ignore[arg-type]  # rows of mixed types


SUSTAINED = [("60", "0", "100"), ("180", "100", "100"), ("60", "100", "0")]
STEPPED = [
    ("30", "0", "0"),
    ("10", "0", "10"),
    ("5", "10", "10"),
    ("5", "10", "0"),
    ("10", "0", "0"),
    ("5", "0", "10"),
]


@pytest.mark.parametrize(
    ("stages", "count", "offsets"),
    [
        pytest.param(
            SUSTAINED,
            24_000,
            {
                0: 0.0,
                1: 1.095445,
                2999: 59.989999,
                3000: 60.0,
                3001: 60.01,
                20999: 239.99,
                21000: 240.0,
                23999: 298.904555,
            },
            id="sustained",
        ),
        pytest.param(
            STEPPED, 150, {0: 30.0, 1: 31.414214, 50: 40.0, 100: 45.0, 125: 60.0}, id="stepped"
        ),
    ],
)
def test_arrivals_fall_where_the_integral_passes_each_integer(
    stages: list[tuple[str, str, str]], count: int, offsets: dict[int, float]
) -> None:
    made = list(arrivals(plan_of(stages)))
    assert len(made) == count == count_arrivals(plan_of(stages))
    for number, offset_s in offsets.items():
        assert made[number].offset_s == pytest.approx(offset_s, abs=1e-6)


def test_the_sustained_stages_hold_3000_18000_and_3000_arrivals() -> None:
    made = list(arrivals(plan_of(SUSTAINED)))
    assert Counter(arrival.phase for arrival in made) == {"ramp": 6000, "sustained": 18000}
    assert [a.number for a in made] == list(range(24_000))


@st.composite
def stage_rows(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    level = draw(st.integers(0, 50))
    for _ in range(draw(st.integers(1, 5))):
        target = draw(st.one_of(st.just(level), st.integers(0, 50)))
        rows.append((str(draw(st.integers(0, 20))), str(level), str(target)))
        level = target
    return rows


def total(rows: list[tuple[str, str, str]]) -> Fraction:
    return sum(
        ((Fraction(a) + Fraction(b)) / 2 * Fraction(d) for d, a, b in rows), start=Fraction(0)
    )


@given(rows=stage_rows())
@settings(max_examples=60, deadline=None)
def test_offsets_never_decrease_and_counts_equal_the_integral(
    rows: list[tuple[str, str, str]],
) -> None:
    plan = plan_of(rows)
    made = list(arrivals(plan))
    assert len(made) == math.ceil(total(rows))
    offsets = [arrival.offset_s for arrival in made]
    assert offsets == sorted(offsets)
    assert all(0.0 <= offset < plan.duration_s for offset in offsets)


@given(rows=stage_rows(), seed=st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_poisson_arrivals_are_fixed_by_the_seed(
    rows: list[tuple[str, str, str]], seed: int
) -> None:
    plan = plan_of(rows, arrivals="poisson", seed=seed)
    first, second = list(arrivals(plan)), list(arrivals(plan))
    assert first == second
    offsets = [arrival.offset_s for arrival in first]
    assert offsets == sorted(offsets)
    assert abs(len(first) - total(rows)) <= 6 * math.sqrt(float(total(rows))) + 6


@pytest.mark.parametrize("kind", ["constant", "poisson"])
@given(of=st.integers(1, 16), rate=st.integers(1, 40))
@settings(max_examples=20)
def test_stripes_are_a_partition_of_the_one_sequence(kind: str, of: int, rate: int) -> None:
    stages = [("0", "0", "0"), ("7/2", "0", str(rate)), ("3", str(rate), str(rate)),
              ("2", str(rate), "0")]  # fmt: skip
    plan = plan_of(stages, arrivals=kind, seed=of, max_vus=97, pre_allocated_vus=13)
    stripes = [Stripe(index, of) for index in range(of)]
    dealt = [list(arrivals(plan, stripe)) for stripe in stripes]
    assert sorted(arrival for stripe in dealt for arrival in stripe) == list(arrivals(plan))
    assert all(arrival.number % of == w for w, stripe in enumerate(dealt) for arrival in stripe)
    parts = [stripe.part_of(plan) for stripe in stripes]
    assert sum(part.max_vus for part in parts) == 97
    assert sum(part.pre_allocated_vus for part in parts) == 13
    assert max(part.max_vus for part in parts) - min(part.max_vus for part in parts) <= 1


def test_different_seeds_give_different_poisson_arrivals() -> None:
    one, two = (plan_of(SUSTAINED, arrivals="poisson", seed=seed) for seed in (1, 2))
    assert next(iter(arrivals(one))) != next(iter(arrivals(two)))


def test_poisson_counts_vary_like_poisson_counts() -> None:
    rows = [("10", "20", "20")]
    counts = [count_arrivals(plan_of(rows, arrivals="poisson", seed=s)) for s in range(300)]
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / (len(counts) - 1)
    # standard errors for 300 draws: 0.8 of the mean, 16 of the variance
    assert mean == pytest.approx(200, abs=4)
    assert variance == pytest.approx(200, abs=64)


@pytest.mark.parametrize(
    ("offset_s", "vus"),
    [
        (0.0, 0),
        (0.05, 0),
        (0.1, 1),
        (0.95, 9),
        (1.0, 10),
        (1.5, 10),
        (2.05, 10),
        (2.1, 9),
        (3.0, 0),
    ],
)
def test_closed_vus_follow_floor_up_and_ceil_down(offset_s: float, vus: int) -> None:
    stages = plan_of([("1", "0", "10"), ("1", "10", "10"), ("1", "10", "0")]).stages
    assert planned_vus(stages, offset_s) == vus


def test_a_jump_takes_no_time() -> None:
    plan = plan_of([("0", "0", "50"), ("2", "50", "50")])
    assert count_arrivals(plan) == 100
    assert rate_at(plan.stages, 0.0) == 50.0


def test_choices_by_weight_are_even_and_reproducible() -> None:
    draws = [choose([2, 4, 2, 2], splitmix64(1, number)) for number in range(20_000)]
    assert draws == [choose([2, 4, 2, 2], splitmix64(1, number)) for number in range(20_000)]
    shares = Counter(draws)
    for index, share in enumerate([0.2, 0.4, 0.2, 0.2]):
        # four standard errors of a share over 20,000 draws
        assert shares[index] / 20_000 == pytest.approx(share, abs=0.014)
