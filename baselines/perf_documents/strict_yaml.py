"""YAML read strictly: places kept, duplicates and tags refused, nothing converted, size bounded.

PyYAML only scans and parses; its events become a tree here, so no constructor ever runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Protocol

import yaml

from perf_documents.problems import START, Mark, quote_found
from perf_documents.yaml_nodes import Entry, Mapping, Node, Refused, Scalar, Sequence
from perf_documents.yaml_scalars import describe_reading, is_finite, kind_of
from perf_documents.yaml_text import check_text, is_hidden, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from perf_documents.problems import Problems

    class _YamlMark(Protocol):
        line: int
        column: int


MAX_NODES = 10_000
MAX_DEPTH = 20
MAX_ALIASES = 50
_MERGE = "<<"


def load_yaml(path: Path, problems: Problems) -> Mapping:
    """Return the mapping a file holds; what makes it unreadable is raised, the rest noted."""
    return parse_yaml(read_text(path, problems), problems)


def parse_yaml(text: str, problems: Problems) -> Mapping:
    """Return the mapping a text holds."""
    events = yaml.parse(check_text(text, problems), Loader=yaml.SafeLoader)
    try:
        return _Composer(events, problems).document()
    except yaml.MarkedYAMLError as error:
        problems.refuse(_place(error.problem_mark), _explain(error.problem or "not YAML"))
    except yaml.YAMLError:
        problems.refuse(START, "a character that YAML does not allow")


def _explain(problem: str) -> str:
    if "cannot start any token" in problem:
        if "\\t" in problem:
            return "a tab between values; expected blanks"
        return f"not YAML: {problem}; quote it if it is text"
    return f"not YAML: {problem}"


def _mark_of(event: yaml.Event) -> Mark:
    return _place(event.start_mark)


def _place(mark: _YamlMark | None) -> Mark:
    return Mark(mark.line + 1, mark.column + 1) if mark else START


@dataclass(frozen=True, slots=True)
class _Built:
    """A finished node, how many nodes it expands to, and how deep it goes."""

    node: Node
    size: int
    height: int


class _Composer:
    """Builds the tree from events and counts while it does, so that nothing large is ever held."""

    def __init__(self, events: Iterator[yaml.Event], problems: Problems) -> None:
        self._events = events
        self._problems = problems
        self._anchors: dict[str, _Built | None] = {}  # None while its own node is being built
        self._nodes = 0
        self._aliases = 0

    def document(self) -> Mapping:
        """Return the one mapping of the one document."""
        next(self._events)
        start = next(self._events)
        if isinstance(start, yaml.StreamEndEvent):
            self._refuse(start, "the file is empty", expected="a mapping of keys to values")
        if isinstance(start, yaml.DocumentStartEvent) and (start.version or start.tags):
            self._refuse(start, "YAML directives are not used here")
        first = next(self._events)
        node = self._build(first, 1).node
        next(self._events)
        following = next(self._events)
        if not isinstance(following, yaml.StreamEndEvent):
            self._refuse(following, "a second document", expected="one document in a file")
        if isinstance(node, Scalar) and node.plain and not node.text:
            self._refuse(first, "the file is empty", expected="a mapping of keys to values")
        if not isinstance(node, Mapping):
            kind = "a list" if isinstance(node, Sequence) else "a single value"
            self._refuse(first, f"{kind} at the top", expected="a mapping of keys to values")
        return node

    def _refuse(self, event: yaml.Event, what: str, *, expected: str = "") -> NoReturn:
        self._problems.refuse(_mark_of(event), what, expected=expected)

    def _build(self, event: yaml.Event, depth: int) -> _Built:
        if depth > MAX_DEPTH:
            self._refuse(event, "nested too deeply", expected=f"at most {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        before = self._nodes
        self._count(event, 1)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            if anchor in self._anchors:
                self._refuse(event, f"anchor {quote_found(anchor)} is defined twice")
            self._anchors[anchor] = None
        node, height = self._compose(event, depth)
        built = _Built(node, self._nodes - before, height)
        if anchor is not None:
            self._anchors[anchor] = built
        return built

    def _compose(self, event: yaml.Event, depth: int) -> tuple[Node, int]:
        if isinstance(event, yaml.SequenceStartEvent):
            node, height = self._sequence(event, depth)
        elif isinstance(event, yaml.MappingStartEvent):
            node, height = self._mapping(event, depth)
        else:
            return self._scalar(event), 1
        return (self._untagged(event, node)), height + 1

    def _count(self, event: yaml.Event, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            limit = f"at most {MAX_NODES} values, aliases written out"
            self._refuse(event, "too many values", expected=limit)

    def _alias(self, event: yaml.AliasEvent, depth: int) -> _Built:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            self._refuse(event, "too many aliases", expected=f"at most {MAX_ALIASES} uses")
        if event.anchor is None or event.anchor not in self._anchors:
            name = quote_found(f"*{event.anchor}")
            hint = f"unknown alias {name}; quote it if it is text"
            self._refuse(event, hint)
        built = self._anchors[event.anchor]
        if built is None:
            self._refuse(event, "an alias inside its own anchor never ends")
        if depth + built.height - 1 > MAX_DEPTH:
            self._refuse(event, "nested too deeply", expected=f"at most {MAX_DEPTH} levels")
        self._count(event, built.size)
        return built

    def _scalar(self, event: yaml.Event) -> Node:
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(event, "not a value")
        mark, text = _mark_of(event), event.value
        scalar = Scalar(text=text, plain=event.style is None, mark=mark)
        if event.tag is not None:
            return self._untagged(event, scalar)
        hidden = next((c for c in text if c not in "\n\t" and is_hidden(c)), None)
        if hidden is not None:
            self._problems.add(mark, f"a control or invisible character, U+{ord(hidden):04X}")
            return Refused(mark=mark)
        if scalar.plain and not is_finite(text):
            found = f"{quote_found(text)}, which YAML reads as {describe_reading(text)}"
            self._problems.add(mark, "not finite", expected="a finite number", found=found)
            return Refused(mark=mark)
        return scalar

    def _untagged(self, event: yaml.Event, node: Node) -> Node:
        tag = getattr(event, "tag", None)
        if tag is None:
            return node
        found = quote_found(tag.replace("tag:yaml.org,2002:", "!!"))
        self._problems.add(node.mark, "YAML tags are not used here", found=found)
        return Refused(mark=node.mark)

    def _sequence(self, event: yaml.Event, depth: int) -> tuple[Node, int]:
        items: list[Node] = []
        height = 0
        while not isinstance(following := next(self._events), yaml.SequenceEndEvent):
            built = self._build(following, depth + 1)
            items.append(self._value(built.node))
            height = max(height, built.height)
        return Sequence(items=tuple(items), mark=_mark_of(event)), height

    def _mapping(self, event: yaml.Event, depth: int) -> tuple[Node, int]:
        own: dict[str, Entry] = {}
        merged: list[Entry] = []
        height = 0
        while not isinstance(key_event := next(self._events), yaml.MappingEndEvent):
            key = self._build(key_event, depth + 1)
            built = self._build(next(self._events), depth + 1)
            height = max(height, key.height, built.height)
            entry = self._entry(key.node, built.node, _mark_of(key_event))
            if entry is None or self._is_duplicate(entry, own):
                continue
            own[entry.key] = entry
            if entry.key == _MERGE:
                merged = self._merged(built.node)
        own.pop(_MERGE, None)
        # an own key wins over a merged one, wherever it stands; the first merged one over later
        for entry in merged:
            own.setdefault(entry.key, entry)
        return Mapping(entries=tuple(own.values()), mark=_mark_of(event)), height

    def _entry(self, key: Node, value: Node, mark: Mark) -> Entry | None:
        if isinstance(key, Refused):
            return None
        if not isinstance(key, Scalar) or not key.text:
            self._problems.add(mark, "a key that is not text", expected="a text before the colon")
            return None
        if key.text != _MERGE:
            value = self._value(value)
        return Entry(key=key.text, value=value, mark=mark)

    def _is_duplicate(self, entry: Entry, own: dict[str, Entry]) -> bool:
        first = own.get(entry.key)
        if first is None:
            return False
        place = f"first on line {first.mark.line}, again on line {entry.mark.line}"
        self._problems.add(entry.mark, f"key {quote_found(entry.key)} twice: {place}")
        return True

    def _value(self, node: Node) -> Node:
        """Refuse the two plain scalars that mean something else to YAML than text."""
        if not isinstance(node, Scalar) or not node.plain:
            return node
        if kind_of(node.text) not in {"merge", "value"}:
            return node
        self._problems.add(node.mark, "not a value; quote it", found=quote_found(node.text))
        return Refused(mark=node.mark)

    def _merged(self, node: Node) -> list[Entry]:
        parts = node.items if isinstance(node, Sequence) else (node,)
        entries: list[Entry] = []
        for part in parts:
            if isinstance(part, Mapping):
                entries.extend(part.entries)
            elif not isinstance(part, Refused):
                self._problems.add(part.mark, "<< takes a mapping", expected="an alias of one")
        return entries
