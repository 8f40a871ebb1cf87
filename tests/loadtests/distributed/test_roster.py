"""Who may join, and that every report is kept exactly once; leases, clocks, outboxes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_loadtests.engine.distributed.clocks import ClockOffset
from perf_loadtests.engine.distributed.lease import LENGTH_S, Lease
from perf_loadtests.engine.distributed.messages import Hello, Report, Seal, read, unpack
from perf_loadtests.engine.distributed.outbox import AGAIN_S, ROWS, Outbox
from perf_loadtests.engine.distributed.roster import Expected, Member, NotAdmittedError, Roster

VERSIONS = {"perfproof": "1", "locust": "2"}
EXPECTED = Expected(versions=VERSIONS, plan="p" * 64, scenario="s" * 64, target="t" * 64)
SEAL = Seal("token", "run", "nonce", "client")


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def hello(**other: object) -> Hello:
    """What a fitting worker says, or what another would."""
    values: dict[str, object] = {
        "incarnation": "i", "host": "h", "pid": 7, "boot_id": "b", "versions": VERSIONS,
        "plan": "p" * 64, "scenario": "s" * 64, "target": "t" * 64,
    }  # fmt: skip
    return Hello(**(values | other))  # type: ignore[arg-type]  # rows of mixed types


def full(workers: int = 2) -> Roster:
    """Roster with every place taken."""
    roster = Roster(EXPECTED, workers)
    for number in range(workers):
        roster.admit(f"client{number}", hello(incarnation=f"i{number}"), SEAL, 0.0)
    return roster


def test_places_are_given_in_order_and_again_to_who_asks_again() -> None:
    roster = full(3)
    assert [member.index for member in roster.members.values()] == [0, 1, 2]
    again = roster.admit("client1", hello(incarnation="i1"), SEAL, 9.0)
    assert again.index == 1
    assert len(roster.members) == 3


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"versions": VERSIONS | {"locust": "3"}}, "locust 3 there, 2 here"),
        ({"versions": {}}, "perfproof none there"),
        ({"plan": "q" * 64}, "another plan: qqqqqqqqqqqq there, pppppppppppp here"),
        ({"scenario": "q" * 64}, "another scenario"),
        ({"target": "q" * 64}, "another target"),
    ],
)
def test_who_would_load_something_else_spoils_the_run_it_was_to_join(
    other: dict[str, object], said: str
) -> None:
    with pytest.raises(NotAdmittedError, match=said) as refusal:
        Roster(EXPECTED, 2).admit("client", hello(**other), SEAL, 0.0)
    assert refusal.value.spoils
    with pytest.raises(NotAdmittedError) as later:
        full().admit("client", hello(**other), SEAL, 0.0)
    assert not later.value.spoils


def test_a_second_of_a_name_a_surplus_and_a_latecomer_are_refused() -> None:
    roster = full()
    with pytest.raises(NotAdmittedError, match="of this name"):
        roster.admit("client0", hello(incarnation="new"), SEAL, 0.0)
    with pytest.raises(NotAdmittedError, match="all of its workers, 2"):
        roster.admit("client9", hello(), SEAL, 0.0)
    roster.closed = True
    with pytest.raises(NotAdmittedError, match="has begun"):
        roster.admit("client9", hello(), SEAL, 0.0)


def test_silence_is_counted_per_worker_and_named() -> None:
    roster = full()
    first, second = roster.members.values()
    second.heard_s = 5.0
    assert roster.silent(5.5, 3.0) == [first]
    assert roster.name(first) == "worker 1 of 2 (h, process 7)"
    first.lost = True
    assert roster.silent(5.5, 3.0) == []
    assert not roster.is_done


def ready(sequence: int, incarnation: str = "i") -> Report:
    """Report that carries next to nothing."""
    text = (f'{{"incarnation":"{incarnation}","sequence":{sequence},'
            '"record":{"type":"ready","vus":1,"wakeup_p99_s":0.1}}')  # fmt: skip
    return read(Report, text.encode())


def member() -> Member:
    """A worker that has sent nothing yet."""
    return Member(index=0, client="c", hello=hello(), seal=SEAL, heard_s=0.0)


@given(st.lists(st.integers(1, 6), max_size=60))
def test_reports_lost_repeated_and_swapped_are_kept_once_and_in_order(order: list[int]) -> None:
    worker, kept = member(), list[int]()
    for number in order:
        if worker.take(ready(number)):
            kept.append(number)
    assert kept == list(range(1, len(kept) + 1))
    assert worker.sequence == len(kept)


def test_a_report_of_another_incarnation_is_not_kept() -> None:
    worker = member()
    assert not worker.take(ready(1, "before"))
    assert worker.take(ready(1))


@given(st.integers(0, 2**32), st.floats(0.0, 0.7))
def test_what_an_outbox_sends_arrives_whole_over_a_line_that_loses(seed: int, loss: float) -> None:
    line = random.Random(seed)  # noqa: S311  # a line, not a secret
    clock, worker = Clock(), member()
    outbox = Outbox("i", SEAL, clock)
    kept = 0
    for turn in range(400):
        new = {"type": "ready", "vus": turn, "wakeup_p99_s": 0.0}
        for packed in outbox.add(new) if turn < 10 else outbox.overdue():
            if line.random() >= loss:
                kept += worker.take(unpack("perf_report", packed, Report, SEAL))
                if line.random() >= loss:
                    outbox.acknowledged(worker.sequence)
        clock.now_s += AGAIN_S
    assert kept == 10
    assert outbox.is_empty


def test_nothing_is_sent_again_too_soon_or_after_its_acknowledgement() -> None:
    clock = Clock()
    outbox = Outbox("i", SEAL, clock)
    (packed,) = outbox.add({"type": "ready", "vus": 1, "wakeup_p99_s": 0.0})
    assert outbox.overdue() == []
    clock.now_s += AGAIN_S
    assert outbox.overdue() == [packed]
    outbox.acknowledged(1)
    clock.now_s += AGAIN_S
    assert outbox.overdue() == []


def test_a_large_second_travels_in_parts_that_add_up() -> None:
    rows = [["candidate", "S", "GET", f"/{i}", 200, "", "sustained", 0, {}]
            for i in range(2 * ROWS + 1)]  # fmt: skip
    counts = dict.fromkeys(
        ("planned", "started", "dropped", "late_drops", "unsent", "finished", "failed", "abandoned",
         "faulted", "requests_started", "requests_ended", "requests_failed", "requests_abandoned",
         "invalid_samples", "names"), 0)  # fmt: skip
    health = dict.fromkeys(("cpu_ratio", "loop_lag_s", "gc_pause_s", "wall_offset_s"), 0.0)
    health |= dict.fromkeys(("loop_probes", "loop_late", "rss_bytes", "open_files"), 0)
    record = {
        "type": "second", "at_s": 1.0, "phase": "load", "vus": 1, "health": health,
        "cells": {"series": rows, "scenarios": [], "ended": [[0, 5]]},
        "counts": counts | {"requests_known": True}, "errors": [["refused", "x", 1, 0.0, 0.0, ""]],
        "exceptions": [],
    }  # fmt: skip
    parts = [
        unpack("perf_report", packed, Report, SEAL).record
        for packed in Outbox("i", SEAL, Clock()).add(record)
    ]
    seconds = [part for part in parts if part.type == "second"]
    assert len(seconds) == 3
    names = [row[3] for second in seconds for row in second.cells.series]
    assert names == [f"/{i}" for i in range(2 * ROWS + 1)]
    assert [second.cells.ended for second in seconds] == [[(0, 5)], [], []]
    assert [len(second.errors) for second in seconds] == [1, 0, 0]


def test_a_lease_ends_when_it_is_not_renewed_and_never_comes_back() -> None:
    clock = Clock()
    lease = Lease(clock)
    for _ in range(5):
        clock.now_s += LENGTH_S - 0.5
        assert lease.is_held()
        lease.renew(None)
    clock.now_s += LENGTH_S
    assert not lease.is_held()
    lease.renew(None)
    assert not lease.is_held()


def test_a_process_that_was_frozen_is_not_revived_by_what_waited_for_it() -> None:
    clock = Clock()
    lease = Lease(clock)
    clock.now_s += LENGTH_S + 5.0
    lease.renew(clock.now_s)
    assert not lease.is_held()


def test_a_grant_counts_from_when_it_was_given_not_from_when_it_came() -> None:
    clock = Clock()
    lease = Lease(clock)
    clock.now_s += 2.0
    lease.renew(100.5)
    clock.now_s = 103.4
    assert lease.is_held()
    clock.now_s = 103.6
    assert not lease.is_held()


@given(st.floats(-1e5, 1e5), st.lists(st.floats(0.0001, 0.2), min_size=1, max_size=8),
       st.floats(0.0, 1.0))  # fmt: skip
def test_an_offset_is_as_near_as_its_quickest_answer_says(
    ahead_s: float, trips_s: list[float], share: float
) -> None:
    clock, now_s = ClockOffset(), 50.0
    for trip_s in trips_s:
        clock.heard(now_s, now_s + trip_s * share + ahead_s, now_s + trip_s)
        now_s += 1.0
    clock.settle(same_boot=False)
    assert clock.vague_s == pytest.approx(min(trips_s) / 2)
    assert abs(clock.offset_s - ahead_s) <= clock.vague_s + 1e-6


def test_clocks_of_one_boot_are_one_unless_they_cannot_be() -> None:
    near, far = ClockOffset(), ClockOffset()
    near.heard(10.0, 10.0008, 10.001)
    far.heard(10.0, 20.0, 10.001)
    near.settle(same_boot=True)
    far.settle(same_boot=True)
    assert (near.offset_s, near.vague_s) == (0.0, 0.0)
    assert far.offset_s == pytest.approx(9.9995)
