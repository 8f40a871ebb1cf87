"""What a command is given: refused at the border, before anything is sent, stored or waited for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click
import pytest

from perf_cli.app import run
from perf_cli.options import FiniteRange, WholeRange
from perf_cli.sinks import check_out
from perf_documents.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from commands import Desk, Done

NO_WHOLE = ["1e3", "1_000", "+5", "0x10", " 5", "5 ", "\u0665", "5.0", "nan", "", "5\n"]


@pytest.mark.parametrize("text", NO_WHOLE)
def test_a03_a_whole_number_is_written_in_plain_digits(text: str) -> None:
    with pytest.raises(click.BadParameter, match="plain digits"):
        WholeRange(1, 1000).convert(text, None, None)  # type: ignore[arg-type]  # as click does


@pytest.mark.parametrize("text", ["1_0", "+5", " 5", "\u0665", "inf", "nan", "0x1p3", "1e999", ""])
def test_a03_so_is_every_other_number(text: str) -> None:
    with pytest.raises(click.BadParameter, match="finite number"):
        FiniteRange(0).convert(text, None, None)  # type: ignore[arg-type]  # as click does


def test_a03_plain_numbers_are_taken(capfd: pytest.CaptureFixture[str]) -> None:
    assert WholeRange(1, 1000).convert("17", None, None) == 17  # type: ignore[arg-type]  # text
    assert FiniteRange(0).convert("1.5e2", None, None) == 150.0  # type: ignore[arg-type]  # text
    assert run(["history", "list", "--limit", "1_0"]) == 2
    assert "--limit" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        pytest.param(["run", "--out", "x" * 5_000], ["argument 3", "5,000 bytes"], id="A15-long"),
        pytest.param(["compare", *["a"] * 10_000], ["10,001 arguments", "next:"], id="A15-many"),
        pytest.param(["run", "--out", "o\udcff"], ["argument 3", "not UTF-8", "\\xff"], id="A16"),
        pytest.param(["r\udcff"], ["argument 1", "not UTF-8 at byte 1"], id="A16-verb"),
        *(
            pytest.param(["run", "--profile", "short", *options], [options[0]], id=f"A20{name}")
            for name, *options in (
                ("-set", "--set", "thresholds={}"),
                ("-gate", "--no-gate"),
                ("-force", "--force"),
                ("-margin", "--margin", "50%"),
                ("-inconclusive", "--inconclusive", "pass"),
            )
        ),
    ],
)
def test_arguments_are_refused_at_the_border(
    capfd: pytest.CaptureFixture[str], arguments: list[str], parts: list[str]
) -> None:
    assert run(arguments) == 2
    said = capfd.readouterr()
    assert said.out == ""
    assert len(said.err) < 600
    assert [part for part in parts if part not in said.err] == []


def test_e07_a_folder_whose_name_is_not_utf8_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)  # noqa: PTH102  # a name that no Path of ours would have
    monkeypatch.chdir(os.fsdecode(folder))
    assert run(["history", "list"]) == 2
    assert "the working folder: not UTF-8" in capfd.readouterr().err


def test_a13_a_folder_with_files_of_something_else_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "report.html"
    theirs.write_text("theirs", encoding="utf-8")
    with pytest.raises(UsageError, match=r"holds report\.html of something else"):
        check_out(tmp_path)
    (tmp_path / "run.json.gz").touch()
    check_out(tmp_path)  # a run of ours left it
    assert theirs.read_text(encoding="utf-8") == "theirs"


def refused(desk: Desk, done: Done, code: int, *parts: str) -> None:
    """Hold a refusal before any load."""
    assert done.code == code, done.said
    assert [part for part in parts if part not in done.err] == []
    assert (done.out, desk.served(), desk.stored(), desk.spools()) == ("", 0, [], [])
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("out", "code", "parts"),
    [
        pytest.param("-", 2, ["--out", "expected a folder"], id="dash"),
        pytest.param("", 2, ["--out", "expected a folder"], id="empty"),
        pytest.param("/dev/full", 2, ["/dev/full is a file"], id="device"),
        pytest.param("x" * 400, 2, ["--out", "too long"], id="too-long"),
        pytest.param("/proc/self/x", 5, ["/proc/self/x", "cannot be created"], id="permission"),
    ],
)
def test_a13_an_out_that_is_no_folder_is_refused_before_any_load(
    desk: Desk, out: str, code: int, parts: list[str]
) -> None:
    done = desk.perf(*desk.order("--out", out))
    refused(desk, done, code, *parts)
    assert not (desk.folder / "-").exists()


@pytest.mark.parametrize(
    ("environ", "parts"),
    [
        pytest.param({"PERF_TOKN": "x"}, ["PERF_TOKN", 'did you mean "PERF_TOKEN"'], id="N01-near"),
        pytest.param(
            {"PERF_PROCESSES": "abc"}, ["PERF_PROCESSES is no variable"], id="N01-unknown"
        ),
        pytest.param({"PERF_TOKEN": ""}, ["PERF_TOKEN is set but empty"], id="N01-empty"),
        pytest.param({"PERF_HISTORY": ""}, ["PERF_HISTORY is set but empty"], id="N01-history"),
        pytest.param({"CI": "1", "SSLKEYLOGFILE": "keys"}, ["SSLKEYLOGFILE"], id="N04-in-CI"),
    ],
)
def test_variables_that_would_change_a_run_by_a_slip_are_refused(
    desk: Desk, environ: dict[str, str], parts: list[str]
) -> None:
    refused(desk, desk.perf(*desk.order(), environ=environ), 2, "environment: ", *parts)
