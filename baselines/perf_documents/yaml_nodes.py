"""What strict YAML is read into: a tree in which every value knows its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from perf_documents.problems import Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """One value as written; only `plain` ones (unquoted) may be numbers and booleans."""

    text: str
    plain: bool
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One key with its value; keys are always text."""

    key: str
    value: Node
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A mapping: its own entries in order, then those it merges in (`<<`) and does not override."""

    entries: tuple[Entry, ...]
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A value that was refused while parsing; nobody need complain about it again."""

    mark: Mark


Node: TypeAlias = Scalar | Sequence | Mapping | Refused
