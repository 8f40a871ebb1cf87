"""A run that is going on as readings: what is on record, when it was, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perf_analysis.filling import HistogramBuilder
from perf_analysis.series import DRAIN, Cell, ScenarioCell, SeriesKey, Slot
from perf_canary.following import Following
from perf_canary.reading import Counters, NoData
from perf_canary.sources.running import RunningSource, Second
from perf_canary.watch import Watch
from perf_documents.canary_looks import Answer
from perf_documents.canary_rules_load import load_canary_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def second(at_s: float, *, n: int = 10, failed: int = 0, target: str = "candidate",
           phase: str = "sustained", dropped: int = 0) -> Second:  # fmt: skip
    builder = HistogramBuilder()
    for _ in range(n):
        builder.add(0.010)
    series = {
        SeriesKey(target, "s", "GET", "/", 200, ""): {
            Slot(phase, int(at_s)): Cell(n=n, service=builder.freeze())
        },
        SeriesKey(target, "s", "GET", "/", 500, "5xx"): {Slot(phase, int(at_s)): Cell(n=failed)},
    }
    return Second(at_s, series, {"s": {Slot(phase, int(at_s)): ScenarioCell(dropped=dropped)}})


def source(*batches: list[Second], has_control: bool = False) -> RunningSource:
    waiting = list(batches)
    return RunningSource(poll=lambda: waiting.pop(0) if waiting else [], has_control=has_control)


def counted(counters: Counters | NoData | None) -> tuple[float, float]:
    assert isinstance(counters, Counters)
    return counters.requests, counters.errors


def test_what_was_recorded_up_to_an_instant_counts_and_nothing_later() -> None:
    read = source([second(1.01), second(2.02, failed=3), second(3.01), second(4.9)]).read
    assert counted(read(2.0).canary) == (23.0, 3.0)
    assert counted(read(3.0).canary) == (33.0, 3.0)
    last = read(5.0).canary
    assert counted(last) == (43.0, 3.0)
    assert isinstance(last, Counters)
    assert last.buckets is not None
    assert last.buckets[-1][1] == 43.0
    # ten milliseconds lie under the first bound above them
    assert next(bound for bound, n in last.buckets if n) == pytest.approx(0.010, rel=0.2)


def test_bounds_stay_the_same_whatever_comes() -> None:
    read = source([second(1.0)], [second(2.0, failed=1)]).read
    first, then = read(1.0).canary, read(2.0).canary
    assert isinstance(first, Counters)
    assert isinstance(then, Counters)
    assert first.buckets is not None
    assert then.buckets is not None
    assert [b for b, _ in first.buckets] == [b for b, _ in then.buckets]


def test_dropped_arrivals_are_failures_and_the_drain_does_not_count() -> None:
    read = source([second(1.0, dropped=4), second(2.0, phase=DRAIN)]).read
    assert counted(read(2.0).canary) == (14.0, 4.0)


def test_each_target_is_an_arm_of_its_own() -> None:
    read = source([second(1.0), second(1.0, n=7, target="control")], has_control=True).read
    reading = read(1.0)
    assert counted(reading.canary) == (10.0, 0.0)
    assert counted(reading.control) == (7.0, 0.0)


def test_silence_is_no_data() -> None:
    read = source([second(1.0)]).read
    assert counted(read(2.0).canary) == (10.0, 0.0)
    silent = read(5.0).canary
    assert isinstance(silent, NoData)
    assert silent.why == "the run has recorded nothing for 4 s"


RULES = """
rules:
  - {name: errors, metric: error_rate, when: '> 5%', for: 3s}
warm_up: 0s
promote: {after: 5s}
"""


def answers(
    tmp_path: Path, seconds: list[Second], objection: Callable[[Answer, float], str]
) -> list[tuple[float, Answer, str]]:
    """Time, answer and reason of each look at a run."""
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    watch = Watch(rules=load_canary_rules(path), began_s=0.0, every_s=1.0, objection=objection)
    following = Following(
        watch=watch, source=source(seconds), until_s=float(len(seconds)), delay_s=0.0,
        now=lambda: 0.0, rest=lambda _: None,
    )  # fmt: skip
    return [(look.t_s, look.answer, look.reason) for look in following.looks()]


def test_an_objection_holds_and_the_next_look_decides_anew(tmp_path: Path) -> None:
    seconds = [second(float(at), n=30) for at in range(1, 91)]

    def not_yet(answer: Answer, t_s: float) -> str:
        return "later seconds are known" if answer is Answer.PROMOTE and t_s < 80 else ""

    free = answers(tmp_path, seconds, lambda _answer, _t_s: "")
    held = answers(tmp_path, seconds, not_yet)
    assert free[-1][1] is held[-1][1] is Answer.PROMOTE
    assert free[-1][0] < 80 <= held[-1][0]
    assert {reason for t_s, _, reason in held if free[-1][0] <= t_s < 80} == {
        "later seconds are known"
    }


def test_what_failed_later_is_seen_although_it_did_well_at_first(tmp_path: Path) -> None:
    """Attached late: the answer is that of all that is known, not of the first that would do."""
    seconds = [second(float(at), n=30, failed=30 if at > 70 else 0) for at in range(1, 91)]
    newest = seconds[-1].at_s

    def newest_only(answer: Answer, t_s: float) -> str:
        return "not the newest" if answer is Answer.PROMOTE and t_s < newest else ""

    assert answers(tmp_path, seconds, lambda _answer, _t_s: "")[-1][1] is Answer.PROMOTE
    assert answers(tmp_path, seconds, newest_only)[-1][1] is Answer.ROLLBACK
