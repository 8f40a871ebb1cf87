"""A history of its own for each test."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from clones import make_origin
from fakes.runs import make_run
from perf_analysis.verdict import Verdict
from perf_baselines import folder_store as store_module
from perf_baselines.history import History
from perf_cli import pruning
from perf_cli.app import run as perf
from real_postgres import INITDB, Server, serving
from shelves import FolderShelf, PostgresShelf, Shelf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from perf_documents.events import Notice
    from shelves import Call


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "history"


@pytest.fixture
def notices() -> list[Notice]:
    return []


@pytest.fixture
def history(root: Path, notices: list[Notice]) -> History:
    return History(root, notices.append)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    if INITDB is None:
        pytest.skip("no PostgreSQL on this machine")
    with serving() as started:
        yield started


@pytest.fixture
def database(server: Server) -> PostgresShelf:
    """A database that holds nothing yet."""
    return PostgresShelf(server, server.new_database())


@pytest.fixture(params=["folder", "database"])
def shelf(request: pytest.FixtureRequest, root: Path) -> Shelf:
    """Each place that a history may lie in."""
    if request.param == "folder":
        return FolderShelf(root)
    found: PostgresShelf = request.getfixturevalue("database")
    return found


@pytest.fixture
def indexed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists come from the index, however few runs there are."""
    monkeypatch.setattr(store_module, "DIRECT", 0)


@pytest.fixture
def call(
    shelf: Shelf,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Call:
    """Code, stdout and stderr of a command in a workspace with this history."""
    for name in ("CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PERF_HISTORY", shelf.where)
    monkeypatch.setattr(pruning, "now", lambda: datetime(2026, 6, 1, tzinfo=UTC))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def called(*arguments: str) -> tuple[int, str, str]:
        code = perf(["history", *arguments])
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return called


@pytest.fixture
def filled(shelf: Shelf) -> History:
    history = shelf.open()
    for seed in range(1, 6):
        history.store(make_run(seed, verdict=Verdict.PASS))
    return history


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A bare repository with one commit on `main`."""
    return make_origin(tmp_path)
