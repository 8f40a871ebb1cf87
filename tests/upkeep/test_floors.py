"""Floors of branch coverage, room by room."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest

import floors
from repository import ROOT, assert_none, product

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "verdict": "analysis/perf_analysis/verdict.py",
    "validity": "analysis/perf_analysis/validity/rules.py",
    "parsers": "baselines/perf_importers/k6_script.py",
    "storage": "baselines/perf_baselines/store.py",
}


def covered(tmp_path: Path, **taken: int) -> Path:
    """Report in which each room has a file with 100 branches."""
    files = {
        FILES[room]: {"summary": {"covered_branches": count, "num_branches": 100}}
        for room, count in taken.items()
    }
    path = tmp_path / "coverage.json"
    path.write_text(json.dumps({"files": files}))
    return path


def test_at_the_floor_is_enough_and_below_it_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = {"verdict": 95, "validity": 100, "parsers": 95, "storage": 95}
    assert floors.main([str(covered(tmp_path, **at))]) == 0
    assert floors.main([str(covered(tmp_path, **(at | {"storage": 94})))]) == 1
    out = capsys.readouterr().out
    assert "storage: 94.0% BELOW" in out
    assert f"{FILES['storage']}: 6 not taken" in out


@pytest.mark.parametrize("room", FILES)
def test_a_room_without_files_holds_no_floor(tmp_path: Path, room: str) -> None:
    taken = dict.fromkeys(FILES.keys() - {room}, 100)
    assert floors.main([str(covered(tmp_path, **taken))]) == 1


def test_every_pattern_of_a_room_finds_files_that_ship() -> None:
    names = [f"/{source.path.relative_to(ROOT).as_posix()}" for source in product()]
    assert_none(
        pattern
        for patterns in floors.ROOMS.values()
        for pattern in patterns
        if not any(fnmatchcase(name, pattern) for name in names)
    )
