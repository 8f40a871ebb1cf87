"""This repository as a remote on this machine, and what `actions/checkout` does with it in tests.

A checkout shares the virtual environment of the tests: the step that installs finds it up to date.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repository import ROOT
from venvs import copy_repository

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GIT = shutil.which("git") or "git"
AUTHOR = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
INSTALLED = ("pyproject.toml", ".ci/requirements.txt")


def git(folder: Path, *arguments: str) -> str:
    """What git says in a folder; it must succeed."""
    done = subprocess.run(
        [GIT, "-C", str(folder), *AUTHOR, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"git {arguments}: {done.stderr}"
    return done.stdout.strip()


@dataclass(frozen=True, slots=True)
class Remote:
    """A bare repository with all that git keeps here, on the branch main."""

    path: Path

    @classmethod
    def made(cls, folder: Path) -> Remote:
        """Remote of one commit."""
        source = copy_repository(folder / "source")
        for name in (".ci/run", ".ci/behind", ".ci/lint-workflows"):
            (source / name).chmod(0o755)
        git(source, "init", "--quiet", "--initial-branch=main")
        git(source, "add", "--all", "--force")
        git(source, "commit", "--quiet", "--message", "All of it")
        path = folder / "origin.git"
        git(folder, "clone", "--quiet", "--bare", str(source), str(path))
        return cls(path)

    def head(self, branch: str = "main") -> str:
        """Commit of a branch."""
        return git(self.path, "rev-parse", f"refs/heads/{branch}")

    def files(self, branch: str) -> list[str]:
        """Paths on a branch."""
        return git(self.path, "ls-tree", "-r", "--name-only", f"refs/heads/{branch}").splitlines()

    def change(self, folder: Path, branch: str, name: str, text: str) -> str:
        """Commit of a new branch off main on which a file reads otherwise."""
        git(folder.parent, "clone", "--quiet", str(self.path), str(folder))
        git(folder, "checkout", "--quiet", "-b", branch)
        (folder / name).write_text(text)
        git(folder, "commit", "--quiet", "--all", "--message", f"Change {name}")
        git(folder, "push", "--quiet", "origin", branch)
        return self.head(branch)

    def check_out(self, given: Mapping[str, str], folder: Path) -> None:
        """What `actions/checkout` does: a commit, no branch, no credentials."""
        git(folder, "clone", "--quiet", "--no-checkout", str(self.path), ".")
        git(folder, "checkout", "--quiet", "--detach", given.get("ref") or "main")
        git(folder, "remote", "set-head", "origin", "--delete")
        (folder / ".venv").symlink_to(ROOT / ".venv")
        for name in INSTALLED:
            os.utime(folder / name, (0, 0))
