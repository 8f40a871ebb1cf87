"""What must not stand in the code, and in no kept file."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from repository import ROOT, Source, assert_none, everything, kept_files, product

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLS = re.compile(r"eval|exec|os\.(system|popen)|yaml\.((unsafe|full)_)?load(_all)?|(.*\.)?mktemp")
MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
# written so that this file does not hold what it looks for
WORDS = re.compile(
    r"cl[a]ude|chat[g]pt|/wor[k]/|/roo[t]/|/far[m]/|python[h]osted|pypi\.[o]rg|npm[j]s\.",
    re.IGNORECASE,
)
SILENCES = re.compile(
    r"#\s*(noqa|type:\s*ignore|(ruff|flake8):\s*noqa|mypy:\s*ignore-errors)", re.IGNORECASE
)
NAMED = re.compile(
    r"#\s*(noqa:\s*[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*|type:\s*ignore\[[a-z-]+(,\s*[a-z-]+)*\])"
)


def dangers(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Calls and imports that run what they are given, or trust a shell or a name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from ((node, text) for text in _of_call(node))
        elif isinstance(node, ast.Import):
            yield from ((node, a.name) for a in node.names if a.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            yield node, f"from {node.module}"


def _of_call(node: ast.Call) -> Iterator[str]:
    name = ast.unparse(node.func)
    if CALLS.fullmatch(name):
        yield f"{name}()"
    for keyword in node.keywords:
        if keyword.arg == "shell" and ast.unparse(keyword.value) != "False":
            yield f"{name}(shell={ast.unparse(keyword.value)})"


def unexplained(source: Source) -> Iterator[tuple[int, str]]:
    """Comments that silence a tool without naming the rule and the reason.

    The reason follows on the line, or is a comment directly above it, or above lines that silence
    the same rule.
    """
    lines = ["", *source.text.splitlines()]
    explained: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type != tokenize.COMMENT or not SILENCES.search(token.string):
            continue
        line, comment = token.start[0], token.string
        named = NAMED.match(comment)
        rule, reason = (named[0], comment[named.end() :].strip(" #")) if named else ("", "")
        above = lines[line - 1].strip().startswith("#") or explained.get(line - 1) == rule
        if rule and (reason or above):
            explained[line] = rule
        else:
            yield line, comment


def test_product_code_runs_nothing_it_is_given() -> None:
    assert_none(
        f"{source.at(node)}: {what}" for source in product() for node, what in dangers(source.tree)
    )


@pytest.mark.parametrize(
    "text",
    [
        "eval('1')",
        "exec(text)",
        "import pickle",
        "from pickle import loads",
        "subprocess.run(line, shell=True)",
        "subprocess.run(line, shell=flag)",
        "yaml.load(text)",
        "yaml.unsafe_load_all(text)",
        "tempfile.mktemp()",
        "os.system('ls')",
    ],
)
def test_each_danger_is_seen(text: str) -> None:
    assert len(list(dangers(ast.parse(text)))) == 1


@pytest.mark.parametrize("text", ["json.load(f)", "yaml.safe_load(t)", "run(a, shell=False)"])
def test_harmless_relatives_are_not_mistaken(text: str) -> None:
    assert list(dangers(ast.parse(text))) == []


def test_every_exception_to_a_rule_names_the_rule_and_its_reason() -> None:
    assert_none(
        f"{source.name}:{line}: {comment}"
        for source in everything()
        for line, comment in unexplained(source)
    )


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("import a  # noqa: F401  # needed first\n", [], id="reason on the line"),
        pytest.param("# needed first\nimport a  # noqa: F401\n", [], id="reason above"),
        pytest.param("# why\na()  # noqa: F401\nb()  # noqa: F401\n", [], id="reason above both"),
        pytest.param("# why\na()  # noqa: F401\nb()  # noqa: E501\n", [3], id="another rule"),
        pytest.param("import a  # noqa: F401\n", [1], id="no reason"),
        pytest.param("# why\nimport a  # noqa\n", [2], id="no rule"),
        pytest.param("x = 1  # type: ignore  # why\n", [1], id="no code"),
        pytest.param("x = 1  # type: ignore[misc]  # why\n", [], id="code and reason"),
        pytest.param("# ruff: noqa: E501\n", [1], id="whole file"),
        pytest.param("x = '# noqa'\n", [], id="text, no comment"),
    ],
)
def test_an_exception_needs_rule_and_reason(text: str, lines: list[int]) -> None:
    source = Source(Path("any.py"), text, ast.parse(text))
    assert [line for line, _ in unexplained(source)] == lines


def test_no_kept_file_names_a_machine_a_registry_or_an_assistant() -> None:
    assert_none(
        f"{path.relative_to(ROOT)}:{number}: {found.group()}"
        for path in kept_files()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if (found := WORDS.search(line))
    )
