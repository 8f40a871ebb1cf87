"""The list of faults is complete: every id has its state, and every test that it names exists."""

from __future__ import annotations

import ast
import tomllib
from functools import cache
from pathlib import Path
from typing import NotRequired, TypedDict

import pytest

ROOT = Path(__file__).parents[2]
KEYS = {"tests", "waits_for", "note"}
ISSUES = {
    "The judgement: baselines, controls, and statistics that can be trusted",
    "Reports people want to read, and the pull request that is gated by them",
    "The canary gate: a threshold checker that can be looked at continuously",
    "History that teaches: trends with change points, imports, PostgreSQL for teams",
    "The load engine at full strength: far more arrivals per core, exact latency, distributed",
    "Pipelines: this repository's own workflows, deployments that really gate, and documentation",
}


class State(TypedDict):
    """What is known of one id."""

    tests: NotRequired[list[str]]
    waits_for: NotRequired[str]
    note: NotRequired[str]


class Listed(TypedDict):
    """The file: the last number of each letter, and the state of each id."""

    ranges: dict[str, int]
    ids: dict[str, State]


def listed() -> Listed:
    """Content of ids.toml."""
    text = (Path(__file__).parent / "ids.toml").read_text(encoding="utf-8")
    content: Listed = tomllib.loads(text)  # type: ignore[assignment]  # held by the tests below
    return content


@cache
def functions_of(path: Path) -> frozenset[str]:
    """Names of the test functions of a file; none if there is no such file."""
    if not path.is_file():
        return frozenset()
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef))


LISTED = listed()


def test_the_ids_are_those_of_the_catalogue() -> None:
    numbers = "T36 P29 D18 S30 C30 G24 E13 Y58 H20 J25 I17 A21 N10 R28 X10 Z16 W07"
    assert LISTED["ranges"] == {part[0]: int(part[1:]) for part in numbers.split()}


def test_every_id_has_a_state_and_no_state_is_without_an_id() -> None:
    ranges = LISTED["ranges"].items()
    expected = [f"{letter}{n:02}" for letter, last in ranges for n in range(1, last + 1)]
    assert list(LISTED["ids"]) == expected


@pytest.mark.parametrize("name", LISTED["ids"])
def test_a_state_is_tests_that_exist_or_an_issue_to_wait_for(name: str) -> None:
    state = LISTED["ids"][name]
    tests = state.get("tests", [])
    assert state.keys() <= KEYS
    assert tests or "waits_for" in state
    assert state.get("waits_for") in {None, *ISSUES}
    assert len(tests) == len(set(tests))
    for test in tests:
        file, _, function = test.partition("::")
        assert function.startswith("test_")
        assert function in functions_of(ROOT / file), f"{test} does not exist"


def test_what_is_covered_only_partly_says_what_is_missing() -> None:
    partly = {name for name, state in LISTED["ids"].items() if len(state.keys() - {"note"}) == 2}
    assert not [name for name in partly if "note" not in LISTED["ids"][name]]
