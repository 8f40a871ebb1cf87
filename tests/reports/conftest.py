"""Views and pages of the situations: one for each thing that a page must tell apart."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from perf_reports.html import render_html
from perf_reports.parts import Places
from perf_reports.view import build_view
from situation_runs import situation_run
from situations import SITUATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_documents.run import Run
    from perf_reports.parts import View


@pytest.fixture(scope="session", params=SITUATIONS)
def situation(request: pytest.FixtureRequest) -> str:
    """Every situation by name."""
    return str(request.param)


@pytest.fixture(scope="session")
def run_of() -> Callable[[str], Run]:
    """Run of a situation; equal values each time."""
    return lambda name: situation_run(SITUATIONS[name])


@pytest.fixture(scope="session")
def view_of(run_of: Callable[[str], Run]) -> Callable[[str], View]:
    """View of a situation, with places for its files."""
    places = Places(report="out/report.html", data="out/run.json.gz")
    return cache(
        lambda name: build_view(run_of(name), exit_code=SITUATIONS[name].exit_code, places=places)
    )


@pytest.fixture(scope="session")
def page_of(view_of: Callable[[str], View]) -> Callable[[str], str]:
    """HTML page of a situation; drawn once."""
    return cache(lambda name: render_html(view_of(name)))
