"""A bare repository, and ephemeral clones of it with a history each."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fakes.runs import make_run
from perf_analysis.verdict import Verdict
from perf_baselines.git_branch import Branch
from perf_baselines.history import History
from perf_baselines.sync import Synced, Wish, sync

if TYPE_CHECKING:
    from pathlib import Path

NAME = "perfproof-history"
GIT = shutil.which("git") or "git"
ENVIRON = {
    "PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
}  # fmt: skip
RUNS = {seed: make_run(seed, verdict=Verdict.PASS) for seed in range(1, 21)}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [GIT, "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", *arguments],
        cwd=folder, env=ENVIRON, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_origin(tmp_path: Path) -> Path:
    """A bare repository with one commit on `main`."""
    path = tmp_path / "origin.git"
    git(tmp_path, "init", "-q", "--bare", str(path))
    git(tmp_path, "clone", "-q", str(path), "first")
    (tmp_path / "first" / "code.py").write_text("print()\n")
    git(tmp_path / "first", "add", ".")
    git(tmp_path / "first", "commit", "-qm", "Begin")
    git(tmp_path / "first", "push", "-q", "origin", "HEAD:main")
    return path


class Clone:
    """An ephemeral clone with a history of its own."""

    def __init__(self, origin: Path, name: str, *seeds: int) -> None:
        self.root = origin.parent / name
        git(origin.parent, "clone", "-q", "--depth=1", origin.as_uri(), name)
        self.history = History(self.root / ".perf" / "history")
        for seed in seeds:
            self.history.store(RUNS[seed])
        self.branch = Branch(self.root, "origin", NAME, ENVIRON)

    def sync(self, *, push: bool = True, restore: bool = False) -> Synced:
        """Sync with the branch."""
        chance, pause = random.Random(str(self.root)), threading.Event()  # noqa: S311  # waits

        def waiting(tries: int) -> None:
            pause.wait(chance.uniform(0, 0.05 * tries))

        wish = Wish(
            push=push,
            restore=restore,
            now=datetime(2026, 3, 1, tzinfo=UTC),
            pause=waiting,
        )
        self.branch.check()
        return sync(self.history, self.branch, wish)

    def seeds(self) -> list[int]:
        """What the history holds."""
        return sorted(int(run_id[-6:], 16) for run_id in self.history.ids())


def add_file(origin: Path, path: str, content: bytes, branch: str = NAME) -> None:
    """Commit a file to the branch, as somebody would by hand."""
    folder = origin.parent / f"hand-{path.replace('/', '-')}"
    git(origin.parent, "clone", "-q", "-b", branch, str(origin), folder.name)
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_bytes(content)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "By hand")
    git(folder, "push", "-q")
