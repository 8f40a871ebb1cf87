"""`__all__` says what is public: sorted, and neither more nor less."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from repository import assert_none, everything

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repository import Source


def declared(source: Source) -> list[str] | None:
    """Names in `__all__`; None where a module has none."""
    for node in source.tree.body:
        if isinstance(node, ast.Assign) and [*map(ast.unparse, node.targets)] == ["__all__"]:
            return list(map(str, ast.literal_eval(node.value)))
    return None


def bound(node: ast.stmt) -> Iterator[str]:
    """Names that a top-level statement defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


def reexported(source: Source) -> Iterator[str]:
    """Names of ours that a package takes from its modules to hand them on: it uses none itself."""
    used = {node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)}
    for node in source.tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("perf_"):
            names = (alias.asname or alias.name for alias in node.names)
            yield from (name for name in names if name not in used)


def public(source: Source) -> set[str]:
    """Names without a leading underscore that a reader of the module would call its own."""
    names = {name for node in source.tree.body for name in bound(node)}
    if source.path.name == "__init__.py":
        names.update(reexported(source))
    return {name for name in names if not name.startswith("_")}


def in_order(name: str) -> tuple[int, str]:
    """Key of the order that ruff keeps: CONSTANTS, Classes, functions."""
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, name


def test_all_is_sorted() -> None:
    assert_none(
        f"{source.name}: {names}"
        for source in everything()
        if (names := declared(source)) is not None and names != sorted(names, key=in_order)
    )


def test_all_names_only_what_exists() -> None:
    assert_none(
        f"{source.name}: {name}"
        for source in everything()
        for name in declared(source) or ()
        if name not in available(source)
    )


def test_all_is_complete() -> None:
    assert_none(
        f"{source.name}: {name} is public and not in __all__"
        for source in everything()
        if (names := declared(source)) is not None
        for name in sorted(public(source) - set(names))
    )


def available(source: Source) -> set[str]:
    """Every name that importing from the module can find."""
    imported = {
        alias.asname or alias.name
        for node in source.tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    return imported | {name for node in source.tree.body for name in bound(node)}
