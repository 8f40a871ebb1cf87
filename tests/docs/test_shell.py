"""Every `sh` block of the documents, run as it stands: a page is one session, in its own folder."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sysconfig
from typing import TYPE_CHECKING

import pytest

from commands import environment
from pages import PAGES, of_language
from real_prometheus import free_port
from repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BASH = shutil.which("bash") or "bash"
SCRIPTS = sysconfig.get_path("scripts")
DEADLINE_S = 300.0
PORT = re.compile(r"\b8\d{3}\b")
# jobs that a page leaves running end with its session
OPENING = "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"
# what CI itself runs: these pages need no test that would run all tests
OF_CI = {"make check", "make test"}


def imported(folder: Path) -> None:
    """A history with a few runs, for pages about runs that are there."""
    files = sorted((ROOT / "tests/data/imports/k6").glob("*.json"))
    command = ["perfproof", "history", "import", *map(str, files[:2])]
    subprocess.run(command, cwd=folder, env=plain(), check=True, capture_output=True, timeout=60)


SETUP: dict[str, Callable[[Path], None]] = {"history.md": imported, "trends.md": imported}
# pages that generate load: how many runs of each must have passed, and failed as they were to
SLOW = {
    "first-gate.md": (1, 2),
    "migrate-from-k6.md": (1, 0),
    "migrate-from-locust.md": (1, 0),
    "README.md": (1, 0),
}
RETRIES = 2


def plain() -> dict[str, str]:
    """Environment of a reader who has installed the command."""
    path = os.pathsep.join([SCRIPTS, os.environ["PATH"]])
    return environment({"PATH": path, "PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8"})


def session(page: Path) -> str:
    """All that a page would have its reader run, block after block."""
    found = [block for block in of_language("sh") if block.page == page]
    return "".join(
        f"echo '== {block.place}' >&2\n{block.text}"
        for block in found
        if not set(block.text.split("\n")) <= {*OF_CI, ""}
    )


def run(page: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """One bash for the page; ports that it names become free ones."""
    text = OPENING + session(page)
    for port in sorted(set(PORT.findall(text))):
        text = text.replace(port, str(free_port()))
    if page == ROOT / "README.md":
        # the environment is made: only what it would run is of interest
        text = text.replace("make ", f"make -f {ROOT}/Makefile BIN={SCRIPTS} -o .venv/.installed ")
    process = subprocess.Popen(
        [BASH, "--noprofile", "--norc", "-c", text],
        cwd=folder, env=plain(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        said, _ = process.communicate(timeout=DEADLINE_S)
    finally:
        # whatever the page left behind
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess([page.name], process.returncode, said, "")


WITH_SHELL = [page for page in PAGES if session(page)]


@pytest.mark.parametrize(
    "page", [page for page in WITH_SHELL if page.name not in SLOW], ids=lambda page: page.name
)
def test_a_page_runs_as_it_stands(page: Path, tmp_path: Path) -> None:
    if page.name in SETUP:
        SETUP[page.name](tmp_path)
    done = run(page, tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in WITH_SHELL if page.name in SLOW], ids=lambda page: page.name
)
def test_a_page_that_loads_a_service_runs_as_it_stands(page: Path, tmp_path: Path) -> None:
    done = run(page, tmp_path)
    for attempt in range(RETRIES):
        # 3: this machine was too busy to generate the load, which says nothing of the page
        if "exit 3" in done.stdout:
            folder = tmp_path / f"again{attempt}"
            folder.mkdir()
            done = run(page, folder)
    assert done.returncode == 0, done.stdout
    found = tuple(done.stdout.count(verdict) for verdict in ("✓ PASS", "✗ FAIL"))
    assert found == SLOW[page.name], done.stdout


def test_what_is_left_to_ci_is_run_there() -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert set(script) >= OF_CI
