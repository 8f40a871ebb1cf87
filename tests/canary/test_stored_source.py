"""A stored run as readings: nothing lost, nothing counted twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.runs import make_run
from perf_canary.following import replay
from perf_canary.reading import Counters
from perf_canary.sources.stored import story_of
from perf_documents.canary_looks import Answer
from perf_documents.canary_rules_load import load_canary_rules

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
rules:
  - {name: errors, metric: error_rate, when: '> LIMIT', for: 10s}
  - {name: slow, metric: p95, when: '> 5s', for: 10s}
warm_up: 0s
promote: {after: 10s}
"""


def test_every_request_is_in_the_last_reading() -> None:
    run = make_run(3)
    story = story_of(run, 10.0)
    last = story.instants[max(story.instants)].arms["canary"]
    assert isinstance(last, Counters)
    cells = [cell for slots in run.measured.series.values()
             for slot, cell in slots.items() if slot.phase != "drain"]  # fmt: skip
    dropped = sum(one.dropped for slots in run.measured.scenarios.values()
                  for one in slots.values())  # fmt: skip
    assert last.requests == sum(cell.n for cell in cells) + dropped
    assert last.buckets is not None
    assert last.buckets[-1][1] == last.requests
    # what completed lies below the infinite bound
    assert last.buckets[-2][1] == sum(cell.service.n for cell in cells)
    assert 0 < last.errors < last.requests
    assert story.began_s == 0.0


def test_a_run_s_own_quantile_lies_between_its_bounds() -> None:
    run = make_run(3)
    story = story_of(run, 10.0)
    last = story.instants[max(story.instants)].arms["canary"]
    assert isinstance(last, Counters)
    assert last.buckets is not None
    times = [cell.service for slots in run.measured.series.values() for cell in slots.values()]
    slowest_s = max(one.max_s for one in times if one.counts)
    assert last.buckets[-2][0] >= slowest_s
    assert last.buckets[0][0] <= slowest_s


@pytest.mark.parametrize(("limit", "answer"), [("60%", Answer.HOLD), ("0.1%", Answer.ROLLBACK)])
def test_rules_judge_a_stored_run(tmp_path: Path, limit: str, answer: Answer) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES.replace("LIMIT", limit))
    rules = load_canary_rules(path)
    *_, last = replay(rules, story_of(make_run(3, failed_ratio=0.05), 1.0), every_s=1.0)
    assert last.answer is answer, last.reason
    if answer is Answer.HOLD:
        # half a minute is too short to promote by, and nothing else is missing
        assert last.reason == "40 s until it may be promoted"
