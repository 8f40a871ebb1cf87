"""A GitHub for each test, and the views of the situations."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from fakes.github import FakeGitHub, serving
from perf_reports.view import build_view
from situation_runs import situation_run
from situations import SITUATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perf_reports.parts import View


@pytest.fixture
def hub() -> Iterator[FakeGitHub]:
    with serving(FakeGitHub()) as state:
        yield state


@cache
def _view(name: str) -> View:
    about = SITUATIONS[name]
    return build_view(situation_run(about), exit_code=about.exit_code, over_time=False)


@pytest.fixture(scope="session")
def view_of() -> Callable[[str], View]:
    """View of a situation, as the comment needs it."""
    return _view
