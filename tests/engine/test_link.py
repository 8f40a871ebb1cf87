"""A worker's side of a run, without a network: what it does when it is told something odd."""

from __future__ import annotations

import pytest

from engine_runs import plan_of
from perf_loadtests.engine.distributed import messages
from perf_loadtests.engine.distributed.link import Link
from perf_loadtests.engine.distributed.roster import Expected

pytestmark = pytest.mark.engine
TOKEN = "t" * 32


def placed(now: list[float], told: list[str]) -> tuple[Link, messages.Seal]:
    """Second of two workers, and the seal of its master."""
    me = Expected(versions={}, plan="p", scenario="s", target="t")
    link = Link(("127.0.0.1", 9), me, TOKEN, lambda: now[0])
    link.interrupt = told.append
    seal = messages.Seal(TOKEN, "run", "nonce", "")
    link._hear("perf_challenge", messages.pack(messages.Challenge(run="run", nonce="nonce")))
    link._hear("perf_plan", messages.pack(messages.Placed(index=1, workers=2), seal))
    return link, seal


def test_d16_a_worker_that_is_told_to_start_too_late_does_not_begin() -> None:
    now, told = [100.0], list[str]()
    link, seal = placed(now, told)
    link._hear("perf_start", messages.pack(messages.Start(t0_s=99.9), seal))
    assert link.lost == "it was told to start when the load had begun"
    assert told == ["stop"]


def test_a_worker_that_starts_in_time_offers_its_stripe_for_as_long_as_its_lease_lasts() -> None:
    now, told = [100.0], list[str]()
    link, seal = placed(now, told)
    link._hear("perf_start", messages.pack(messages.Start(t0_s=101.0), seal))
    offered = link.arrivals(plan_of(rate=10, duration_s=2))
    assert [next(offered).number for _ in range(3)] == [1, 3, 5]
    now[0] += 3.0
    assert list(offered) == []
    assert (link.lost, told) == ("", [])
