"""The documents as their readers use them: fenced blocks, and the commands in them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMES = ("perf", "perfproof")
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*")
_ENDS = frozenset({"|", "||", "&&", ";", "&", "(", ")"})


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; `line` is that of its first line."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        """Where it stands, as editors know it."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """Blocks of a page, in their order."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 2
        yield Block(page, line, found[1].strip(), found[2])


def of_language(language: str) -> list[Block]:
    """All blocks in a language."""
    return [block for page in PAGES for block in blocks(page) if block.language == language]


def typed(block: Block) -> list[str]:
    """What a reader types of a `console` block: lines after `$ `, continued ones joined."""
    joined = block.text.replace("\\\n", " ")
    return [line[2:] for line in joined.splitlines() if line.startswith("$ ")]


def commands(line: str) -> list[list[str]]:
    """Simple commands of a line of shell, without assignments, redirections and comments."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    words = iter(lexer)
    for word in words:
        if word in _ENDS:
            found.append([])
        elif set(word) <= set("<>"):
            next(words, None)  # the file
        elif found[-1] or not _ASSIGNMENT.fullmatch(word):
            found[-1].append(word)
    return [command for command in found if command]


def arguments(command: list[str]) -> list[str] | None:
    """Arguments of our command, alone or in its container; None for another command."""
    if command[0] == "exec":
        command = command[1:]
    if command[0] in NAMES:
        return command[1:]
    if command[:2] == ["docker", "run"]:
        return command[command.index("perfproof") + 1 :]
    return None
