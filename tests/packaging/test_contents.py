"""What the wheel and the source distribution hold."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from repository import PACKAGES, ROOMS
from venvs import build

DATA = (
    "perf_loadtests/profiles/smoke.yaml",
    "perf_loadtests/profiles/sustained.yaml",
    "perf_loadtests/scenarios/api_endpoints.py",
    "perf_loadtests/scenarios/health_check.py",
    "perf_reports/html/templates/report.html",
    "perf_reports/html/templates/report.css",
    *(f"{package}/py.typed" for package in PACKAGES),
)


def held(wheel: Path) -> dict[str, bytes]:
    """Files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_holds_what_the_packages_hold_and_nothing_else(wheel: Path, copy: Path) -> None:
    packages = [copy / room / package for room in ROOMS for package in PACKAGES]
    wanted = {
        path.relative_to(package.parent).as_posix()
        for package in packages
        for path in package.rglob("*")
        if path.is_file()
    }
    assert {name for name in held(wheel) if ".dist-info/" not in name} == wanted


@pytest.mark.parametrize("name", DATA)
def test_what_the_code_reads_is_in_the_wheel(wheel: Path, name: str) -> None:
    assert name in held(wheel)


def test_tests_are_not_in_the_wheel(wheel: Path) -> None:
    tops = {PurePosixPath(name).parts[0] for name in held(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_a_wheel_from_the_source_distribution_is_the_same(
    wheel: Path, sdist: Path, tmp_path: Path
) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    assert held(build(source, "wheel", tmp_path / "again")) == held(wheel)
