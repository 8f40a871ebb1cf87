"""A user's folder with names like ours, or like the standard library's, changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perf_cli.registry import VERBS
from venvs import Venv, make_venv, write_wheel

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = ("analysis", "reports", "cli", "tests", "loadtests", "baselines", "perf")
MODULES = ("queue", "types", "profile")
BROKEN = "raise ImportError(f'{__name__} of the workspace was taken for another one')\n"
TOOLS = """\
from pathlib import Path

def note() -> None:
    Path(__file__).with_name("was_imported").touch()
"""
SCENARIO = """\
from locust import FastHttpUser, task

from analysis.tools import note

note()

class Own(FastHttpUser):
    @task
    def health(self):
        self.client.get("/health", name="/health")
"""
# 240 requests: a p95 needs 200
PROFILE = """\
scenario: own
executor: constant-arrival-rate
rate: 120
duration: 2s
pre_allocated_vus: 20
max_vus: 100
thresholds:
  http_req_duration: ['p(95)<2000']
  http_req_failed: ['rate<0.01']
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder that has packages of its own named like our rooms."""
    root = tmp_path / "workspace"
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True)
        (root / folder / "__init__.py").write_text("")
    for module in MODULES:
        (root / f"{module}.py").write_text(BROKEN)
    (root / "analysis" / "tools.py").write_text(TOOLS)
    for kind, name, text in (("scenarios", "own.py", SCENARIO), ("profiles", "own.yaml", PROFILE)):
        (root / "loadtests" / kind).mkdir()
        (root / "loadtests" / kind / name).write_text(text)
    return root


@pytest.mark.parametrize("verb", [None, *VERBS])
def test_every_verb_starts_there(installed: Venv, workspace: Path, verb: str | None) -> None:
    words = [verb] if verb else []
    assert installed.run("perf", *words, "--help", cwd=workspace).stdout


def test_a_scenario_there_imports_its_own_modules(installed: Venv, workspace: Path) -> None:
    installed.run("perf", "run", "--profile", "own", "--target", "demo", cwd=workspace)
    assert (workspace / "analysis" / "was_imported").exists()


def test_another_distribution_with_a_package_named_analysis_comes_and_goes(
    wheel: Path, dependencies: Path, tmp_path: Path
) -> None:
    files = {"analysis/__init__.py": BROKEN, "reports/__init__.py": BROKEN}
    other = write_wheel(tmp_path, "other", files)
    both = make_venv(tmp_path / "both", dependencies)
    both.install(str(wheel), str(other))
    both.run("perf", "--help", cwd=tmp_path)
    both.pip("uninstall", "--yes", "other")
    both.run("perf", "--help", cwd=tmp_path)
