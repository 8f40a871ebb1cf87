"""What may be imported where; what import-linter cannot say."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from repository import ask_child, assert_none, product

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repository import Source

# everything that pure statistics needs; a name that is missing here is a decision, not an oversight
STATISTICS = frozenset(
    {
        "__future__",
        "array",
        "bisect",
        "collections",
        "collections.abc",
        "dataclasses",
        "decimal",
        "difflib",
        "enum",
        "fractions",
        "functools",
        "itertools",
        "math",
        "numpy",
        "numpy.typing",
        "operator",
        "perf_analysis",
        "re",
        "scipy.special",
        "types",
        "typing",
    }
)
HEAVY = ("numpy", "sqlalchemy", "locust", "gevent", "matplotlib", "scipy", "pydantic", "rich")
SLOW_OR_PATCHING = ("locust", "gevent", "geventhttpclient", "matplotlib", "scipy.stats")

HELP = """
import json, sys
sys.argv = ["perf", "--help"]
from perf_cli.main import main
try:
    main()
except SystemExit as end:
    print(json.dumps([end.code, sorted(sys.modules)]))
"""
IMPORT = """
import importlib, json, sys
importlib.import_module(sys.argv[1])
print(json.dumps(sorted(sys.modules)))
"""


def imported(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    """Each import statement with the module it names; `from scipy import stats` is scipy.stats."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield node, module
            if module == "scipy":
                yield from ((node, f"scipy.{alias.name}") for alias in node.names)


def test_statistics_import_from_a_positive_list() -> None:
    assert_none(
        f"{source.at(node)} imports {module}"
        for source in product()
        if "/perf_analysis/" in source.name
        for node, module in imported(source)
        if module not in STATISTICS and not module.startswith("perf_analysis.")
    )


def test_scipy_stats_is_an_oracle_of_tests_only() -> None:
    assert_none(
        f"{source.at(node)} imports {module}"
        for source in product()
        for node, module in imported(source)
        if module.startswith("scipy.stats")
    )


def test_help_imports_nothing_heavy() -> None:
    answer = ask_child(HELP)
    assert isinstance(answer, list)
    code, modules = answer
    assert code == 0
    assert "perf_cli.app" in modules
    assert set(HEAVY) & set(modules) == set()


@pytest.mark.parametrize(
    "module",
    ["perf_analysis", "perf_documents.codec", "perf_baselines.history", "perf_loadtests.running"],
)
def test_judging_and_storing_never_meet_locust_or_slow_libraries(module: str) -> None:
    modules = ask_child(IMPORT, module)
    assert isinstance(modules, list)
    assert module in modules
    assert set(SLOW_OR_PATCHING) & set(modules) == set()
