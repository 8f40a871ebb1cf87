"""Tests that import locust: only in a pytest process of their own (`-m engine`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import these files where their marker is not asked for: locust patches Python."""
    wanted = str(config.getoption("markexpr"))
    asked = "engine" in wanted and "not engine" not in wanted
    return None if asked or collection_path.suffix != ".py" else True
