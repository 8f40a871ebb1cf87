"""stdout carries the result, stderr the rest, and the exit code survives what becomes of them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from commands import PERF, Done, desk_at, environment

if TYPE_CHECKING:
    from commands import Desk, Passed
    from perf_loadtests.target.launch import DemoTarget

BASH = "/bin/bash"
CHECK = ["check", "--run"]


def judged(passed: Passed) -> list[str]:
    """Arguments that judge the run again, from its file."""
    (path,) = passed.desk.state.glob("runs/*/run.json.gz")
    return [*CHECK, str(path)]


def through_bash(desk: Desk, script: str, arguments: list[str]) -> Done:
    """Run the command as "$@" inside a script of bash."""
    ended = subprocess.run(
        [BASH, "-c", script, "bash", *PERF, *arguments],
        cwd=desk.folder,
        env=environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Done(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def test_a_passing_run_ends_in_0(passed: Passed) -> None:
    assert passed.done.code == 0, passed.done.said
    assert passed.done.out.startswith("✓ PASS   exit 0")
    assert "Traceback" not in passed.done.said
    assert len(passed.desk.stored()) == 1
    assert passed.desk.spools() == []
    assert passed.desk.processes() == []


def test_the_files_of_a_run_are_complete_and_private(passed: Passed) -> None:
    (folder,) = passed.desk.state.glob("runs/*")
    named = {path.name: path for path in folder.iterdir()}
    assert named.keys() - {"engine.log"} == {
        "report.html",
        "run.json.gz",
        "comment.md",
        "junit.xml",
        "summary.md",
        "result.json",
    }
    assert {path.stat().st_mode & 0o077 for path in named.values()} == {0}
    assert json.loads(named["result.json"].read_bytes())["exit_code"] == 0
    assert named["comment.md"].read_text(encoding="utf-8").startswith("### ✓ PASS: ")


def test_on_github_the_summary_is_appended_and_outputs_are_written(passed: Passed) -> None:
    summary = passed.summary.read_text(encoding="utf-8")
    assert summary.startswith("before=1\n")
    assert "PASS" in summary
    lines = passed.output.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "before=1"
    delimiter = lines[1].removeprefix("verdict<<")
    assert delimiter.startswith("perfproof-")
    assert lines[2:5] == ["pass", delimiter, f"exit_code<<{delimiter}"]
    assert lines[5] == "0"
    assert "\x1b" not in passed.done.said
    assert "\r" not in passed.done.err


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, demo: DemoTarget) -> tuple[Desk, Done]:
    """One run of a profile given as a file, told as JSON, kept in a folder of its own."""
    desk = desk_at(tmp_path_factory.mktemp("told"), demo)
    desk.profile.rename(desk.folder / "mine.yaml")
    arguments = ["run", "--profile", "mine.yaml", "--target", demo.url, "--json", "--out", "kept"]
    return desk, desk.steady(lambda: desk.perf(*arguments))


def test_json_is_one_document_that_agrees_with_the_exit_code(told: tuple[Desk, Done]) -> None:
    desk, done = told
    document = json.loads(done.out)
    assert document["exit_code"] == done.code == 0, done.said
    assert document["verdict"] == "pass"
    assert document["valid"] is True
    assert [row["rule"] for row in document["checks"]] == [f"V{n}" for n in range(1, 13)]
    assert (desk.folder / "kept" / "report.html").is_file()
    assert desk.stored() == [document["run_id"]]


def test_the_way_to_repeat_a_run_is_a_command_that_works(told: tuple[Desk, Done]) -> None:
    desk, done = told
    command, *words = json.loads(done.out)["repeat"].split()
    assert command == "perfproof"
    # a bad --out is refused only after everything else was found
    repeated = desk.perf(*words, "--out", "mine.yaml")
    assert repeated.err.startswith("perf: --out:"), f"{words}: {repeated.err}"


@pytest.mark.parametrize("stderr", ["/dev/null", "/dev/full"])
def test_a_reader_that_has_gone_and_a_full_stderr_change_no_code(desk: Desk, stderr: str) -> None:
    script = f'"$@" 2>{stderr} | head -1; exit "${{PIPESTATUS[0]}}"'
    done = desk.steady(lambda: through_bash(desk, script, desk.order()))
    assert done.code == 0, done.said
    assert done.out.startswith("✓ PASS")
    assert done.out.count("\n") == 1
    assert done.err == ""


def test_a_result_that_could_not_be_delivered_is_no_0(desk: Desk) -> None:
    with Path("/dev/full").open("wb") as full:
        done = desk.steady(lambda: desk.perf(*desk.order(), stdout=full))
    assert done.code == 5, done.said
    assert "Traceback" not in done.err
    assert len(desk.stored()) == 1


@pytest.mark.parametrize(
    ("script", "code"),
    [
        pytest.param('"$@" | head -1; exit "${PIPESTATUS[0]}"', 0, id="reader-gone"),
        pytest.param('"$@" 2>&-', 0, id="stderr-closed"),
        pytest.param('"$@" 2>/dev/full', 0, id="stderr-full"),
        pytest.param('"$@" >/dev/full', 5, id="stdout-full"),
        pytest.param('"$@" >&-', 5, id="stdout-closed"),
        pytest.param('"$@" <&-', 0, id="stdin-closed"),
    ],
)
def test_p06_judging_again_survives_its_streams(passed: Passed, script: str, code: int) -> None:
    done = through_bash(passed.desk, script, judged(passed))
    assert done.code == code, done.said
    assert "Traceback" not in done.said
    assert "Exception" not in done.said


def test_quiet_is_three_lines(passed: Passed) -> None:
    done = passed.desk.perf(*judged(passed), "--quiet")
    assert done.code == 0, done.said
    assert done.out.count("\n") == 3
    assert done.out.startswith("✓ PASS")
    assert done.err == ""


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [
        pytest.param({"TERM": "xterm"}, True, id="terminal"),
        pytest.param({"TERM": "xterm", "NO_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param({"TERM": "dumb"}, False, id="dumb"),
        pytest.param({"TERM": "xterm", "COLUMNS": "0"}, True, id="COLUMNS"),
    ],
)
def test_e09_colour_only_where_a_terminal_wants_it(
    passed: Passed, environ: dict[str, str], *, coloured: bool
) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "wb") as terminal:
        done = passed.desk.perf(*judged(passed), "--quiet", stdout=terminal, environ=environ)
        shown = os.read(ours, 65_536).decode()
    os.close(ours)
    assert done.code == 0, done.said
    assert ("\x1b" in shown) is coloured
    assert "PASS" in shown


@pytest.mark.parametrize("locale", ["C", "POSIX", "tr_TR", "de_DE.UTF-8"])
def test_e06_any_locale_gets_the_same_verdict(passed: Passed, locale: str) -> None:
    done = passed.desk.perf(*judged(passed), environ={"LC_ALL": locale, "LANG": locale})
    assert done.code == 0, done.said
    assert "PASS   exit 0" in done.out
    assert "1,39" not in done.out
