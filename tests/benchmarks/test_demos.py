"""The demonstrations of one command: they end well, and in something to look at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from repository import ROOT, child_environ

pytestmark = pytest.mark.slow
DEADLINE_S = 540.0


def shown(script: str, folder: Path) -> tuple[Path, str]:
    """Page that a demonstration says to look at, and all that it said."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / script)], cwd=folder, stdin=subprocess.DEVNULL,
        env=child_environ() | {"TMPDIR": str(folder), "PATH": os.environ["PATH"]},
        capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(done.stdout.rpartition("look at: ")[2].strip()), done.stdout


def test_pull_requests_end_in_two_comments(tmp_path: Path) -> None:
    page, said = shown("demo_pr.py", tmp_path)
    text = page.read_text(encoding="utf-8")
    assert "exit 0; the comment" in said
    assert "exit 1; the comment" in said
    assert text.count("<article>") == 2
    assert "Regression: p95" in text
    assert all((page.parent / name / "report.html").is_file() for name in ("good", "slower"))


def test_the_trend_has_the_change_of_the_service(tmp_path: Path) -> None:
    page, said = shown("demo_trend.py", tmp_path)
    assert said.count("waits 20 ms  exit") == 11
    assert said.count("waits 28 ms  exit") == 9
    found = json.loads((page.parent / "changes.json").read_bytes())["changes"]
    assert {one["status"] for one in found} == {"open"}
