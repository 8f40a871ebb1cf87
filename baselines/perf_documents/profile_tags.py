"""The `tags` block of a profile or a rules file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perf_analysis.selectors import BUILT_IN_TAGS
from perf_analysis.tags import Tags
from perf_documents.problems import escape, quote_found
from perf_documents.yaml_nodes import Mapping, Sequence

if TYPE_CHECKING:
    from perf_documents.yaml_fields import Field

MAX_TAGS, MAX_VALUES, MAX_NAMES = 20, 20, 50
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
# no comma and no brace: a selector could not hold them
_VALUE = re.compile(r"[^\s,{}\"'](?:[^,{}\"'\x00-\x1f\x7f]{0,98}[^\s,{}\"'])?")
_LONGEST_NAME = 220
LISTED = "true"


def can_be_tag(key: str, value: object) -> bool:
    """Whether a profile may declare this as a tag of the whole run."""
    if key in BUILT_IN_TAGS or not _KEY.fullmatch(key):
        return False
    return isinstance(value, str) and _VALUE.fullmatch(value) is not None


def read_tags(block: Field | None) -> Tags:
    """Read the block: a text is of the whole run; lists are names of requests, by value."""
    run: dict[str, str] = {}
    names: dict[str, dict[str, tuple[str, ...]]] = {}
    entries = (block.entries() if block is not None else None) or {}
    if block is not None and len(entries) > MAX_TAGS:
        block.refuse("too many tags", expected=f"at most {MAX_TAGS}", found=str(len(entries)))
    for key, field in entries.items():
        _check_key(key, field)
        if isinstance(field.node, Mapping):
            names[key] = _read_values(field)
        elif isinstance(field.node, Sequence):
            names[key] = {LISTED: _read_names(field)}
        else:
            value = field.text()
            _check_value(value, field)
            run[key] = value or ""
    return Tags(run, names)


def _check_key(key: str, field: Field) -> None:
    if key in BUILT_IN_TAGS:
        what = f"tags: {key} is a tag by itself, or one of k6's that cannot be selected by"
    elif _KEY.fullmatch(key):
        return
    else:
        what = f"tags: {quote_found(key)} is no name of a tag"
    mark = field.key_mark or field.node.mark
    field.problems.add(mark, what, expected="a name of your own: letters, digits and _")


def _check_value(value: str | None, field: Field) -> None:
    if value is not None and not _VALUE.fullmatch(value):
        field.refuse("a tag's value", expected="up to 100 characters without comma, quote, brace")


def _read_values(field: Field) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for value, names in (field.entries() or {}).items():
        if not _VALUE.fullmatch(value):
            names.refuse(f"{escape(value)!r} is no value of a tag", expected="a short word")
        found[value] = _read_names(names)
    if not 1 <= len(found) <= MAX_VALUES:
        field.refuse("values of a tag", expected=f"1 to {MAX_VALUES}", found=str(len(found)))
    return found


def _read_names(field: Field) -> tuple[str, ...]:
    texts = [item.text() for item in field.items() or []]
    names = tuple(text.strip() for text in texts if text is not None)
    if not 1 <= len(texts) <= MAX_NAMES:
        expected = f"1 to {MAX_NAMES}, such as 'GET /health' or 'GET /api/*'"
        field.refuse("names of requests", expected=expected, found=str(len(texts)))
    if any(not 1 <= len(name) <= _LONGEST_NAME for name in names):
        field.refuse("a name of requests", expected=f"1 to {_LONGEST_NAME} characters")
    return names
