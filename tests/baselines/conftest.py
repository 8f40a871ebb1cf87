"""A history of its own for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perf_baselines import history as history_module
from perf_baselines.history import History

if TYPE_CHECKING:
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


@pytest.fixture
def indexed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists come from the index, however few runs there are."""
    monkeypatch.setattr(history_module, "DIRECT", 0)
