"""The audit log: written before and after, whole, private, without secrets."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from perf_canary.audit import Audit, Entry
from perf_documents.errors import StoreError
from perf_documents.redact import Redactor
from rollout_stage import Stage

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def audit_at(path: Path) -> Audit:
    now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    return Audit(path=path, rollout="r", now=lambda: now, redactor=Redactor({"hush-hush-token"}))


def test_each_command_is_written_down_before_and_after(stage: Stage) -> None:
    stage.modes(shift=["half", "ok"])
    stage.roll()
    rows = stage.audited()
    begun = [row for row in rows if row["event"] == "command"]
    ended = [row for row in rows if row["event"] == "ended"]
    assert len(begun) == len(ended) == len(stage.calls())
    assert [row["command"] for row in begun] == [row["command"] for row in ended]
    assert [row["exit_status"] for row in ended][:3] == [0, 4, 0]
    assert {row["rollout"] for row in rows} == {"staged"}
    assert all(str(row["time"]).endswith("Z") for row in rows)
    assert (rows[0]["event"], rows[-1]["event"]) == ("begin", "end")


def test_each_decision_has_its_step_weight_and_reason(stage: Stage) -> None:
    stage.source.errors = lambda percent: 0.5 if percent >= 50.0 else 0.001
    stage.roll()
    decided = [row for row in stage.audited() if row["event"] == "decision"]
    assert [(row["step"], row["weight"]) for row in decided[1:]] == [(1, 5.0), (2, 50.0), (2, 50.0)]
    assert str(decided[1]["reason"]).startswith("PROMOTE: ")
    assert str(decided[2]["reason"]).startswith("ROLLBACK: evidence error_ratio")


def test_it_is_private_and_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    for _ in range(2):
        audit = audit_at(path)
        audit.open()
        audit.note(Entry(event="begin"))
        audit.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text().splitlines()) == 2


def test_half_a_line_of_a_killed_writer_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text('{"event":"comm')
    audit = audit_at(path)
    audit.open()
    audit.note(Entry(event="begin"))
    audit.close()
    first, second = path.read_text().splitlines()
    assert first == '{"event":"comm'
    assert '"begin"' in second


def test_secrets_are_not_in_it(tmp_path: Path) -> None:
    audit = audit_at(tmp_path / "audit.jsonl")
    audit.open()
    audit.note(Entry(event="command", command=("x", "hush-hush-token"), reason="hush-hush-token"))
    audit.close()
    assert "hush" not in audit.path.read_text()


@pytest.mark.parametrize("path", ["nowhere/audit.jsonl", "."])
def test_a_log_that_cannot_be_opened_is_said_before_anything_is_run(
    tmp_path: Path, path: str
) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        audit_at(tmp_path / path).open()


def test_a_line_that_is_lost_is_remembered_and_turns_0_into_5(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def do_nothing(audit: Audit) -> None:
        del audit

    monkeypatch.setattr(Audit, "open", do_nothing)
    result = stage.roll()
    assert stage.calls()[-1] == "promote"
    assert "audit" in result.lost
    assert result.exit_code == 5
