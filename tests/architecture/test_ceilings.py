"""Sizes: the ceilings that ruff does not know."""

from __future__ import annotations

import ast

import pytest

from repository import assert_none, everything

FILE_LINES = 300
FUNCTION_LINES = 50


def length_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def test_no_file_is_longer_than_300_lines() -> None:
    sizes = {source.name: len(source.text.splitlines()) for source in everything()}
    assert_none(f"{name}: {lines} lines" for name, lines in sizes.items() if lines > FILE_LINES)


def test_no_function_is_longer_than_50_lines() -> None:
    assert_none(
        f"{source.at(node)} {node.name}: {length_of(node)} lines"
        for source in everything()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and length_of(node) > FUNCTION_LINES
    )


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("def f():\n    return 1\n", 2, id="plain"),
        pytest.param(
            'def f():\n    """Say.\n\n    More.\n    """\n    return 1\n', 2, id="docstring"
        ),
        pytest.param('def f():\n    """Say."""\n', 1, id="only a docstring"),
        pytest.param("@cache\ndef f(\n    a,\n):\n    return a\n", 4, id="from def, not decorator"),
    ],
)
def test_a_function_counts_from_def_to_its_end_without_its_docstring(text: str, lines: int) -> None:
    function = ast.parse(text).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert length_of(function) == lines
