"""Values of a strict YAML tree read as what they must be; each refusal is noted with its place.

A reader returns None for what it refused, and the rest of the file is still read. Once
`Problems.raise_if_any` has passed, nothing is None any more, and `settled` says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from perf_documents.durations import format_duration, parse_duration
from perf_documents.problems import escape, quote_found, suggest
from perf_documents.urls import parse_url
from perf_documents.yaml_nodes import Entry, Mapping, Node, Refused, Scalar, Sequence
from perf_documents.yaml_scalars import describe_reading, kind_of, plain_form

if TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Mapping as MappingType

    from perf_documents.problems import Mark, Problems

T = TypeVar("T")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_MAX_DIGITS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys a mapping may have.

    Attributes
    ----------
    known : mapping of str to str
        Each spelling and the name it stands for.
    elsewhere : mapping of str to str
        Keys that are often put on this level, and where they belong.
    """

    known: MappingType[str, str]
    elsewhere: MappingType[str, str]


def keys(*names: str, elsewhere: MappingType[str, str] | None = None) -> Keys:
    """Return keys with one spelling each."""
    return Keys(known={name: name for name in names}, elsewhere=elsewhere or {})


@dataclass(frozen=True, slots=True)
class Field:
    """A value, its path and place (and its key's, where it has one), and where complaints go."""

    path: str
    node: Node
    problems: Problems
    key_mark: Mark | None = None

    def refuse(self, what: str, *, expected: str = "", found: str | None = None) -> None:
        """Note a problem with this value; what was found is quoted unless given."""
        where = f"{self.path}: {what}" if self.path else what
        shown = self._found() if found is None else found
        self.problems.add(self.node.mark, where, expected=expected, found=shown)

    def _found(self) -> str:
        if not isinstance(self.node, Scalar):
            return "a list" if isinstance(self.node, Sequence) else "a mapping"
        if not self.node.text and self.node.plain:
            return "nothing"
        return quote_found(self.node.text)

    def entries(self) -> dict[str, Field] | None:
        """Return the values of a mapping by key, whatever the keys are."""
        if not isinstance(self.node, Mapping):
            self._wrong("a mapping of keys to values")
            return None
        prefix = f"{self.path}." if self.path else ""
        return {
            entry.key: self._member(prefix + escape(entry.key), entry)
            for entry in self.node.entries
        }

    def members(self, allowed: Keys) -> dict[str, Field] | None:
        """Return the values of a mapping by the names of their keys; others are refused."""
        if not isinstance(self.node, Mapping):
            self._wrong("a mapping of keys to values")
            return None
        found: dict[str, Field] = {}
        prefix = f"{self.path}." if self.path else ""
        spelled: dict[str, str] = {}
        for entry in self.node.entries:
            name = allowed.known.get(entry.key)
            if name is None:
                self._refuse_key(entry, allowed)
            elif name in found:
                what = f"{prefix}{entry.key}: the same key as {spelled[name]}"
                first = found[name].key_mark or found[name].node.mark
                self.problems.add(entry.mark, f"{what} on line {first.line}, given twice")
            else:
                spelled[name] = entry.key
                found[name] = self._member(prefix + entry.key, entry)
        return found

    def _member(self, path: str, entry: Entry) -> Field:
        return Field(path, entry.value, self.problems, entry.mark)

    def _refuse_key(self, entry: Entry, allowed: Keys) -> None:
        place = allowed.elsewhere.get(entry.key)
        hint = f"; it belongs {place}" if place else suggest(entry.key, allowed.known)
        prefix = f"{self.path}." if self.path else ""
        what = f"unknown key {prefix}{escape(entry.key)}{hint}"
        known = "" if hint else one_of(sorted(set(allowed.known.values())))
        self.problems.add(entry.mark, what, expected=known)

    def items(self) -> list[Field] | None:
        """Return the values of a list."""
        if not isinstance(self.node, Sequence):
            self._wrong("a list")
            return None
        return [
            Field(f"{self.path}[{index}]", item, self.problems)
            for index, item in enumerate(self.node.items)
        ]

    def text(self, *, literal: bool = False) -> str | None:
        """Return a text; `${NAME}` is refused, since nothing fills it in, unless `literal`."""
        scalar = self._scalar("a text")
        if scalar is None:
            return None
        if scalar.plain and kind_of(scalar.text) != "str":
            if not scalar.text:
                self.refuse("a value is missing", expected="a text")
            else:
                self.refuse("not a text: quote it", found=self._reading(scalar))
            return None
        if not literal and "${" in scalar.text:
            self.refuse("variables are not filled in", expected="the text itself")
            return None
        return scalar.text

    def url(self) -> str | None:
        """Return an address of http or https."""
        text = self.text()
        if text is None:
            return None
        try:
            return parse_url(text).text()
        except ValueError as error:
            # an address may hold a password, so it is not shown
            self.refuse(str(error), found="something else")
            return None

    def choice(self, options: Collection[str]) -> str | None:
        """Return one of a few words."""
        word = self.text()
        if word is None or word in options:
            return word
        self.refuse(f"unknown word{suggest(word, options)}", expected=one_of(options))
        return None

    def boolean(self) -> bool | None:
        """Return a boolean, written true or false and nothing else."""
        scalar = self._scalar("true or false")
        if scalar is None:
            return None
        if scalar.plain and scalar.text in {"true", "false"}:
            return scalar.text == "true"
        self.refuse("not a boolean", expected="true or false, without quotes")
        return None

    def integer(self, low: int, high: int) -> int | None:
        """Return a whole number in plain decimal digits."""
        value = self._number(_INTEGER, "a whole number in plain decimal digits", low, high)
        return None if value is None else int(value)

    def number(self, low: Fraction | int, high: Fraction | int) -> Fraction | None:
        """Return a number in plain decimal digits."""
        return self._number(_DECIMAL, "a number in plain decimal digits", low, high)

    def duration(self, low_s: Fraction | int, high_s: Fraction | int) -> Fraction | None:
        """Return the seconds of a duration in k6's form."""
        scalar = self._scalar("a duration such as 30s, 1m30s or 500ms")
        if scalar is None:
            return None
        try:
            value_s = parse_duration(scalar.text)
        except ValueError as error:
            self.refuse(str(error), expected="a duration such as 30s, 1m30s or 500ms")
            return None
        if not low_s <= value_s <= high_s:
            limits = f"{format_duration(Fraction(low_s))} to {format_duration(Fraction(high_s))}"
            self.refuse("out of range", expected=limits)
            return None
        return value_s

    def share(self, unit: str, high: int, *, or_zero: bool = False) -> Fraction | None:
        """Return a value in `%` or `pp` as a share of one; 0 only where it makes sense."""
        expected = f"{'0' if or_zero else 'above 0'} to {high} with its unit, such as 5{unit}"
        scalar = self._scalar(expected)
        if scalar is None:
            return None
        digits = scalar.text.removesuffix(unit)
        if digits == scalar.text or not _DECIMAL.fullmatch(digits):
            self.refuse(f"not a number with the unit {unit}", expected=expected)
            return None
        in_range = len(digits) <= _MAX_DIGITS and 0 <= Fraction(digits) <= high
        if not in_range or not (or_zero or Fraction(digits)):
            self.refuse("out of range", expected=expected)
            return None
        return Fraction(digits) / 100

    def _number(
        self, pattern: re.Pattern[str], expected: str, low: Fraction | int, high: Fraction | int
    ) -> Fraction | None:
        scalar = self._scalar(expected)
        if scalar is None:
            return None
        if not scalar.plain:
            self.refuse("a text, not a number", expected=f"{expected}, without quotes")
            return None
        if not pattern.fullmatch(scalar.text):
            meant = plain_form(scalar.text)
            example = f", such as {meant}" if meant and pattern.fullmatch(meant) else ""
            self.refuse("not plain", expected=expected + example, found=self._reading(scalar))
            return None
        if len(scalar.text) > _MAX_DIGITS or not low <= Fraction(scalar.text) <= high:
            self.refuse("out of range", expected=f"{show_number(low)} to {show_number(high)}")
            return None
        return Fraction(scalar.text)

    def _reading(self, scalar: Scalar) -> str:
        return f"{self._found()}, which YAML reads as {describe_reading(scalar.text)}"

    def _scalar(self, expected: str) -> Scalar | None:
        if isinstance(self.node, Scalar):
            return self.node
        self._wrong(expected)
        return None

    def _wrong(self, expected: str) -> None:
        if not isinstance(self.node, Refused):
            self.refuse("the wrong kind of value", expected=expected)


def settled(value: T | None) -> T:
    """Return a value that was read, after `Problems.raise_if_any` has passed."""
    if value is None:
        raise AssertionError
    return value


def require(field: Field, members: MappingType[str, Field], names: Collection[str]) -> None:
    """Refuse a mapping that lacks some of its keys, and list them all."""
    missing = [name for name in names if name not in members]
    if missing:
        what = "required keys are missing" if len(missing) > 1 else "a required key is missing"
        field.refuse(what, expected=", ".join(missing), found=one_of(members) or "none")


def one_of(names: Collection[str]) -> str:
    """Return `a, b or c`."""
    *head, last = names or ("",)
    return f"{', '.join(head)} or {last}" if head else last


def show_number(value: Fraction | float) -> str:
    """Return a number as people write it."""
    whole = int(value)
    return str(whole) if value == whole else f"{float(value):.9f}".rstrip("0")
