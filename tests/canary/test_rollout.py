"""The way of a rollout: what is run, in which order, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perf_canary.rollout_state import End
from perf_documents.canary_looks import Answer
from rollout_stage import BEGAN_S, Stage

if TYPE_CHECKING:
    from pathlib import Path

FIRST = ["status", "shift 5", "status"]
SECOND = ["shift 50", "status"]
LAST = ["shift 100", "status"]
BACK = ["rollback", "status"]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def breach_from(percent: float, stage: Stage) -> None:
    stage.source.errors = lambda live: 0.5 if live >= percent else 0.001


def test_a_healthy_canary_goes_through_every_step_and_is_promoted(stage: Stage) -> None:
    result = stage.roll()
    assert (result.exit_code, result.answer, result.ending.end) == (
        0,
        Answer.PROMOTE,
        End.PROMOTED,
    )
    assert stage.calls() == [*FIRST, *SECOND, *LAST, "promote"]


def test_each_step_is_watched_for_its_hold_from_its_own_shift_on(stage: Stage) -> None:
    stage.roll()
    for percent in (5.0, 50.0, 100.0):
        times = [t_s for t_s, live in stage.source.reads if live == percent]
        assert times[-1] - times[0] == pytest.approx(60.0)


def test_without_status_it_begins_at_the_first_step_and_says_so(stage: Stage) -> None:
    stage.write("status")
    assert stage.roll().exit_code == 0
    assert stage.calls() == ["shift 5", "shift 50", "shift 100", "promote"]
    assert any("no status command" in line for line in stage.told)


def test_a_breach_rolls_back_with_1(stage: Stage) -> None:
    breach_from(50.0, stage)
    result = stage.roll()
    assert (result.exit_code, result.answer, result.step) == (1, Answer.ROLLBACK, 2)
    assert "errors" in result.ending.reason
    assert stage.calls() == [*FIRST, *SECOND, *BACK]
    assert stage.weight() == "0"


def test_a_breach_with_all_traffic_rolls_back_too(stage: Stage) -> None:
    breach_from(100.0, stage)
    assert stage.roll().exit_code == 1
    assert stage.calls() == [*FIRST, *SECOND, *LAST, *BACK]


def test_no_data_is_held_until_max_hold_and_then_rolled_back_with_3(stage: Stage) -> None:
    stage.source.silent = True
    result = stage.roll()
    assert (result.exit_code, result.ending.end) == (3, End.UNDECIDED)
    assert "max_hold" in result.ending.reason
    assert stage.calls() == [*FIRST, *BACK]
    assert stage.clock.now_s == pytest.approx(BEGAN_S + 120.0)


def test_a_share_that_traffic_does_not_follow_is_never_promoted(stage: Stage) -> None:
    stage.write(steps="[{weight: 5%, hold: 60s}, {weight: 50%, hold: 60s}]")
    (stage.folder / "real").write_text("0")
    stage.source.weight = stage.folder / "real"
    assert stage.roll().exit_code == 3
    assert "promote" not in stage.calls()


@pytest.mark.parametrize("code", [129, 130, 143])
def test_a_signal_between_looks_rolls_back_at_once_with_its_code(stage: Stage, code: int) -> None:
    stage.clock.after(33.0, lambda: setattr(stage, "signal_code", code))
    result = stage.roll()
    assert (result.exit_code, result.ending.end) == (code, End.INTERRUPTED)
    assert stage.calls() == [*FIRST, *BACK]
    # the next look would have been at 40 s
    assert stage.clock.now_s <= BEGAN_S + 34.0


def test_a_file_that_appears_rolls_back_with_3(stage: Stage) -> None:
    stage.clock.after(75.0, (stage.folder / "ABORT").touch)
    result = stage.roll()
    assert (result.exit_code, result.ending.end, result.step) == (3, End.ABORTED, 2)
    assert stage.calls() == [*FIRST, *SECOND, *BACK]
    assert stage.clock.now_s <= BEGAN_S + 76.0


def test_an_abort_file_that_is_there_already_rolls_back_and_shifts_nothing(stage: Stage) -> None:
    (stage.folder / "ABORT").touch()
    result = stage.roll()
    assert result.exit_code == 3
    assert "remove it" in result.ending.reason
    assert stage.calls() == BACK


def test_a_shift_that_fails_once_is_repeated(stage: Stage) -> None:
    stage.modes(shift=["half", "ok"])
    assert stage.roll().exit_code == 0
    assert stage.calls() == [
        "status", "shift 5", "shift 5", "status", *SECOND, *LAST, "promote",
    ]  # fmt: skip


@pytest.mark.parametrize("mode", ["fail", "half"])
def test_a_shift_that_keeps_failing_rolls_back_with_5(stage: Stage, mode: str) -> None:
    stage.modes(shift=["ok", mode])
    result = stage.roll()
    assert (result.exit_code, result.answer, result.ending.end) == (5, Answer.ROLLBACK, End.FAILED)
    assert stage.calls() == [*FIRST, *["shift 50"] * 3, *BACK]
    assert stage.weight() == "0"
    assert "shift failed: exit status" in result.ending.reason


def test_a_shift_that_hangs_is_killed_with_all_it_started_and_rolled_back(stage: Stage) -> None:
    stage.modes(shift=["hang"])
    stage.write(shift=stage.command("shift", "'{weight}'", more="timeout: 3s, tries: 1"))
    result = stage.roll()
    assert (result.exit_code, result.ending.end) == (5, End.FAILED)
    assert "after 3 s" in result.ending.reason
    assert stage.calls() == ["status", "shift 5", *BACK]
    assert stage.child_is_gone()


def test_an_abort_during_a_command_ends_it_and_rolls_back(stage: Stage) -> None:
    stage.modes(shift=["abort"])
    result = stage.roll()
    assert (result.exit_code, result.ending.end) == (3, End.ABORTED)
    assert stage.calls() == ["status", "shift 5", *BACK]
    assert stage.child_is_gone()


def test_a_weight_that_reads_back_otherwise_rolls_back_with_5(stage: Stage) -> None:
    stage.modes(status=["ok", "lie", "lie", "lie", "ok"])
    result = stage.roll()
    assert (result.exit_code, result.undone) == (5, True)
    assert "prints 99 % where 5 % was set" in result.ending.reason
    assert stage.calls() == ["status", "shift 5", *["status"] * 3, *BACK]


def test_a_promotion_that_fails_after_its_tries_rolls_back_with_5(stage: Stage) -> None:
    stage.modes(promote=["half"])
    result = stage.roll()
    assert (result.exit_code, result.answer) == (5, Answer.ROLLBACK)
    assert stage.calls() == [*FIRST, *SECOND, *LAST, *["promote"] * 3, *BACK]
    assert stage.weight() == "0"


def test_a_rollback_is_repeated_even_after_a_signal(stage: Stage) -> None:
    stage.modes(rollback=["fail", "half", "ok"])
    stage.clock.after(33.0, lambda: setattr(stage, "signal_code", 143))
    result = stage.roll()
    assert (result.exit_code, result.undone) == (143, True)
    assert stage.calls() == [*FIRST, "rollback", "rollback", *BACK]


@pytest.mark.parametrize("code", [None, 143])
def test_a_rollback_that_fails_is_5_and_says_what_to_run(stage: Stage, code: int | None) -> None:
    breach_from(5.0, stage)
    stage.modes(rollback=["fail"])
    stage.clock.after(33.0 if code else 1e6, lambda: setattr(stage, "signal_code", code))
    result = stage.roll()
    assert (result.exit_code, result.answer, result.undone) == (5, Answer.ROLLBACK, False)
    assert "the cluster said no" in result.rollback_failure
    assert result.by_hand.startswith(f"cd {stage.folder} && ")
    assert result.by_hand.endswith("tool.py rollback")
    assert any("ROLLBACK FAILED" in line and result.by_hand in line for line in stage.told)
    assert stage.calls() == [*FIRST, *["rollback"] * 3]


def test_a_rollback_that_leaves_a_weight_has_failed(stage: Stage) -> None:
    breach_from(5.0, stage)
    stage.modes(status=["ok", "ok", "lie"])
    result = stage.roll()
    assert (result.exit_code, result.undone) == (5, False)
    assert "status still prints 99 %" in result.rollback_failure


def test_after_a_kill_it_goes_on_from_the_step_that_is_live(stage: Stage) -> None:
    (stage.folder / "weight").write_text("50.0")
    assert stage.roll().exit_code == 0
    assert stage.calls() == ["status", *SECOND, *LAST, "promote"]
    assert any("50 % is live: going on from step 2 of 3" in line for line in stage.told)


def test_a_live_weight_of_no_step_is_rolled_back_with_3(stage: Stage) -> None:
    (stage.folder / "weight").write_text("33")
    result = stage.roll()
    assert (result.exit_code, result.step) == (3, None)
    assert "the live weight is 33 %" in result.ending.reason
    assert stage.calls() == ["status", *BACK]


@pytest.mark.parametrize("said", ["", "five", "250", "-5", "nan", "5 6"])
def test_a_status_that_prints_no_weight_rolls_back_with_5(stage: Stage, said: str) -> None:
    (stage.folder / "weight").write_text(said)
    assert stage.roll().exit_code == 5
    assert stage.calls() == [*["status"] * 3, *BACK]


def test_a_bug_on_the_way_rolls_back_before_it_is_told(stage: Stage) -> None:
    stage.source.broken = True
    stage.write(steps="[{weight: 100%, hold: 60s}]")
    text = (stage.folder / "rules.yaml").read_text()
    rules = [line for line in text.splitlines() if "evidence" not in line and "ratio" not in line]
    (stage.folder / "rules.yaml").write_text("\n".join(rules))
    with pytest.raises(RuntimeError):
        stage.roll()
    assert stage.calls() == ["status", "shift 100", "status", *BACK]


def test_evidence_against_the_control_rolls_back_where_no_rule_fires(stage: Stage) -> None:
    stage.source.errors = lambda percent: 0.03 if percent >= 50.0 else 0.001
    result = stage.roll()
    assert (result.exit_code, result.step) == (1, 2)
    assert "evidence error_ratio" in result.ending.reason


def test_the_state_is_shown_as_it_changes(stage: Stage) -> None:
    breach_from(50.0, stage)
    stage.roll()
    states = [state["state"] for state in stage.shown]
    assert states[0] == "shifting"
    assert states[-2:] == ["rolling back", "breach"]
    assert stage.shown[-1]["weight"] == 50.0
