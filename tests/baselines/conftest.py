"""A history of its own for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perf_baselines import folder_store as store_module
from perf_baselines.history import History
from real_postgres import INITDB, Server, serving
from shelves import FolderShelf, PostgresShelf, Shelf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from perf_documents.events import Notice


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
