from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from commands import Passed, desk_at
from perf_loadtests.target.launch import DemoTarget

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from commands import Desk


@pytest.fixture(scope="session")
def demo() -> Iterator[DemoTarget]:
    """One small demo service for all tests of the command."""
    with DemoTarget(os.environ, ("--traces", "1000", "--admin")) as demo:
        yield demo


@pytest.fixture
def desk(tmp_path: Path, demo: DemoTarget) -> Desk:
    """Fresh workspace with the profile `short`."""
    return desk_at(tmp_path, demo)


@pytest.fixture(scope="session")
def passed(tmp_path_factory: pytest.TempPathFactory, demo: DemoTarget) -> Passed:
    """One run that passed; tests only read what it left."""
    desk = desk_at(tmp_path_factory.mktemp("passed"), demo)
    summary, output = desk.folder / "summary.md", desk.folder / "output.txt"
    environ = {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_OUTPUT": str(output),
    }
    for path in (summary, output):
        path.write_text("before=1\n", encoding="utf-8")
    done = desk.run(environ=environ)
    return Passed(desk=desk, done=done, summary=summary, output=output)
