"""What a run says of the trend it belongs to: starts a change, confirms one, or nothing."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fakes.histories import stepping, write_records
from fakes.runs import make_run
from perf_baselines.trend_newest import newest_of
from perf_reports.trend.newest import said

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from perf_baselines.history import History
    from perf_baselines.record import Record
    from perf_documents.run import Run


def run_of(record: Record) -> Run:
    """A run of that record's id, profile, environment and branch."""
    run = make_run(1)
    return replace(
        run,
        run_id=record.run_id,
        plan=replace(run.plan, profile=record.profile),
        target=replace(run.target, environment=record.environment),
        git={"branch": record.branch},
    )


def spoken(root: Path, history: History, records: Sequence[Record]) -> str:
    write_records(root, records)
    found = newest_of(history, run_of(records[-1]))
    return said(found) if found else ""


def test_a_run_far_off_may_start_a_change(root: Path, history: History) -> None:
    text = spoken(root, history, stepping([(20, 0.1), (1, 0.15)]))
    assert text.startswith("this run may start a change: p")
    assert text.endswith(
        "% above its level over 20 runs (and 5 more series); the next runs will tell"
    )


def test_the_run_that_makes_a_change_certain_confirms_it(root: Path, history: History) -> None:
    """Run by run after a step: it is confirmed once, and never again."""
    records = stepping([(30, 0.1), (12, 0.15)])
    spoken_of = [spoken(root, history, records[: 30 + count]) for count in range(1, 13)]
    confirming = [text for text in spoken_of if "confirms" in text]
    assert len(confirming) == 1
    assert "slower" in confirming[0]
    assert f"since {records[30].commit[:10]}" in confirming[0]
    assert spoken_of[-1] == ""


@pytest.mark.parametrize(
    "records",
    [
        pytest.param(stepping([(40, 0.1)]), id="steady"),
        pytest.param(stepping([(6, 0.1), (1, 0.3)]), id="fewer than eight runs"),
        pytest.param([*stepping([(20, 0.1)], profile="other"), *stepping([(3, 0.2)], first=20)],
                     id="another profile"),
        pytest.param([*stepping([(20, 0.1)]), *stepping([(1, 0.3)], first=20, load_hash="d" * 64)],
                     id="another load"),
        pytest.param([*stepping([(20, 0.1)]), *stepping([(1, 0.3)], first=20, branch="x")],
                     id="another branch"),
        pytest.param([*stepping([(20, 0.1)]), *stepping([(1, 0.3)], first=20, valid=False)],
                     id="not valid"),
        pytest.param(stepping([(20, 0.1), (1, 0.104)]), id="inside the tolerance"),
    ],
)  # fmt: skip
def test_nothing_is_said_without_need(
    root: Path, history: History, records: Sequence[Record]
) -> None:
    assert spoken(root, history, records) == ""


def test_runs_of_other_profiles_do_not_push_it_out(root: Path, history: History) -> None:
    """The trend of a profile is not shorter where others run more often."""
    write_records(root, stepping([(20, 0.1)]))
    write_records(root, stepping([(240, 0.1)], first=20, profile="busy"))
    said_of = spoken(root, history, stepping([(1, 0.15)], first=260))
    assert said_of.startswith("this run may start a change: p")


def test_a_first_run_imports_and_reads_nothing(root: Path, history: History) -> None:
    records = stepping([(5, 0.1)])
    write_records(root, records)
    (root / "records" / f"{records[0].run_id}.json").write_text("{", encoding="utf-8")
    before = set(sys.modules)
    assert newest_of(history, run_of(records[-1])) is None
    assert set(sys.modules) == before
