"""What is built and installed once for all tests of packaging."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from venvs import Venv, build, copy_repository, link_dependencies, make_venv

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packaging")


@pytest.fixture(scope="session")
def copy(place: Path) -> Path:
    return copy_repository(place / "copy")


@pytest.fixture(scope="session")
def dependencies(place: Path) -> Path:
    return link_dependencies(place / "dependencies")


@pytest.fixture(scope="session")
def wheel(copy: Path, place: Path) -> Path:
    return build(copy, "wheel", place / "wheel")


@pytest.fixture(scope="session")
def sdist(copy: Path, place: Path) -> Path:
    return build(copy, "sdist", place / "sdist")


@pytest.fixture(scope="session")
def installed(place: Path, dependencies: Path, wheel: Path) -> Venv:
    """An environment with the wheel; the sources are out of its reach."""
    found = make_venv(place / "installed", dependencies)
    found.install(str(wheel))
    return found
