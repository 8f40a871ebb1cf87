from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from perf_loadtests.pool import Pool, shares_of


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (10, [1.0], [10]),
        (10, [1.0, 9.0], [1, 9]),
        (10, [1.0, 1.0, 1.0], [4, 3, 3]),
        (3, [1.0, 1.0, 998.0], [1, 1, 1]),
        (100, [0.5, 0.3, 0.2], [50, 30, 20]),
    ],
)
def test_vus_are_split_by_weight(total: int, weights: list[float], shares: list[int]) -> None:
    assert shares_of(total, weights) == shares


@given(
    st.lists(st.floats(0.01, 1000.0), min_size=1, max_size=20).flatmap(
        lambda weights: st.tuples(st.just(weights), st.integers(len(weights), 5000))
    )
)
def test_every_class_has_a_vu_and_none_is_left_over(case: tuple[list[float], int]) -> None:
    weights, total = case
    shares = shares_of(total, weights)
    assert sum(shares) == total
    assert min(shares) >= 1
    for share, weight in zip(shares, weights, strict=True):
        assert share <= max(1, total * weight / sum(weights) + 1)


def test_fewer_vus_than_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="2 VUs for 3 user classes"):
        shares_of(2, [1.0, 1.0, 1.0])


def test_the_vu_that_was_idle_longest_takes_the_arrival() -> None:
    pool: Pool[str, int] = Pool(max_vus=2)
    for vu in ("a", "b"):
        pool.start()
        assert pool.started(vu) is None
    assert pool.offer(1) == "a"
    assert pool.done("a") is None
    assert pool.offer(2) == "b"


def test_a_vu_roused_by_something_else_takes_no_arrival_until_it_is_done() -> None:
    pool: Pool[str, int] = Pool(max_vus=1)
    pool.start()
    pool.started("a")
    pool.interrupted("a")
    assert pool.offer(1) == "drop"
    assert pool.done("a") is None
    assert pool.offer(2) == "a"


def test_an_arrival_waits_for_a_vu_that_can_still_come() -> None:
    pool: Pool[str, int] = Pool(max_vus=1)
    assert pool.offer(1) == "wait"
    assert pool.offer(2) == "drop"
    pool.start()
    assert pool.started("a") == 1


def test_an_arrival_is_dropped_when_every_vu_is_busy_at_the_limit() -> None:
    pool: Pool[str, int] = Pool(max_vus=1)
    pool.start()
    pool.started("a")
    assert pool.offer(1) == "a"
    assert pool.would_drop()
    assert pool.offer(2) == "drop"


def test_a_lost_vu_makes_room_for_another() -> None:
    pool: Pool[str, int] = Pool(max_vus=1)
    pool.start()
    pool.started("a")
    pool.offer(1)
    pool.lost("a", was_busy=True, was_starting=False)
    assert pool.wanted(100.0) == 1


def test_waiting_arrivals_fall_out_when_vus_stop_coming() -> None:
    pool: Pool[str, int] = Pool(max_vus=2)
    pool.offer(1)
    pool.offer(2)
    pool.max_vus = 1
    assert pool.overfull() == [2]
    assert pool.stranded() == [1]


class PoolMachine(RuleBasedStateMachine):
    """Arrivals are never lost or doubled, and the number of VUs never exceeds its limit."""

    def __init__(self) -> None:
        super().__init__()
        self.pool: Pool[int, int] = Pool(max_vus=4)
        self.next_vu = 0
        self.starting = 0
        self.busy: dict[int, int] = {}
        self.offered = 0
        self.dropped = 0
        self.ended = 0

    @rule()
    def arrive(self) -> None:
        self.offered += 1
        taken = self.pool.offer(self.offered)
        if taken == "drop":
            self.dropped += 1
        elif taken != "wait":
            self.busy[taken] = self.offered

    @precondition(lambda self: self.pool.size < self.pool.max_vus)
    @rule()
    def start(self) -> None:
        self.pool.start()
        self.starting += 1

    @precondition(lambda self: self.starting)
    @rule()
    def become_ready(self) -> None:
        self.starting -= 1
        self.next_vu += 1
        if (arrival := self.pool.started(self.next_vu)) is not None:
            self.busy[self.next_vu] = arrival

    @precondition(lambda self: self.busy)
    @rule(data=st.data(), lost=st.booleans())
    def end(self, data: st.DataObject, lost: bool) -> None:  # noqa: FBT001  # drawn
        vu = data.draw(st.sampled_from(sorted(self.busy)))
        del self.busy[vu]
        self.ended += 1
        if lost:
            self.pool.lost(vu, was_busy=True, was_starting=False)
        elif (arrival := self.pool.done(vu)) is not None:
            self.busy[vu] = arrival

    @invariant()
    def accounts_close(self) -> None:
        pool = self.pool
        assert pool.size <= pool.max_vus
        assert pool.busy == len(self.busy)
        assert len(pool.waiting) <= pool.coming
        assert self.offered == self.dropped + self.ended + len(self.busy) + len(pool.waiting)
        # an idle VU and a waiting arrival never stand side by side
        assert not (pool.idle and pool.waiting)


TestPool = PoolMachine.TestCase
TestPool.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
