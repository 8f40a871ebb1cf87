"""From documents to a comparison: which baselines count, what is left out, and what is said."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from fakes.plans import make_plan
from fakes.runs import make_run
from perf_analysis.compared import RowVerdict
from perf_baselines.acceptance import baseline_of
from perf_baselines.baseline_files import BaselineFiles
from perf_baselines.comparable import Difference, difference
from perf_baselines.comparing import compare_with_baselines, figures_of_run
from perf_baselines.git_files import read_at_commit
from perf_documents.errors import DocumentError, UsageError
from perf_documents.plan import Gate, Stage

if TYPE_CHECKING:
    from pathlib import Path

    from perf_baselines.baseline import Baseline
    from perf_documents.plan import Plan
    from perf_documents.run import Run

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
WIDE = Gate(must_detect={"p95": 9.0, "error_rate": 0.5})


def plan(**changes: object) -> Plan:
    """Plan whose gate lets pass what small made-up runs can show."""
    made = replace(make_plan(), gate=WIDE)
    return replace(made, **changes)  # type: ignore[arg-type]  # by name


def accepted(count: int, days: float = 1.0, **changes: object) -> list[Baseline]:
    """Baselines of made-up runs, accepted `days` ago."""
    at = f"{NOW - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
    runs = [make_run(seed, plan=plan(**changes)) for seed in range(10, 10 + count)]
    return [baseline_of(run, figures_of_run(run), accepted_at=at, because="") for run in runs]


def run(number: int = 1, speed: float = 1.0, **changes: object) -> Run:
    return make_run(number, slowness=speed, plan=plan(**changes))


def test_equal_runs_pass_and_say_what_would_have_been_found() -> None:
    found = compare_with_baselines([run()], accepted(5), NOW)
    assert found.verdict is RowVerdict.PASS
    assert found.source == "baselines"
    assert len(found.reference) == 5
    assert "against 5 baselines" in found.sentence
    assert found.notes[0] == "the newest of 5 baselines was accepted 1 days ago"


def test_a_slow_run_fails() -> None:
    found = compare_with_baselines([run(speed=3.0)], accepted(5), NOW)
    assert found.verdict is RowVerdict.FAIL
    assert "p95 of " in found.sentence


def test_a_faster_run_says_that_the_baselines_are_slack() -> None:
    found = compare_with_baselines([run(speed=0.3)], accepted(8), NOW)
    assert any(note.startswith("slack: ") for note in found.notes)


def test_repeats_are_compared_together() -> None:
    one = compare_with_baselines([run(1)], accepted(5), NOW)
    three = compare_with_baselines([run(1), run(2), run(3)], accepted(5), NOW)
    detectable = [
        next(row.detectable for row in found.rows if not row.label and row.metric == "p95")
        for found in (one, three)
    ]
    assert detectable[0] is not None
    assert detectable[1] is not None
    assert detectable[1] < detectable[0]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"timeout_s": 10.0}, "timeout changed from 30 to 10"),
        (
            {
                "stages": (
                    make_plan().stages[0],
                    Stage(
                        duration_s=Fraction(20), start=Fraction(30), target=Fraction(30),
                        phase="sustained",
                    ),
                    make_plan().stages[2],
                )
            },
            "stage 2 changed from 20 s 20→20 (sustained) to 20 s 30→30 (sustained)",
        ),
        ({"stages": make_plan().stages[:2]}, "3 stages became 2"),
        ({"max_vus": 60}, "VUs changed from 5..50 to 5..60"),
        ({"arrivals": "poisson"}, "arrivals changed from constant to poisson"),
        ({"time_scale": Fraction(1, 2)}, "time scale changed from 1 to 1/2"),
    ],
)  # fmt: skip
def test_another_load_is_not_compared_and_the_difference_is_named(
    changes: dict[str, object], says: str
) -> None:
    found = compare_with_baselines([run(1, 1.0, **changes)], accepted(5), NOW)
    assert found.verdict is RowVerdict.NOT_JUDGED
    assert f"5 baselines not comparable: {says}" in found.sentence


@pytest.mark.parametrize(
    "changes",
    [
        {"thresholds": make_plan().thresholds[:1]},
        {"seed": 7},
        {"regression": {"p95": 0.2, "error_rate": 0.01}},
        {"alpha": 0.02},
        {"notes": ()},
        {"gate": replace(WIDE, comparison="proof")},
    ],
    ids=["thresholds", "seed", "margins", "alpha", "notes", "gate"],
)
def test_how_a_run_is_judged_orphans_no_baseline(changes: dict[str, object]) -> None:
    found = compare_with_baselines([run(1, 1.0, **changes)], accepted(5), NOW)
    assert len(found.reference) == 5


@pytest.mark.parametrize(("count", "verdict"), [(1, "inconclusive"), (2, "inconclusive")])
def test_one_or_two_baselines_are_too_few(count: int, verdict: str) -> None:
    found = compare_with_baselines([run()], accepted(count), NOW)
    assert found.verdict == verdict
    assert f"{count} of 3 at least" in found.sentence
    assert f"accept {3 - count} more" in found.next_step


def test_the_last_twenty_count() -> None:
    known = accepted(23)
    found = compare_with_baselines([run()], known, NOW)
    assert found.reference == tuple(b.run_id for b in known[3:])


def test_the_run_itself_is_no_baseline_of_its_own() -> None:
    mine = run(10)
    found = compare_with_baselines([mine], accepted(4), NOW)
    assert mine.run_id not in found.reference
    alone = compare_with_baselines([mine], accepted(1), NOW)
    assert alone.verdict is RowVerdict.NOT_JUDGED
    assert "the run itself is the only baseline" in alone.sentence


@pytest.mark.parametrize(("baseline", "verdict"), [("optional", "not judged"),
                                                   ("required", "inconclusive")])  # fmt: skip
def test_no_baseline_at_all(baseline: str, verdict: str) -> None:
    gate = replace(WIDE, baseline=baseline)
    found = compare_with_baselines([run(gate=gate)], [], NOW, hint="perfproof baseline accept X")
    assert found.verdict == verdict
    assert "no baseline of sustained on demo" in found.sentence
    assert found.next_step == "perfproof baseline accept X"


def test_a_profile_of_ramps_is_not_compared() -> None:
    ramps = make_plan().stages[:1]
    found = compare_with_baselines([run(stages=ramps)], accepted(3), NOW)
    assert found.verdict is RowVerdict.NOT_JUDGED
    assert "no sustained phase" in found.sentence


def test_old_baselines_are_called_stale() -> None:
    found = compare_with_baselines([run()], accepted(5, days=45), NOW)
    assert "stale: the newest of 5 baselines was accepted 45 days ago" in found.notes[0]


def test_another_machine_is_noted_and_gates_nothing() -> None:
    known = [replace(b, fingerprint={"cpu_model": "Old"}) for b in accepted(5)]
    mine = replace(run(), fingerprint={"cpu_model": "New"})
    found = compare_with_baselines([mine], known, NOW)
    assert "the machine differs from that of the baselines: cpu_model Old → New" in found.notes
    assert found.verdict is RowVerdict.PASS


def test_a_changed_scenario_with_the_same_mix_is_compared_with_a_note() -> None:
    mine = run()
    changed = replace(mine, scenario=replace(mine.scenario, sha256="f" * 64))
    found = compare_with_baselines([changed], accepted(5), NOW)
    assert len(found.reference) == 5
    assert "the scenario's file changed since the baselines" in found.notes
    assert any(row.label == "" and row.effect is not None for row in found.rows)


def test_a_changed_mix_compares_the_names_that_remain() -> None:
    busy = Stage(
        duration_s=Fraction(20), start=Fraction(40), target=Fraction(40), phase="sustained"
    )
    mine = run(stages=(busy,))
    series = {key: cells for key, cells in mine.measured.series.items() if key.name != "/health"}
    changed = replace(
        mine,
        scenario=replace(mine.scenario, sha256="f" * 64),
        measured=replace(mine.measured, series=series),
    )
    found = compare_with_baselines([changed], accepted(5, stages=(busy,)), NOW)
    rows = {row.label: row for row in found.rows if row.metric == "error_rate"}
    assert rows[""].verdict is RowVerdict.NOT_JUDGED
    assert rows["GET /api/v1/traces"].effect is not None


def test_load_that_is_equal_has_no_difference() -> None:
    facts = run().load_facts
    assert difference(facts, facts) == Difference((), scenario=False)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Repository with one commit that holds two baselines."""
    files = BaselineFiles(tmp_path / "baselines", tmp_path / ".perf")
    for one in accepted(2):
        files.add(one)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "baselines")
    git(tmp_path, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "two")
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)  # noqa: S607  # git of the machine


def test_baselines_of_a_commit_are_those_it_holds(repository: Path) -> None:
    files = BaselineFiles(repository / "baselines", repository / ".perf")
    files.add(accepted(3)[2])
    assert len(files.read("sustained", "demo")) == 3
    assert len(read_at_commit(repository, "HEAD", "sustained", "demo", os.environ)) == 2
    assert read_at_commit(repository, "HEAD", "sustained", "other", os.environ) == ()


@pytest.mark.parametrize(
    "ref", ["$(id)", "HEAD~1..", "--upload-pack=x", "-x", "nothing", "", "a b", "x\0y", "HEAD:x"]
)
def test_a_ref_that_is_none_is_refused_and_nothing_is_run(repository: Path, ref: str) -> None:
    with pytest.raises(UsageError, match="git knows no commit"):
        read_at_commit(repository, ref, "sustained", "demo", os.environ)


def test_a_damaged_baseline_of_a_commit_is_named(repository: Path) -> None:
    path = repository / "baselines" / "sustained" / "demo.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    git(repository, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qam", "cut")
    with pytest.raises(DocumentError, match=r"^HEAD:baselines/sustained/demo.jsonl:2: "):
        read_at_commit(repository, "HEAD", "sustained", "demo", os.environ)


def test_no_repository_is_no_commit(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="git knows no commit"):
        read_at_commit(tmp_path, "HEAD", "sustained", "demo", os.environ)
