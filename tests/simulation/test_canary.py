"""What the canary gate promises, on canaries whose health is known; see docs/canary.md."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

import pytest
from scipy.stats import binom

from canary_worlds import FINE_S, RULES, World, outcome, rules_of
from perf_documents.canary_looks import Answer

if TYPE_CHECKING:
    from pathlib import Path

HEALTHY = {
    "0.1 %": World(errors=lambda _: 0.001),
    "0.5 %": World(),
    "5 %": World(errors=lambda _: 0.05),
    "drift": World(errors=lambda t: 0.003 * (1.0 + 0.8 * math.sin(t / 200.0))),
    "ramp": World(share=lambda t: 0.05 + 0.45 * min(1.0, t / 1500.0)),
    "cold start": World(slower=lambda t: 4.0 if t <= 60 else 1.0),
    "arm noise": World(noise=0.05),
}
FAST = pytest.param(12, id="short")
SLOW = pytest.param(400, id="long", marks=pytest.mark.slow)


@pytest.mark.parametrize("replications", [FAST, SLOW])
@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_canaries_are_rolled_back_no_more_than_said(
    tmp_path: Path, name: str, replications: int
) -> None:
    text = RULES.replace("> 1%", "> 9%") if name == "5 %" else RULES
    warm_up = "60s" if name == "cold start" else "0s"
    rules = rules_of(tmp_path, warm_up=warm_up, after="30m", text=text)
    back = sum(
        outcome(rules, HEALTHY[name], seed).answer is Answer.ROLLBACK
        for seed in range(1, replications + 1)
    )
    assert back <= binom.ppf(0.999, replications, 0.05)


@pytest.mark.parametrize("replications", [FAST, SLOW])
@pytest.mark.parametrize(
    ("world", "most_s"),
    [
        (World(worse=lambda _: 2.0), 400.0),
        (World(worse=lambda _: 4.0), 80.0),
        (World(worse=lambda _: 10.0), 20.0),
        (World(slower=lambda _: 1.2, bounds_s=FINE_S), 120.0),
        (World(slower=lambda _: 1.5, bounds_s=FINE_S), 30.0),
    ],
)
def test_ill_ones_are_found_in_time(
    tmp_path: Path, world: World, most_s: float, replications: int
) -> None:
    rules = rules_of(tmp_path, after="30m")
    looks = [outcome(rules, world, seed) for seed in range(1, replications + 1)]
    assert all(look.answer is Answer.ROLLBACK for look in looks)
    # half of the times are at most the median: so many of a sample, but for chance
    in_time = sum(look.elapsed_s <= most_s for look in looks)
    assert in_time >= binom.ppf(0.001, replications, 0.5)
    assert median(look.elapsed_s for look in looks) <= 1.5 * most_s


@pytest.mark.parametrize("replications", [pytest.param(20, id="short"), SLOW])
@pytest.mark.parametrize(("rate", "errors"), [(20, 0.005), (50, 0.001), (100, 0.005), (300, 0.0)])
def test_healthy_ones_are_promoted_in_time(
    tmp_path: Path, rate: float, errors: float, replications: int
) -> None:
    rules = rules_of(tmp_path, warm_up="60s")
    world = World(rate=rate, errors=lambda _: errors)
    good = sum(
        outcome(rules, world, seed, looks=61).answer is Answer.PROMOTE
        for seed in range(1, replications + 1)
    )
    assert good >= binom.ppf(0.001, replications, 0.95)


@pytest.mark.parametrize("replications", [pytest.param(20, id="short"), SLOW])
def test_proof_is_not_given_to_one_that_is_as_bad_as_the_margin(
    tmp_path: Path, replications: int
) -> None:
    rules = rules_of(tmp_path, warm_up="60s", needs="proof")
    world = World(rate=300.0, errors=lambda _: 0.005, worse=lambda _: 2.0)
    good = sum(
        outcome(rules, world, seed, looks=61).answer is Answer.PROMOTE
        for seed in range(1, replications + 1)
    )
    assert good <= binom.ppf(0.999, replications, 0.01)
