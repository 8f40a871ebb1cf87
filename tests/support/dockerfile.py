"""A Dockerfile without an engine: what it says, and its build steps below a folder."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction with the rest of its line, continued lines joined."""

    name: str
    rest: str

    @property
    def words(self) -> list[str]:
        """Words of the exec form, or of the line; options such as `--from=build` included."""
        return list(json.loads(self.rest)) if self.rest.startswith("[") else shlex.split(self.rest)


def stages(text: str) -> list[list[Instruction]]:
    """Instructions of each stage; the first of each is its FROM."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    found: list[list[Instruction]] = []
    for line in joined:
        name, _, rest = line.strip().partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append(Instruction(name, rest.strip()))
    return found


def context(root: Path, ignored: Sequence[str], kept: Sequence[Path]) -> list[Path]:
    """Files that the engine would be sent: those of `.dockerignore`, the last rule that fits."""
    found = []
    for path in kept:
        name = path.relative_to(root).as_posix()
        is_in = True
        for rule in ignored:
            pattern = rule.removeprefix("!")
            parts = [name, *(str(one) for one in path.relative_to(root).parents)]
            if any(_fits(part, pattern) for part in parts):
                is_in = rule.startswith("!")
        if is_in:
            found.append(path)
    return found


def _fits(name: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatch(name.rpartition("/")[2], pattern[3:])
    return fnmatch(name, pattern) and name.count("/") == pattern.count("/")


@dataclass(slots=True)
class Build:
    """A stage that is built below `root` as if that were the file system."""

    root: Path
    files: dict[str, Path]
    python: str

    def run(self, stage: Sequence[Instruction]) -> list[str]:
        """Do each COPY and RUN; the shell lines that were run."""
        place = self.root
        ran = []
        for step in stage:
            if step.name == "WORKDIR":
                place = self._below(step.rest)
                place.mkdir(parents=True, exist_ok=True)
            elif step.name == "COPY":
                self._copy(step.words)
            elif step.name == "RUN":
                ran.append(self._inside(step.rest))
                self._shell(ran[-1], place)
        return ran

    def _below(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def _inside(self, line: str) -> str:
        for folder in ("/opt", "/src"):
            line = line.replace(folder, str(self.root / folder[1:]))
        return line

    def _copy(self, words: Sequence[str]) -> None:
        *sources, target = [word for word in words if not word.startswith("--")]
        for name, path in self.files.items():
            if "." in sources:
                into = self._below(target) / name
            elif name in sources:
                into = self._below(target) / path.name
            else:
                continue
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, into)

    def _shell(self, line: str, place: Path) -> None:
        bin_folder = self.root / "bin"
        if not bin_folder.exists():
            bin_folder.mkdir()
            (bin_folder / "python").symlink_to(self.python)
        kept = ("HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
        environ = {
            name: value for name, value in os.environ.items()
            if name in kept or name.upper().endswith("_PROXY") or name.startswith("PIP_")
        }  # fmt: skip
        done = subprocess.run(
            ["/bin/sh", "-ec", line], cwd=place, stdin=subprocess.DEVNULL,
            env=environ | {"PATH": f"{bin_folder}:{os.environ['PATH']}"},
            capture_output=True, text=True, check=False, timeout=900,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
