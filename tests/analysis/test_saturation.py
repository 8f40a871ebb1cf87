"""What a generator held, and the sentence on what kept it from more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from perf_analysis.saturation import Reading, cause, in_words, is_held, rate_held

WELL = Reading(rate_per_s=1000.0, planned=1000, dropped=0, lag_p99_s=0.001, cpu_ratio=0.3)


def but(**changed: Any) -> Reading:  # noqa: ANN401  # whatever the fields are
    return replace(WELL, **changed)


@pytest.mark.parametrize(
    ("reading", "held"),
    [
        (but(), True),
        (but(lag_p99_s=0.0099), True),
        (but(lag_p99_s=0.010), False),
        (but(lag_p99_s=None), True),
        (but(cpu_ratio=0.8499), True),
        (but(cpu_ratio=0.85), False),
        (but(dropped=1), True),
        (but(dropped=2), False),
    ],
)
def test_what_counts_as_held(reading: Reading, *, held: bool) -> None:
    assert is_held(reading) is held


@pytest.mark.parametrize(
    ("reading", "named"),
    [
        (but(cpu_ratio=0.97, steal_ratio=0.2), "the generator's processor: 97 % of a core"),
        (but(steal_ratio=0.2, host_cpu_ratio=1.0), "the hypervisor: it took 20 %"),
        (but(host_cpu_ratio=0.99), "other work on this machine: all cores 99 % busy"),
        (but(gc_pause_s=0.06), "the garbage collector: a pause of 60 ms"),
        (but(cpu_ratio=0.8), "the generator's processor: 80 % of a core"),
        (but(dropped=50), "answers too slow for the VUs there are: 50 arrivals dropped"),
        (but(), "something that held the event loop up"),
    ],
)
def test_the_likeliest_cause_is_named(reading: Reading, named: str) -> None:
    assert cause(replace(reading, lag_p99_s=0.5)).startswith(named)


def test_the_highest_rate_that_was_held_is_named_beside_the_cause() -> None:
    lost = replace(WELL, rate_per_s=3000.0, lag_p99_s=0.4, cpu_ratio=0.98)
    seen = [WELL, replace(WELL, rate_per_s=2000.0), lost]
    assert rate_held(seen) == 2000.0
    assert in_words(seen) == (
        "limited by the generator's processor: 98 % of a core; at most 2,000 arrivals/s were held"
    )
    assert in_words([lost]).endswith("no second was held")
    assert rate_held([lost]) is None


def test_a_generator_that_kept_up_has_no_cause() -> None:
    assert in_words([WELL]) == ""
    assert in_words([]) == ""
