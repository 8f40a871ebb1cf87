"""Which series a query reads: the selectors in a PromQL text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from perf_documents.redact import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r"""(?P<blank>\s+|\#[^\n]*)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
    |(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-][0-9]+)?[A-Za-z0-9]*)
    |(?P<word>[A-Za-z_:][A-Za-z0-9_:]*)
    |(?P<sign>=~|!~|!=|==|<=|>=|[-+*/%^=<>(){}\[\],@:])
    """,
    re.VERBOSE,
)
_OPERATORS = frozenset({"=", "!=", "=~", "!~"})
# words before a list of labels
_LISTS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_WORDS = _LISTS | {"and", "or", "unless", "atan2", "bool", "inf", "nan"}
_NO_COUNTER = {
    "[": "a range such as [5m]",
    "@": "another time (@)",
    "offset": "another time (offset)",
}


class _Token(NamedTuple):
    kind: str
    text: str


_END = _Token("end", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One condition on a label; `value` in its quotes, as it was written."""

    label: str
    operator: str
    value: str

    @property
    def text(self) -> str:
        """The condition in PromQL."""
        return f"{self.label}{self.operator}{self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """A metric's name, empty where a matcher names it, and conditions."""

    name: str
    matchers: tuple[Matcher, ...] = ()

    @property
    def text(self) -> str:
        """The selector in PromQL."""
        inside = ",".join(matcher.text for matcher in self.matchers)
        return f"{self.name}{{{inside}}}" if inside else self.name


def parse_selectors(query: str) -> tuple[Selector, ...]:
    """Return the selectors of a query over raw counters, each once.

    Raises
    ------
    ValueError
        If it is no PromQL, or reads other instants than the one it is asked for.

    Examples
    --------
    >>> [one.text for one in parse_selectors('sum by (le) (x_bucket{a="1", b=~"2|3"}) + y')]
    ['x_bucket{a="1",b=~"2|3"}', 'y']
    """
    reader = _Reader(list(_tokens(query)))
    found: dict[Selector, None] = {}
    while (token := reader.take()) is not _END:
        word = token.text.lower()
        if token.kind != "text" and word in _NO_COUNTER:
            raise ValueError(f"{_NO_COUNTER[word]}; expected raw counters, which perfproof "
                             "subtracts itself")  # fmt: skip
        if token.kind == "word" and word in _LISTS and reader.next.text == "(":
            reader.skip_list()
        elif token.text == "{":
            found[Selector(name="", matchers=reader.matchers())] = None
        elif token.kind == "word" and reader.is_metric(word):
            found[reader.selector(token.text)] = None
    return tuple(found)


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Return the conditions of an arm's labels; `ValueError` where they are none."""
    reader = _Reader(list(_tokens(text + "}")))
    matchers = reader.matchers()
    if reader.take() is not _END or not matchers:
        raise ValueError('not label matchers; expected such as version="green"')
    return matchers


def _tokens(query: str) -> Iterator[_Token]:
    at = 0
    while at < len(query):
        match = _TOKEN.match(query, at)
        if match is None:
            raise ValueError(f"not PromQL at {visible(query[at : at + 20], 20)!r}")
        at = match.end()
        if match.lastgroup != "blank":
            yield _Token(str(match.lastgroup), match[0])


class _Reader:
    """Tokens, one after the other."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def next(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def take(self) -> _Token:
        token = self.next
        self._at += 1
        return token

    def is_metric(self, word: str) -> bool:
        """Whether a word just taken names a metric: no function, aggregation or operator."""
        follows = self.next.text.lower()
        return word not in _WORDS and follows not in {"(", "by", "without"}

    def selector(self, name: str) -> Selector:
        if self.next.text != "{":
            return Selector(name=name)
        self.take()
        return Selector(name=name, matchers=self.matchers())

    def skip_list(self) -> None:
        while self.take().text not in {")", ""}:
            pass

    def matchers(self) -> tuple[Matcher, ...]:
        """Return the conditions up to the closing brace, the opening one being taken."""
        found: list[Matcher] = []
        while self.next.text != "}":
            label, operator, value = self.take(), self.take(), self.take()
            parts = (label.kind, value.kind)
            if parts != ("word", "text") or operator.text not in _OPERATORS:
                raise ValueError(f"not a label matcher at {visible(label.text, 60)!r}; expected "
                                 "such as status=~\"5..\"")  # fmt: skip
            found.append(Matcher(label=label.text, operator=operator.text, value=value.text))
            if self.next.text not in {",", "}"}:
                raise ValueError("a selector without its closing brace")
            if self.next.text == ",":
                self.take()
        self.take()
        return tuple(found)
