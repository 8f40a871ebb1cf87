"""Replays and cases: JSON lines read strictly, late and repeated lines said, gaps as no data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from perf_canary.cases import try_case
from perf_canary.following import replay, settle_s
from perf_canary.reading import Counters, NoData
from perf_canary.sources.timeline import read_timelines
from perf_documents.canary_looks import Answer
from perf_documents.canary_rules import stepped
from perf_documents.canary_rules_load import load_canary_rules
from perf_documents.errors import DocumentError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from perf_documents.canary_rules import Rules

RULES = """
rules: [{name: errors, metric: error_rate, when: '> 1%', for: 2m}]
warm_up: 0s
promote: {after: 5m}
"""


def line(t_s: float, arm: str = "canary", **more: object) -> dict[str, object]:
    return {"t_s": t_s, "arm": arm, "requests": 100 * t_s, "errors": 0} | more


def written(folder: Path, *lines: object) -> Path:
    path = folder / "story.jsonl"
    path.write_text(
        "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in lines)
    )
    return path


def rules_of(folder: Path) -> Rules:
    path = folder / "rules.yaml"
    path.write_text(RULES)
    return load_canary_rules(path)


def test_a_replay_is_promoted_or_rolled_back_at_its_second(tmp_path: Path) -> None:
    (good,) = read_timelines(written(tmp_path, *(line(t) for t in range(0, 400, 10))))
    *_, last = replay(rules_of(tmp_path), good)
    assert (last.answer, last.t_s) == (Answer.PROMOTE, 300.0)
    bad = [line(1000 + t, requests=100 * t, errors=5 * t) for t in range(0, 400, 10)]
    *_, last = replay(rules_of(tmp_path), read_timelines(written(tmp_path, *bad))[0])
    assert (last.answer, last.t_s, last.elapsed_s) == (Answer.ROLLBACK, 1130.0, 130.0)


def test_a_missing_line_is_a_look_without_data(tmp_path: Path) -> None:
    lines = [line(t, errors=5 * t) for t in range(0, 400, 10) if t != 50]
    (story,) = read_timelines(written(tmp_path, *lines))
    found = {one.t_s: one.canary for one in story.readings(10.0)}
    assert isinstance(found[50.0], NoData)
    *_, last = replay(rules_of(tmp_path), story)
    # the two looks beside it do not count as broken in between
    assert last.t_s == 150.0


def test_late_and_repeated_lines_are_said_and_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, line(0), line(10), line(10, requests=7), line(5), line(20))
    (story,) = read_timelines(path)
    assert [round(t) for t in story.instants] == [0, 10, 20]
    assert len(story.notes) == 2
    taken = story.instants[10.0].arms["canary"]
    assert isinstance(taken, Counters)
    assert taken.requests == 1000.0


def test_a_story_begins_with_the_canary(tmp_path: Path) -> None:
    lines = [line(t, "control") for t in range(0, 100, 10)] + [
        line(t, arm) for t in range(100, 200, 10) for arm in ("control", "canary")
    ]
    (story,) = read_timelines(written(tmp_path, *lines))
    assert (story.began_s, story.every_s) == (100.0, 10.0)


def test_buckets_probes_and_no_data(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        line(0, requests=10, buckets={"+Inf": 10, "0.1": 4, "1": 9}, probes=3, failed_probes=1),
        {"t_s": 10, "arm": "canary", "requests": None, "errors": None},
    )
    (story,) = read_timelines(path)
    first, second = story.readings(10.0)
    assert isinstance(first.canary, Counters)
    assert first.canary.buckets == ((0.1, 4.0), (1.0, 9.0), (float("inf"), 10.0))
    assert first.probes is not None
    assert (first.probes.asked, first.probes.failed) == (3, 1)
    assert isinstance(second.canary, NoData)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "no readings"), ([{"case": "x", "expect": "HOLD"}], "no readings"),
        ([line(0), "{"], ":2: "), ([line(0), "[1]"], ":2: not an object"),
        ([line(0, x=1)], ":1: unknown key x"), ([line(0) | {"arm": "blue"}], "canary or control"),
        ([line(0) | {"t_s": "0"}], "t_s: expected a number"),
        ([line(0) | {"t_s": True}], "t_s: expected a number"),
        ([line(0) | {"requests": -1}], "not negative"),
        ([line(0) | {"errors": 9}], "9 errors of 0 requests"),
        ([line(0, buckets={"0.1": 1})], "end at +Inf"),
        ([line(0, buckets={"x": 1, "+Inf": 1})], "no upper bound"),
        ([line(0, buckets={"nan": 1, "+Inf": 1})], "no upper bound"),
        ([line(0, buckets={"0.1": 5, "+Inf": 1})], "at least what the one below"),
        ([line(0, probes=1, failed_probes=2)], "failed_probes"),
        (['{"t_s": NaN, "arm": "canary"}'], "NaN"),
        (['{"t_s": 1e999, "arm": "canary"}'], "t_s"),
        ([{"case": "x", "expect": "MAYBE"}, line(0)], "PROMOTE, ROLLBACK or HOLD"),
        ([{"case": 3, "expect": "HOLD"}, line(0)], "texts"),
        ([{"case": "x", "expect": "HOLD", "y": 1}, line(0)], "unknown key y"),
    ],
)  # fmt: skip
def test_what_is_no_reading_is_refused_with_its_line(
    tmp_path: Path, lines: list[object], says: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        read_timelines(written(tmp_path, *lines))
    assert says in str(caught.value)


def test_cases_end_as_written_or_say_how_not(tmp_path: Path) -> None:
    bad = [line(t, errors=5 * t) for t in range(0, 200, 10)]
    path = written(
        tmp_path,
        {"case": "right", "expect": "ROLLBACK", "at_s": 130, "rule": "errors"}, *bad,
        {"case": "late", "expect": "ROLLBACK", "at_s": 140}, *bad,
        {"case": "other", "expect": "PROMOTE"}, *bad,
        {"case": "rule", "expect": "ROLLBACK", "rule": "slow"}, *bad,
    )  # fmt: skip
    wrong = [try_case(rules_of(tmp_path), story).wrong for story in read_timelines(path)]
    assert wrong[0] == ""
    assert wrong[1] == "expected ROLLBACK at 140 s, got it at 130 s"
    assert wrong[2].startswith("expected PROMOTE, got ROLLBACK at 130 s: rule errors")
    assert wrong[3] == "expected rule slow to fire, got errors"


def test_a_replay_is_no_case_and_a_case_needs_readings(tmp_path: Path) -> None:
    rules = rules_of(tmp_path)
    with pytest.raises(UsageError, match="readings before the first case"):
        try_case(rules, read_timelines(written(tmp_path, line(0)))[0])
    path = written(
        tmp_path, {"case": "empty", "expect": "HOLD"}, {"case": "b", "expect": "HOLD"}, line(0)
    )
    with pytest.raises(UsageError, match="empty: no readings"):
        try_case(rules, read_timelines(path)[0])


def test_looks_come_at_whole_scrapes() -> None:
    assert [stepped(every, 15) for every in (1, 10, 15, 16, 30, 40)] == [15, 15, 15, 30, 30, 45]
    assert stepped(10, 5) == 10
    assert [settle_s(scrape) for scrape in (1, 5, 30)] == [0.2, 1.0, 2.0]
