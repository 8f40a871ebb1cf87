"""Baselines from the history: the last passing runs of the default branch, and records of old."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fakes.runs import make_run
from perf_analysis.verdict import Verdict
from perf_baselines.comparing import figures_of_run
from perf_baselines.history_source import passing_runs
from perf_baselines.record_codec import dump_record, load_record
from perf_documents.git import default_branch

if TYPE_CHECKING:
    from perf_baselines.history import History
    from perf_documents.run import Run

DATA = Path(__file__).parents[1] / "data"


def run(number: int, *, branch: str = "main", verdict: Verdict = Verdict.PASS) -> Run:
    made = make_run(number, verdict=verdict)
    git = {"commit": "a" * 40} | ({"branch": branch} if branch else {})
    made = replace(made, run_id=f"20260301t1200{number:02}z-abcdef", git=git)
    return replace(made, figures=figures_of_run(made))


def numbers(history: History, branch: str = "main") -> list[int]:
    found = passing_runs(history, "sustained", "demo", branch)
    return [int(one.run_id[13:15]) for one in found]


def test_passing_runs_of_the_default_branch_count(history: History) -> None:
    history.store(run(0))
    history.store(run(1, branch="feature"))
    history.store(run(2, verdict=Verdict.FAIL))
    history.store(run(3))
    history.store(run(4, verdict=Verdict.INCONCLUSIVE))
    assert numbers(history) == [0, 3]
    assert numbers(history, "feature") == [1]
    assert numbers(history, "") == [0, 3]
    assert passing_runs(history, "ramp", "demo", "main") == ()


def test_the_last_twenty_count(history: History) -> None:
    for number in range(22):
        history.store(run(number))
    assert numbers(history) == list(range(2, 22))


def test_a_record_keeps_what_comparisons_need(history: History) -> None:
    one = run(1)
    history.store(one)
    record = history.record(one.run_id)
    assert record.figures == one.figures
    assert record.load == one.load_facts
    assert dump_record(load_record(dump_record(record))) == dump_record(record)


def test_a_record_of_schema_1_is_still_read_and_is_no_baseline() -> None:
    record = load_record((DATA / "record-schema-1.json").read_bytes())
    assert record.figures is None
    assert record.load == {}
    assert record.load_hash == make_run(1).load_hash


def test_the_default_branch_is_what_the_remote_says(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        command = ["git", "-C", str(tmp_path), *arguments]
        subprocess.run(command, check=True, capture_output=True)

    assert default_branch(tmp_path, os.environ) == ""
    git("init", "-q")
    assert default_branch(tmp_path, os.environ) == ""
    git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    assert default_branch(tmp_path, os.environ) == "trunk"
