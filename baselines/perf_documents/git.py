"""The commit that a run belongs to."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from perf_documents.redact import Redactor, visible

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TIMEOUT_S = 5.0
COMMITTED_AT = "committed_at"
_UTC = "--date=format-local:%Y-%m-%dT%H:%M:%S.000Z"
# A checkout in CI has no branch of its own; the first of these that is set names it.
_CI_BRANCH = ("GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME")
# a repository's own configuration must not start programs while it is only looked at
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")


def collect_git(
    folder: Path,
    environ: Mapping[str, str],
    *,
    redactor: Redactor | None = None,
    program: str = "git",
) -> dict[str, str]:
    """Commit, its time, branch, dirty (`yes` or `no`) and remote; empty without a repository."""
    begin, settings = safe_git(folder, environ, program)

    def ask(*arguments: str) -> str | None:
        return _ask([*begin, *arguments], settings)

    commit = ask("rev-parse", "--verify", "HEAD")
    if not commit:
        return {}
    changes = ask("status", "--porcelain", "--untracked-files=no")
    facts = {
        "commit": commit,
        COMMITTED_AT: ask("show", "--no-patch", "--format=%cd", _UTC, "HEAD") or "",
        "branch": ask("symbolic-ref", "--short", "--quiet", "HEAD") or _branch_of_ci(environ),
        "dirty": "" if changes is None else "yes" if changes else "no",
        "remote": ask("config", "--get", "remote.origin.url") or "",
    }
    cleaner = redactor or Redactor()
    return {key: visible(cleaner.clean(value)) for key, value in facts.items() if value}


def default_branch(folder: Path, environ: Mapping[str, str], program: str = "git") -> str:
    """Name of the branch that the remote holds as its default; empty where git does not know."""
    begin, settings = safe_git(folder, environ, program)
    wanted = ("symbolic-ref", "--short", "--quiet", "refs/remotes/origin/HEAD")
    head = _ask([*begin, *wanted], settings)
    return (head or "").removeprefix("origin/")


def safe_git(
    folder: Path, environ: Mapping[str, str], program: str = "git"
) -> tuple[list[str], dict[str, str]]:
    """Beginning of a git command about a folder, and the environment to run it in."""
    # GIT_DIR and its kin would answer for another repository
    inherited = {name: text for name, text in environ.items() if not name.startswith("GIT_")}
    settings = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "TZ": "UTC"}
    return [program, "-C", str(folder), *_SAFE], {**inherited, **settings}


def _branch_of_ci(environ: Mapping[str, str]) -> str:
    return next((environ[name] for name in _CI_BRANCH if environ.get(name)), "")


def _ask(command: list[str], settings: Mapping[str, str]) -> str | None:
    """Return what git answers, without blanks around it; None if it could not."""
    try:
        answer = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            env=dict(settings),
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    if answer.returncode != 0:
        return None
    return answer.stdout.decode("utf-8", "replace").strip()
