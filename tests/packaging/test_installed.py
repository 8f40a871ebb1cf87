"""The installed wheel at work, with the sources out of reach."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from perf_cli.registry import VERBS
from repository import PACKAGES, child_environ
from venvs import Venv, copy_repository, make_venv

if TYPE_CHECKING:
    from pathlib import Path

WHERE = "import {0} as it; print(it.__file__)"
CONSUMER = """\
from perf_documents.durations import parse_duration
from perf_documents.names import is_name

wrong: str = is_name("smoke")
reveal_type(parse_duration("3s"))
"""


@pytest.mark.parametrize("command", ["perf", "perfproof"])
def test_both_names_of_the_command_start(installed: Venv, tmp_path: Path, command: str) -> None:
    shown = installed.run(command, "--help", cwd=tmp_path).stdout
    assert all(verb in shown for verb in VERBS)


def test_the_command_starts_as_a_module(installed: Venv, tmp_path: Path) -> None:
    shown = installed.run("python", "-P", "-m", "perf_cli", "--version", cwd=tmp_path).stdout
    assert shown.startswith("perfproof ")


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_come_from_the_wheel(installed: Venv, tmp_path: Path, package: str) -> None:
    place = installed.run("python", "-c", WHERE.format(package), cwd=tmp_path).stdout
    assert place.startswith(str(installed.root))


def test_an_editable_install_sees_a_new_file_at_once(dependencies: Path, tmp_path: Path) -> None:
    source = copy_repository(tmp_path / "source")
    editable = make_venv(tmp_path / "editable", dependencies)
    editable.install("--editable", str(source))
    new = source / "cli" / "perf_cli" / "just_written.py"
    new.write_text("")
    shown = editable.run("python", "-c", WHERE.format("perf_cli.just_written"), cwd=tmp_path)
    assert shown.stdout.strip() == str(new)


def test_a_consumer_sees_the_types(installed: Venv, tmp_path: Path) -> None:
    (tmp_path / "consumer.py").write_text(CONSUMER)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "consumer.py"]
    command += ["--python-executable", str(installed.python)]
    shown = subprocess.run(
        command, cwd=tmp_path, env=child_environ(), capture_output=True, text=True, check=False
    ).stdout
    assert 'has type "bool", variable has type "str"' in shown
    assert 'Revealed type is "fractions.Fraction"' in shown
    assert "Found 1 error in 1 file" in shown
