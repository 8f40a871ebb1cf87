"""The message a container leaves behind: the verdict, where there is a place for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from perf_cli.outcome import Code
from perf_cli.termination import VARIABLE, leave_message

if TYPE_CHECKING:
    from pathlib import Path

    from commands import Desk


@pytest.mark.parametrize(
    ("code", "verdict"),
    [(Code.PASS, "pass"), (Code.FAIL, "fail"), (Code.INCONCLUSIVE, "inconclusive"),
     (Code.INFRA, "inconclusive"), (Code.TERMINATED, "inconclusive")],
)  # fmt: skip
def test_the_verdict_stands_in_a_file_that_is_there(
    tmp_path: Path, code: Code, verdict: str
) -> None:
    place = tmp_path / "log"
    place.write_text("x" * 5000)
    leave_message({VARIABLE: str(place)}, code, "p95 of a\x1b[2J" + "é" * 5000, "run-1")
    found = json.loads(place.read_bytes())
    assert place.stat().st_size <= 4096
    assert (found["verdict"], found["exit_code"], found["run_id"]) == (verdict, int(code), "run-1")
    assert "\x1b" not in found["reason"]


def test_without_a_place_nothing_is_made(tmp_path: Path) -> None:
    leave_message({VARIABLE: str(tmp_path / "log")}, 0, "fine")
    leave_message({VARIABLE: str(tmp_path)}, 0, "fine")
    assert list(tmp_path.iterdir()) == []


def test_a_run_and_a_refusal_leave_theirs(desk: Desk) -> None:
    desk.write()
    place = desk.folder / "log"
    place.touch()
    done = desk.run(environ={VARIABLE: str(place)})
    found = json.loads(place.read_bytes())
    assert (found["exit_code"], [found["run_id"]]) == (done.code, desk.stored())
    # what delivers a verdict does not replace it
    assert desk.perf("comment", "nothing", environ={VARIABLE: str(place)}).code == 2
    assert json.loads(place.read_bytes()) == found
    again = desk.perf("check", "--run", "latest", environ={VARIABLE: str(place)})
    assert json.loads(place.read_bytes())["exit_code"] == again.code
    unknown = desk.perf("check", "--nope", environ={VARIABLE: str(place)})
    assert json.loads(place.read_bytes())["exit_code"] == unknown.code == 2
    refused = desk.perf("check", "--run", "nothing", environ={VARIABLE: str(place)})
    found = json.loads(place.read_bytes())
    assert (found["exit_code"], found["run_id"]) == (refused.code, None) == (2, None)
    assert "nothing" in found["reason"]
