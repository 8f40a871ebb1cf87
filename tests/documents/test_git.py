from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from perf_documents import git as git_module
from perf_documents.git import collect_git
from perf_documents.redact import Redactor

if TYPE_CHECKING:
    from pathlib import Path

ENVIRON = {
    "PATH": os.environ.get("PATH", ""),
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_COMMITTER_DATE": "2026-03-01T12:30:00+02:00",
}


def _git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],  # noqa: S607  # whichever git is there
        check=True,
        capture_output=True,
        env=ENVIRON,
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    _git(folder, "init", "--initial-branch", "feature/x")
    (folder / "a").write_text("1")
    _git(folder, "add", "a")
    _git(folder, "commit", "--message", "first")
    return folder


def test_a_clean_checkout_is_described(repository: Path) -> None:
    facts = collect_git(repository, ENVIRON)
    assert len(facts.pop("commit")) == 40
    assert facts.pop("committed_at") == "2026-03-01T10:30:00.000Z"
    assert facts == {"branch": "feature/x", "dirty": "no"}


def test_changed_files_are_dirty_and_new_ones_are_not(repository: Path) -> None:
    (repository / "new").write_text("1")
    assert collect_git(repository, ENVIRON)["dirty"] == "no"
    (repository / "a").write_text("2")
    assert collect_git(repository, ENVIRON)["dirty"] == "yes"


def test_the_remote_carries_no_credentials(repository: Path) -> None:
    _git(repository, "remote", "add", "origin", "https://me:hunter22@host/path-secret/x.git")
    facts = collect_git(repository, ENVIRON, redactor=Redactor(["path-secret"]))
    assert facts["remote"] == "https://***@host/***/x.git"


def test_a_detached_checkout_has_the_branch_of_the_ci(repository: Path) -> None:
    _git(repository, "checkout", "--detach")
    assert "branch" not in collect_git(repository, ENVIRON)
    facts = collect_git(repository, {**ENVIRON, "GITHUB_HEAD_REF": "", "GITHUB_REF_NAME": "main"})
    assert facts["branch"] == "main"


def test_another_repository_in_the_environment_is_ignored(repository: Path, tmp_path: Path) -> None:
    environ = {**ENVIRON, "GIT_DIR": str(tmp_path / "elsewhere")}
    assert collect_git(repository, environ) == collect_git(repository, ENVIRON)


def test_a_repository_cannot_start_programs(repository: Path, tmp_path: Path) -> None:
    mark = tmp_path / "started"
    script = tmp_path / "hook"
    script.write_text(f"#!/bin/sh\ntouch {mark}\n")
    script.chmod(0o755)
    _git(repository, "config", "core.fsmonitor", str(script))
    assert collect_git(repository, ENVIRON)["dirty"] == "no"
    assert not mark.exists()


def test_without_a_repository_there_are_no_facts(tmp_path: Path) -> None:
    assert collect_git(tmp_path, ENVIRON) == {}
    assert collect_git(tmp_path / "gone", ENVIRON) == {}


def test_without_a_commit_there_are_no_facts(tmp_path: Path) -> None:
    _git(tmp_path, "init")
    assert collect_git(tmp_path, ENVIRON) == {}


def test_without_git_there_are_no_facts(repository: Path) -> None:
    assert collect_git(repository, ENVIRON, program="no-such-git") == {}
    assert collect_git(repository, {**ENVIRON, "BAD": "a\0b"}) == {}


def test_a_git_that_hangs_is_not_waited_for(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_module, "TIMEOUT_S", 0.05)
    script = tmp_path / "git"
    script.write_text("#!/bin/sh\nexec sleep 30\n")
    script.chmod(0o755)
    assert collect_git(repository, ENVIRON, program=str(script)) == {}
