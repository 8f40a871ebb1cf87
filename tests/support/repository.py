"""The repository as the tests on its shape see it: its files, and children without coverage."""

from __future__ import annotations

import ast
import functools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("cli", "loadtests", "analysis", "baselines", "reports")
PACKAGES = (
    "perf_cli",
    "perf_loadtests",
    "perf_analysis",
    "perf_canary",
    "perf_documents",
    "perf_baselines",
    "perf_importers",
    "perf_reports",
)


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file with its syntax tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """Path from the repository's root."""
        return self.path.relative_to(ROOT).as_posix()

    def at(self, node: ast.expr | ast.stmt) -> str:
        """Place of a node, as editors know it."""
        return f"{self.name}:{node.lineno}"


@functools.cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Every Python file below these folders of the repository."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(_parsed(path) for path in paths if not _hidden(path))


def product() -> tuple[Source, ...]:
    """Every Python file that ships."""
    return sources(*ROOMS)


def everything() -> tuple[Source, ...]:
    """Every Python file, tests, benchmarks and scripts to copy included."""
    return sources(*ROOMS, "tests", "benchmarks", "deploy")


def kept_files() -> tuple[Path, ...]:
    """Every file that git keeps or would add."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    command += ["--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    names = (name for name in listed.stdout.decode().split("\0") if name)
    return tuple(path for name in names if (path := ROOT / name).is_file())


def assert_none(found: Iterable[str]) -> None:
    """Fail with every line that was found, not only the first."""
    lines = list(found)
    assert not lines, f"{len(lines)} found:\n" + "\n".join(lines)


def child_environ() -> dict[str, str]:
    """Environment for a child whose imports are looked at: nothing of coverage or Python in it."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COVERAGE_", "COV_", "PYTHON"))
    }


def ask_child(code: str, *arguments: str) -> object:
    """JSON on the last line of what a fresh interpreter prints when it runs this code."""
    command = [sys.executable, "-P", "-c", code, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=child_environ(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(ROOT).parts)


def _parsed(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    return Source(path, text, ast.parse(text, filename=str(path)))
