"""A real browser, where there is one: Debian's Chromium, without a network."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from fakes.looks import RULES_TEXT, WATCHES
from fakes.sites import ACKNOWLEDGED, HISTORIES, make_site, page_text
from perf_reports.canary_page import render_canary_page
from perf_reports.html import render_html
from perf_reports.view import build_view
from repository import ROOT
from situation_runs import situation_run
from situations import ENDPOINTS, SITUATIONS, Situation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

AXE = ROOT / ".venv/actionlint/node_modules/axe-core/axe.min.js"
MANY = tuple(("GET", f"/api/v1/items/{place}", 0.001 * (place + 1)) for place in range(50))
ALL = {
    **{name: SITUATIONS[name] for name in (
        "pass", "fail", "regressed", "controlled", "not_valid", "interrupted", "one_endpoint",
        "zero_requests", "six_seconds", "hostile", "undetected", "closed",
    )},
    "fifty_endpoints": Situation(endpoints=MANY, rate=400, failing={}, dropped=()),
    "three_endpoints": Situation(endpoints=ENDPOINTS, rate=400),
}  # fmt: skip


def chromium() -> str | None:
    """Path of a browser, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


CANARIES = {
    f"canary_{name}": make
    for name, make in WATCHES.items()
    if name in {"promote", "rollback_by_rule", "hold_without_data", "hostile", "no_look"}
}


TRENDS = {
    f"trend_{kind}_{name}": (kind, name)
    for name in HISTORIES
    for kind in ("index", "series")
    if (kind, name) != ("series", "empty")
}


# of the module: as long as it lives, Playwright's event loop runs, and no other test has its own
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium, though this is CI: .ci/run installs it")
        pytest.skip("no Chromium on this machine")
    # takes a while to import, and only these tests need it
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking",
                  "--disable-component-update", "--disable-sync", "--no-first-run"],
        )  # fmt: skip
        yield found
        found.close()


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """File of a situation's page; drawn once."""
    folder = tmp_path_factory.mktemp("pages")

    def file(name: str) -> Path:
        path = folder / f"{name}.html"
        if not path.exists():
            path.write_text(_drawn(name), encoding="utf-8")
        return path

    return file


def _drawn(name: str) -> str:
    if name in TRENDS:
        kind, history = TRENDS[name]
        site = make_site(HISTORIES[history](), acknowledged=(ACKNOWLEDGED,), notes=("a note",))
        return page_text(site, lambda page: page.path.startswith(kind))
    if name in CANARIES:
        return render_canary_page(CANARIES[name](), title="checkout", rules_text=RULES_TEXT)
    about = ALL[name]
    return render_html(build_view(situation_run(about), exit_code=about.exit_code))


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core, as .ci/lint-workflows installs it."""
    if not AXE.is_file():
        if os.environ.get("CI"):
            pytest.fail("no axe-core, though this is CI: .ci/lint-workflows installs it")
        pytest.skip("no axe-core; make check installs it where there is npm")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="session", params=[*ALL, *CANARIES, *TRENDS])
def name(request: pytest.FixtureRequest) -> str:
    """Every page."""
    return str(request.param)
