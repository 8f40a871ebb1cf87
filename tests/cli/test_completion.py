"""`perf completion`: in a real bash, with the words as they stand on its command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from typing import TYPE_CHECKING

import pytest

from commands import environment
from perf_cli.registry import VERBS

if TYPE_CHECKING:
    from pathlib import Path

BASH = shutil.which("bash") or "bash"
SCRIPTS = sysconfig.get_path("scripts")
# completes as bash does for a Tab: the function that is registered for the word in front
ASK = """
source "$LINES_OF_COMPLETION"
complete -p perfproof >/dev/null || exit 9
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_perfproof_completion perfproof
printf '%s\\n' "${COMPREPLY[@]}"
"""
CONFIG = "targets: {staging: {url: http://127.0.0.1:1}, head: {url: http://127.0.0.1:2}}\n"


def bash(
    folder: Path, script: str, *words: str, lines: Path | None = None
) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([SCRIPTS, os.environ["PATH"]])
    return subprocess.run(
        [BASH, "--norc", "--noprofile", "-c", script, "bash", *words],
        cwd=folder, env=environment({"PATH": path, "LINES_OF_COMPLETION": str(lines)}),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `perfproof completion bash` prints."""
    path = tmp_path_factory.mktemp("completion") / "lines.bash"
    path.write_text(bash(path.parent, "perfproof completion bash").stdout)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "perf.yaml").write_text(CONFIG)
    (tmp_path / "loadtests/profiles").mkdir(parents=True)
    (tmp_path / "loadtests/profiles/own.yaml").write_text("scenario: own\n")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["base"], ["baseline"]),
        (["baseline", ""], ["accept", "list", "prune", "show"]),
        (["run", "--acc"], ["--accept-baseline"]),
        (["run", "--profile", "o"], ["own"]),
        (["run", "--profile", "sus"], ["sustained"]),
        (["run", "--profile", "smoke", "--target", ""], ["demo", "head", "staging"]),
        (["run", "--target", "demo", "--target", "head", "--jso"], ["--json"]),
        (["completion", ""], ["bash", "fish", "zsh"]),
        (["no-such-verb", ""], sorted(VERBS)),
    ],
)
def test_bash_completes(folder: Path, lines: Path, words: list[str], expected: list[str]) -> None:
    done = bash(folder, ASK, "perfproof", *words, lines=lines)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.splitlines()) == expected


def test_an_empty_word_gives_every_verb(folder: Path, lines: Path) -> None:
    assert bash(folder, ASK, "perfproof", "", lines=lines).stdout.split() == list(VERBS)


def test_a_perf_yaml_with_mistakes_costs_its_targets_only(folder: Path, lines: Path) -> None:
    (folder / "perf.yaml").write_text("targets: [\n")
    done = bash(folder, ASK, "perfproof", "run", "--target", "", lines=lines)
    assert (done.stdout.split(), done.stderr) == (["demo"], "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("name", ["perf", "perfproof"])
def test_the_lines_are_for_the_name_that_was_called(tmp_path: Path, shell: str, name: str) -> None:
    done = bash(tmp_path, f"{name} completion {shell}")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"_PERF_COMPLETE={shell}_complete" in done.stdout
    other = {"perf": "_perfproof_completion", "perfproof": "_perf_completion"}[name]
    assert f"_{name}_completion" in done.stdout
    assert other not in done.stdout


def test_a_question_of_a_shell_never_stands_for_a_verdict(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "perf_cli", "run", "--profile", "nothing"],
        cwd=tmp_path, env=environment({"_PERF_COMPLETE": "bash_complete"}),
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
