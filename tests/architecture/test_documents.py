"""README, contributors' guide, change log and Makefile agree with the code and with each other."""

from __future__ import annotations

import re

from perf_cli.outcome import Code
from perf_cli.registry import VERBS
from repository import ROOT, assert_none

README = ROOT / "README.md"
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def readme() -> str:
    """Text of the README."""
    return README.read_text(encoding="utf-8")


def code_in(text: str) -> str:
    """What is set as code: fenced blocks and spans."""
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return "\n".join([*fenced, *re.findall(r"`([^`\n]+)`", text)])


def first_cells(text: str) -> list[str]:
    """First cell of each row of each table."""
    return [row.split("|")[1] for row in text.splitlines() if row.startswith("|")]


def commands(script: str) -> list[str]:
    """Lines of a shell script that run something."""
    lines = (line.strip() for line in script.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def command_that_tests() -> str:
    """Last command of the first `sh` block under the heading that speaks of tests."""
    text = readme()
    about_tests = re.compile(r"\btests?\b", re.IGNORECASE)
    heading = next((m for m in HEADING.finditer(text) if about_tests.search(m[1])), None)
    assert heading is not None, "the README has no heading about tests"
    block = SHELL_BLOCK.search(text, heading.end())
    assert block is not None, f"no sh block under {heading[0]!r}"
    return commands(block[1])[-1]


def makefile_targets() -> set[str]:
    """Targets that the Makefile knows."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE))


def test_every_verb_is_in_the_readme() -> None:
    code = code_in(readme())
    assert_none(v for v in VERBS if not re.search(rf"\bperf(proof)? {v}\b", code))


def test_every_exit_code_has_its_row_in_the_readme() -> None:
    numbers = {number for cell in first_cells(readme()) for number in re.findall(r"\d+", cell)}
    assert_none(f"{code.value} {code.name}" for code in Code if str(code.value) not in numbers)


def test_ci_ends_in_the_test_command_of_the_readme() -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert commands(script)[-1] == command_that_tests()
    assert "make check" in commands(script)


def test_every_make_target_that_documents_name_exists() -> None:
    names = ("README.md", "CONTRIBUTING.md", ".ci/run")
    known = makefile_targets()
    assert_none(
        f"{name}: make {target}"
        for name in names
        for target in re.findall(r"^make ([a-z][a-z-]*)", command_text(name), re.MULTILINE)
        if target not in known
    )


def command_text(name: str) -> str:
    """What a file would have a reader run: code of a document, commands of a script."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return code_in(text) if name.endswith(".md") else "\n".join(commands(text))


def test_the_change_log_opens_with_what_is_unreleased_and_tells_of_verdicts() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert HEADING.findall(text)[0] == "[Unreleased]"
    assert {"Added", "Verdicts"} <= set(re.findall(r"^### (.+)$", text, re.MULTILINE))
