"""Baselines as they stand at a commit: what a change may not edit for its own verdict."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from perf_baselines.baseline_files import MAX_BYTES, SUFFIX, parse_baselines
from perf_documents.errors import UsageError
from perf_documents.git import safe_git
from perf_documents.redact import visible

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from perf_baselines.baseline import Baseline

TIMEOUT_S = 30.0


def read_at_commit(
    root: Path, ref: str, profile: str, environment: str, environ: Mapping[str, str]
) -> tuple[Baseline, ...]:
    """Accepted runs of `baselines/` below `root` at a git ref; none where it has no file.

    Raises
    ------
    UsageError
        If git does not know the ref, or does not answer.
    DocumentError
        With `ref:file:line`, if a line cannot be read.
    """
    shown = visible(ref, 80)
    commit = _ask(root, environ, "rev-parse", "--verify", "--quiet", "--end-of-options",
                  f"{ref}^{{commit}}")  # fmt: skip
    if commit is None:
        raise UsageError(
            f"--baseline: git knows no commit {shown!r} here; expected a branch, tag or commit; "
            "next: git fetch it, or leave the option out"
        )
    name = f"./baselines/{profile}/{environment}{SUFFIX}"
    place = f"{commit.decode('ascii').strip()}:{name}"
    size = _ask(root, environ, "cat-file", "-s", place)
    if size is None:
        return ()
    if int(size) > MAX_BYTES:
        raise UsageError(f"--baseline: {name} at {shown} has {int(size)} bytes; at most 16 MiB")
    data = _ask(root, environ, "cat-file", "blob", place)
    if data is None:
        raise UsageError(f"--baseline: git does not show {name} at {shown}")
    return parse_baselines(data, f"{shown}:{name.removeprefix('./')}", profile, environment)


def _ask(root: Path, environ: Mapping[str, str], *arguments: str) -> bytes | None:
    """What git prints; None where it says no."""
    command, settings = safe_git(root, environ)
    try:
        answer = subprocess.run(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            env=settings,
        )
    except ValueError:
        return None  # a NUL in the ref
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(f"--baseline: git does not answer: {error}") from error
    return answer.stdout if answer.returncode == 0 else None
