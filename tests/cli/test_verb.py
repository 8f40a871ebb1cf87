"""An option given twice: refused with both values, as click would read them, and only then."""

from __future__ import annotations

import importlib

import click
import pytest

from perf_cli.registry import VERBS
from perf_cli.verb import Verb

PARAMS: list[click.Parameter] = [
    click.Option(["--because"]), click.Option(["--out"]), click.Option(["--wait"]),
    click.Option(["--label"], multiple=True), click.Option(["--quiet"], is_flag=True),
    click.Argument(["rest"], nargs=-1),
]  # fmt: skip


def said_of(words: list[str]) -> str:
    """Why a command line is refused; empty where it is not for options given twice."""
    verb = Verb("do", params=PARAMS)
    with click.Context(verb) as context:
        try:
            verb.parse_args(context, words)
        except click.UsageError as error:
            return error.message if "stands twice" in error.message else ""
    return ""


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        ("--out a --out b", "--out"),
        ("--out=a --out b", "--out"),
        ("--out a --out a", ""),
        ("--label a --label b --quiet --quiet", ""),
        # click takes whatever follows as the value
        ("--because --out --out x", ""),
        ("--because -- --wait 5s --wait 6s", "--wait"),
        ("--wait 5s -- --wait 6s", ""),
        ("--wait", ""),
    ],
)
def test_two_values_are_refused_and_nothing_else(words: str, refused: str) -> None:
    said = said_of(words.split())
    assert said.startswith(refused)
    assert bool(said) == bool(refused)


def test_a_secret_given_twice_is_not_shown() -> None:
    said = said_of([f"--out=https://user:{'x9' * 30}@host/{at}" for at in (1, 2)])
    assert "stands twice" in said
    assert "x9x9" not in said


@pytest.mark.parametrize("name", sorted(set(VERBS) - {"target"}))
def test_every_verb_looks_for_it(name: str) -> None:
    """`perf target` hands its words on as they are."""
    command = importlib.import_module(f"perf_cli.verbs.{name}").command
    commands = command.commands.values() if isinstance(command, click.Group) else [command]
    assert all(isinstance(one, Verb) for one in commands)
