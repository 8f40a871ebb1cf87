"""The one issue of a scheduled check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import issue
from fakes.github import TOKEN, Fault
from fakes.upkeep import PATH
from perf_reports.delivery.marker import read_marker

if TYPE_CHECKING:
    from pathlib import Path

    from fakes.upkeep import FakeHost
    from hub import Clock

OPTIONS = ["--label", "security-scan", "--title", "Something was found"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "licences.md").write_text("### licences\n\n* odd: no licence that is known\n")
    return tmp_path


def test_what_was_found_opens_one_issue_and_changes_it_afterwards(
    host: FakeHost, job: dict[str, str], clock: Clock, folder: Path
) -> None:
    assert issue.main([*OPTIONS, str(folder)], job, clock) == 0
    assert issue.main([*OPTIONS, str(folder)], job, clock) == 0
    (folder / "advisories.md").write_text("### advisories\n\n* shaky 1.0: CVE-2026-1\n")
    assert issue.main([*OPTIONS, str(folder)], job, clock) == 0
    (one,) = host.issues.values()
    assert one["labels"] == ["security-scan"]
    assert "shaky 1.0" in str(one["body"])
    assert "odd: no licence" in str(one["body"])
    assert "https://github.com/octo/shop/actions/runs/77" in str(one["body"])


def test_nothing_found_closes_it_and_the_next_finding_opens_another(
    host: FakeHost, job: dict[str, str], clock: Clock, folder: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for place in (empty, folder, empty, folder):
        assert issue.main([*OPTIONS, str(place)], job, clock) == 0
    assert [one["state"] for one in host.issues.values()] == ["closed", "open"]


@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped", ""])
def test_a_job_that_did_not_succeed_is_a_finding_though_it_left_none(
    host: FakeHost, job: dict[str, str], clock: Clock, tmp_path: Path, result: str
) -> None:
    given = ["--result", "scan=success", "--result", f"container={result}", str(tmp_path)]
    assert issue.main([*OPTIONS, *given], job, clock) == 0
    (one,) = host.open_issues()
    assert "container did not succeed" in str(one["body"])
    assert "scan did" not in str(one["body"])


def test_issues_of_others_are_never_touched(
    host: FakeHost, job: dict[str, str], clock: Clock, folder: Path
) -> None:
    assert issue.main([*OPTIONS, str(folder)], job, clock) == 0
    (mine,) = host.issues.values()
    host.issues[8] = {**mine, "number": 8, "user": {"login": "mallory", "type": "User"}}
    host.issues[9] = {**mine, "number": 9, "body": "no marker in the first line"}
    host.issues[10] = {**mine, "number": 10, "pull_request": {}}
    before = {number: dict(host.issues[number]) for number in (8, 9, 10)}
    empty = folder / "empty"
    empty.mkdir()
    assert issue.main([*OPTIONS, str(empty)], job, clock) == 0
    assert {number: host.issues[number] for number in (8, 9, 10)} == before
    assert host.issues[1]["state"] == "closed"


def test_a_lost_answer_makes_no_second_issue(
    host: FakeHost, job: dict[str, str], clock: Clock, folder: Path
) -> None:
    host.faults = [Fault(status=502, is_done=True, on="POST", at="/issues")]
    assert issue.main([*OPTIONS, str(folder)], job, clock) == 0
    assert len(host.issues) == 1


def test_an_older_run_leaves_the_words_of_a_newer_one(
    host: FakeHost, job: dict[str, str], clock: Clock, folder: Path
) -> None:
    assert issue.main([*OPTIONS, str(folder)], job, clock) == 0
    (folder / "licences.md").write_text("### licences\n\n* older words\n")
    assert issue.main([*OPTIONS, str(folder)], job | {"GITHUB_RUN_NUMBER": "4"}, clock) == 0
    (one,) = host.issues.values()
    assert "older words" not in str(one["body"])


def test_ten_thousand_findings_fit_into_an_issue(
    host: FakeHost, job: dict[str, str], clock: Clock, folder: Path
) -> None:
    (folder / "licences.md").write_text("* one more of them\n" * 10_000)
    assert issue.main([*OPTIONS, str(folder)], job, clock) == 0
    (one,) = host.issues.values()
    assert len(str(one["body"])) < host.longest
    assert "The rest is in the log" in str(one["body"])
    assert read_marker(str(one["body"])) is not None


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(({"GITHUB_TOKEN": ""}, 2, "GITHUB_TOKEN: is not set"), id="no token"),
        pytest.param(({"GITHUB_TOKEN": "a b"}, 2, "blanks or odd"), id="odd token"),
        pytest.param(({"GITHUB_REPOSITORY": "octo/../x"}, 2, "GITHUB_REPOSITORY"), id="path"),
        pytest.param(({"GITHUB_RUN_NUMBER": "x"}, 2, "GITHUB_RUN_NUMBER"), id="number"),
        pytest.param(({"GITHUB_API_URL": "http://host.example"}, 5, "https"), id="in the clear"),
        pytest.param(({"GITHUB_TOKEN": "wrong"}, 5, "401"), id="refused"),
    ],
)
def test_what_cannot_be_written_says_why_and_fails(
    host: FakeHost, job: dict[str, str], folder: Path, capsys: pytest.CaptureFixture[str],
    case: tuple[dict[str, str], int, str],
) -> None:  # fmt: skip
    change, code, said = case
    assert issue.main([*OPTIONS, str(folder)], job | change) == code
    err = capsys.readouterr().err
    assert said in err
    assert TOKEN not in err
    assert not host.issues


def test_without_the_permission_the_message_names_it(
    host: FakeHost, job: dict[str, str], clock: Clock, folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    host.labels = {"security-scan"}
    message = "Resource not accessible by integration"
    host.faults = [Fault(status=403, message=message, on="POST", at=PATH)]
    assert issue.main([*OPTIONS, str(folder)], job, clock) == 5
    assert "issues: write" in capsys.readouterr().err


@pytest.mark.parametrize(
    "given", [["nowhere"], ["--result", "scan", "."]], ids=["no folder", "no result"]
)
def test_what_cannot_be_read_writes_nothing(
    host: FakeHost, job: dict[str, str], clock: Clock, given: list[str]
) -> None:
    assert issue.main([*OPTIONS, *given], job, clock) == 2
    assert not host.calls
