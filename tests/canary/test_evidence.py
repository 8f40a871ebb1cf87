"""Canary against control: what each comparison counts, and when a decision falls."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from canary_worlds import World, outcome, readings, rules_of
from perf_canary.evidence import Bursts, Comparison, Finding, Tail, ln_together
from perf_canary.reading import Counters, Interval, NoData, Probes, Reading
from perf_canary.watch import Watch
from perf_documents.canary_looks import Answer, Look, dump_look
from perf_documents.canary_rules import RatioGate

if TYPE_CHECKING:
    from pathlib import Path

    from perf_documents.canary_rules import Rules

INF = math.inf


def interval(requests: float, errors: float = 0.0, *, end_s: float = 10.0,
             slow: float = 0.0) -> Interval:  # fmt: skip
    buckets = ((0.1, requests - slow), (1.0, requests), (INF, requests))
    return Interval(
        start_s=end_s - 10.0, end_s=end_s, requests=requests, errors=errors, buckets=buckets
    )


def watched(rules: Rules, world: World, looks: int, **options: object) -> Look:
    """Look after so many, or the one that decided."""
    watch = Watch(rules=rules, began_s=0.0, every_s=10.0, **options)  # type: ignore[arg-type]  # a table of options
    look = None
    for reading in readings(world, np.random.default_rng(3), looks):
        look = watch.look(reading)
        if look.answer is not Answer.HOLD:
            break
    assert look is not None
    return look


def test_equal_arms_give_no_evidence_of_harm_and_some_of_harmlessness() -> None:
    one = Comparison("error_ratio", RatioGate(tolerance=1.0, margin=2.0), 0.01)
    for _ in range(60):
        one.add((5.0, 95.0), (100.0, 1900.0), 10.0, 1.0)
        one.add_limit(0.0, 100.0, 1.0)
    found = one.finding(0.05, detailed=True)
    assert found.ln_harm < 0.0
    assert found.ln_harmless > math.log(100.0)
    assert found.ratio == pytest.approx(1.0)
    assert found.low < 1.0 < found.high
    assert not found.over_floor


def test_an_arm_without_requests_counts_for_nothing() -> None:
    one = Comparison("error_ratio", RatioGate(tolerance=1.0, margin=2.0), None)
    one.add((0.0, 5.0), (0.0, 100.0), 10.0, 1.0)
    one.add((5.0, 0.0), (100.0, 0.0), 10.0, 1.0)
    found = one.finding(0.05, detailed=True)
    assert (found.ln_harm, found.trials, found.ratio) == (0.0, 0.0, None)


def test_errors_only_in_the_canary_have_no_ratio_and_are_harm() -> None:
    one = Comparison("error_ratio", RatioGate(tolerance=1.0, margin=2.0), None)
    one.add((20.0, 0.0), (100.0, 1900.0), 10.0, 1.0)
    found = one.finding(0.05, detailed=False)
    assert found.ratio is None
    assert found.over_floor
    assert found.ln_harm > math.log(1000.0)


def test_evidence_together_is_an_average_of_fixed_parts() -> None:
    def finding(name: str, ln_harm: float) -> Finding:
        return Finding(
            name=name, ln_harm=ln_harm, ln_harmless=0.0, ratio=None, low=0.0, high=INF,
            over_floor=True, seconds_to_harm=None, events=0.0, trials=0.0,
        )  # fmt: skip

    errors, slow = finding("error_ratio", math.log(10.0)), finding("exceedance_ratio", 0.0)
    assert ln_together([errors, slow]) == pytest.approx(math.log(0.6 * 10.0 + 0.4))
    assert ln_together([errors]) == pytest.approx(math.log(10.0))
    assert ln_together([finding("error_ratio", 5000.0), slow]) == pytest.approx(
        5000.0 + math.log(0.6)
    )


def test_bursts_are_known_only_from_before_the_canary() -> None:
    bursts = Bursts()
    for number in range(29):
        bursts.add(interval(1000.0, 50.0 if number % 10 == 0 else 0.0), canary_requests=0.0)
    assert (bursts.is_known, bursts.phi) == (False, 1.0)
    bursts.add(interval(1000.0), canary_requests=0.0)
    assert bursts.is_known
    assert bursts.phi > 5.0
    late = Bursts()
    for _ in range(60):
        late.add(interval(1000.0), canary_requests=1.0)
    assert not late.is_known


def test_the_tail_s_edge_is_of_before_the_interval() -> None:
    tail = Tail(0.95)
    assert tail.edge_s(0.0) is None
    tail.add(interval(100.0, end_s=10.0, slow=6.0))
    assert tail.edge_s(10.0) == 0.1
    # a minute later it is forgotten
    assert tail.edge_s(70.0) is None
    tail.add(interval(100.0, end_s=80.0))
    assert tail.edge_s(80.0) is None


def test_nothing_slow_is_no_edge_and_no_evidence(tmp_path: Path) -> None:
    look = watched(rules_of(tmp_path), World(bounds_s=(60.0, 100.0)), 30)
    (slow,) = [one for one in look.evidence if one.name == "exceedance_ratio"]
    assert (slow.ln_harm, slow.events) == (0.0, 0.0)


def test_warm_up_is_no_evidence_but_rules_see_it(tmp_path: Path) -> None:
    cold = World(worse=lambda t: 10.0 if t <= 60 else 1.0)
    look = watched(rules_of(tmp_path, warm_up="60s"), cold, 6)
    assert not look.warm
    assert look.evidence[0].events == 0.0
    assert look.rules[0].n > 0
    later = watched(rules_of(tmp_path, warm_up="60s"), cold, 7)
    assert later.evidence[0].canary_events < 5.0


def test_every_look_says_all_of_it_and_is_json(tmp_path: Path) -> None:
    look = watched(rules_of(tmp_path), World(), 20)
    assert look.traffic_share == pytest.approx(0.05, abs=0.02)
    assert {"canary", "control"} == set(look.arms)
    assert all(one.low < 1.0 for one in look.evidence)
    assert look.ln_needed == pytest.approx(math.log(20.0))
    assert b"Infinity" not in dump_look(look)
    assert b"NaN" not in dump_look(look)


@pytest.mark.parametrize(
    ("world", "says"),
    [
        (World(errors=lambda _: 0.002, worse=lambda _: 20.0), "evidence error_ratio"),
        (World(slower=lambda _: 2.0), "evidence exceedance_ratio"),
        (World(errors=lambda _: 0.2), "rule errors"),
        (World(slower=lambda _: 30.0, bounds_s=(0.1, 2.0, 5.0)), "evidence exceedance_ratio"),
    ],
)
def test_what_is_ill_is_rolled_back_and_named(tmp_path: Path, world: World, says: str) -> None:
    look = watched(rules_of(tmp_path), world, 100)
    assert look.answer is Answer.ROLLBACK
    assert says in look.reason


def test_a_decision_stands(tmp_path: Path) -> None:
    watch = Watch(rules=rules_of(tmp_path), began_s=0.0, every_s=10.0)
    world = World(errors=lambda _: 0.5)
    looks = [watch.look(one) for one in readings(world, np.random.default_rng(1), 60)]
    first = next(look for look in looks if look.answer is Answer.ROLLBACK)
    assert looks[-1] is first


def test_proof_needs_more_than_rules(tmp_path: Path) -> None:
    quick = World(rate=20.0)
    assert watched(rules_of(tmp_path), quick, 61).answer is Answer.PROMOTE
    look = watched(rules_of(tmp_path, needs="proof"), quick, 61)
    assert look.answer is Answer.HOLD
    assert "harmlessness is not shown" in look.reason
    busy = World(rate=2000.0, errors=lambda _: 0.0)
    proven = watched(rules_of(tmp_path, needs="proof"), busy, 61)
    assert (proven.answer, "shown to be harmless" in proven.reason) == (Answer.PROMOTE, True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"control": NoData(why="gone")}, "control: no data: gone"),
        ({"canary": NoData(why="gone")}, "canary: no data: gone"),
        ({"control": None}, "control"),
        ({"control": Counters(requests=0.0, errors=0.0)}, "control"),
    ],
)
def test_an_arm_that_is_silent_is_never_promoted(
    tmp_path: Path, change: dict[str, object], says: str
) -> None:
    watch = Watch(rules=rules_of(tmp_path), began_s=0.0, every_s=10.0)
    looks = [
        watch.look(replace(reading, **change))  # type: ignore[arg-type]  # a table of options
        for reading in readings(World(errors=lambda _: 0.0), np.random.default_rng(1), 120)
    ]
    assert {look.answer for look in looks} == {Answer.HOLD}
    assert says in looks[-1].reason


def test_silence_at_the_end_holds(tmp_path: Path) -> None:
    watch = Watch(rules=rules_of(tmp_path), began_s=0.0, every_s=10.0)
    *early, last = readings(World(errors=lambda _: 0.0), np.random.default_rng(1), 60)
    for reading in early:
        watch.look(reading)
    look = watch.look(replace(last, canary=NoData(why="scrape failed")))
    assert look.answer is Answer.HOLD
    assert "scrape failed" in look.reason


def test_traffic_that_is_not_what_was_given_holds(tmp_path: Path) -> None:
    world = World(errors=lambda _: 0.0)
    assert watched(rules_of(tmp_path), world, 61, weight=0.05).answer is Answer.PROMOTE
    look = watched(rules_of(tmp_path), world, 61, weight=0.25)
    assert look.answer is Answer.HOLD
    assert "not the 25.0% it was given" in look.reason


@pytest.mark.parametrize(("asked_per_look", "answer"), [(10, Answer.PROMOTE), (0, Answer.HOLD)])
def test_our_own_health_requests_are_no_misrouted_traffic(
    tmp_path: Path, asked_per_look: int, answer: Answer
) -> None:
    watch = Watch(rules=rules_of(tmp_path), began_s=0.0, every_s=10.0, weight=0.05)
    look = None
    for at, reading in enumerate(
        readings(World(errors=lambda _: 0.0), np.random.default_rng(1), 61)
    ):
        assert isinstance(reading.canary, Counters)
        # one a second is added to the five that users send
        more = replace(reading.canary, requests=reading.canary.requests + 10.0 * at)
        probes = Probes(asked=7 + asked_per_look * at, failed=0)
        look = watch.look(replace(reading, canary=more, probes=probes), detailed=False)
    assert look is not None
    assert look.answer is answer, look.reason


def test_all_traffic_leaves_rules_alone(tmp_path: Path) -> None:
    look = watched(rules_of(tmp_path), World(share=lambda _: 1.0), 61, alone=True)
    assert look.answer is Answer.PROMOTE
    assert look.evidence == ()


def test_time_does_not_go_back(tmp_path: Path) -> None:
    watch = Watch(rules=rules_of(tmp_path), began_s=0.0, every_s=10.0)
    reading = Reading(t_s=10.0, canary=Counters(requests=0.0, errors=0.0))
    watch.look(reading)
    with pytest.raises(ValueError, match="after one at"):
        watch.look(reading)


def test_the_same_readings_give_the_same_answer(tmp_path: Path) -> None:
    rules = rules_of(tmp_path)
    world = World(worse=lambda _: 4.0)
    assert dump_look(outcome(rules, world, 11)) == dump_look(outcome(rules, world, 11))
