"""Expressions of GitHub Actions, as far as this repository's workflows use them.

Operators `|| && == != ! ( )`, texts, numbers, `true` and `false`, names of contexts, and a few
functions. Comparison is loose, as on the host: texts regardless of case, a boolean and a text as
numbers, so that `inputs.x == 'true'` is false of a boolean.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = str | bool | float
_INSIDE = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_TOKENS = re.compile(r"'(?:[^']|'')*'|\|\||&&|==|!=|[!(),]|[\w.*-]+|\S")
_NAME = re.compile(r"[A-Za-z_][\w.*-]*")


def evaluate(text: str, context: Mapping[str, Value], *, failed: bool = False) -> Value:
    """Value of an expression without its braces.

    Parameters
    ----------
    text : str
    context : mapping
        Values of names such as `github.base_ref`. One that is not given is an error, except of
        `steps.`, `secrets.` and `vars.`, which are empty then, as on the host.
    failed : bool
        Whether a step before has failed.
    """
    reader = _Reader(tokens=_TOKENS.findall(text), context=context, failed=failed)
    value = reader.either()
    assert not reader.tokens, f"{text}: {reader.tokens} left over"
    return value


def filled(text: str, context: Mapping[str, Value], *, failed: bool = False) -> str:
    """Text with the values of its expressions."""
    return _INSIDE.sub(lambda found: shown(evaluate(found[1], context, failed=failed)), text)


def is_due(condition: str, context: Mapping[str, Value], *, failed: bool) -> bool:
    """Whether a step or job runs; without a function of status only after success."""
    text = _INSIDE.sub(r"\1", condition).strip()
    speaks = re.search(r"\b(always|cancelled|failure|success)\(\)", text)
    if failed and not speaks:
        return False
    return not text or truth(evaluate(text, context, failed=failed))


def truth(value: Value) -> bool:
    """What counts as true: every text but the empty one."""
    return bool(value)


def shown(value: Value) -> str:
    """Value as it stands in a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else value


@dataclass(slots=True)
class _Reader:
    tokens: list[str]
    context: Mapping[str, Value]
    failed: bool

    def _took(self, *wanted: str) -> str:
        return self.tokens.pop(0) if self.tokens and self.tokens[0] in wanted else ""

    def either(self) -> Value:
        value = self._both()
        while self._took("||"):
            other = self._both()
            value = value if truth(value) else other
        return value

    def _both(self) -> Value:
        value = self._compared()
        while self._took("&&"):
            other = self._compared()
            value = other if truth(value) else value
        return value

    def _compared(self) -> Value:
        value = self._one()
        if operator := self._took("==", "!="):
            return _equal(value, self._one()) == (operator == "==")
        return value

    def _one(self) -> Value:
        if self._took("!"):
            return not truth(self._one())
        if self._took("("):
            value = self.either()
            assert self._took(")"), "a bracket that is not closed"
            return value
        word = self.tokens.pop(0)
        if word.startswith("'"):
            return word[1:-1].replace("''", "'")
        if word in {"true", "false"}:
            return word == "true"
        if not _NAME.fullmatch(word):
            return float(word)
        return self._called(word) if self._took("(") else self._named(word)

    def _called(self, name: str) -> Value:
        given: list[str] = []
        while not self._took(")"):
            given.append(shown(self.either()))
            self._took(",")
        match name:
            case "always":
                return True
            case "cancelled":
                return False
            case "success" | "failure":
                return self.failed == (name == "failure")
            case "contains":
                return given[1].lower() in given[0].lower()
            case "startsWith":
                return given[0].lower().startswith(given[1].lower())
            case _:
                pass
        raise AssertionError(f"{name}(): unknown here")

    def _named(self, name: str) -> Value:
        if name in self.context:
            return self.context[name]
        assert name.startswith(("steps.", "secrets.", "vars.")), f"{name}: not given"
        return ""


def _equal(one: Value, other: Value) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return _number(one) == _number(other)


def _number(value: Value) -> float:
    if not isinstance(value, str):
        return float(value)
    try:
        return float(value or "0")
    except ValueError:
        return math.nan
