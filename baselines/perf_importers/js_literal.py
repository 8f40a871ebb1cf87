"""Literals of JavaScript, read and never run: objects, arrays, strings, numbers, true, false, null.

Comments, trailing commas, unquoted keys and all three quotes are understood; whatever would have to
be computed is refused at its line.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

MOST_DEPTH = 30
_SPACE = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)(?![\w$.])"
)
_WORDS: dict[str, object] = {"true": True, "false": False, "null": None, "undefined": None}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
_SHOWN = 40


class LiteralError(ValueError):
    """Something that is no literal, with its line."""

    def __init__(self, line: int, found: str) -> None:
        super().__init__(f"line {line}: {found}")
        self.line = line
        self.found = found


@dataclass(slots=True)
class _Reader:
    text: str
    at: int

    def value(self, depth: int = 0) -> object:
        self.skip()
        if depth > MOST_DEPTH:
            raise self.error(f"nested deeper than {MOST_DEPTH}")
        character = self.text[self.at : self.at + 1]
        if character == "{":
            return self.members(depth)
        if character == "[":
            return self.items(depth)
        if character in {'"', "'", "`"}:
            return self.string(character)
        if found := _NUMBER.match(self.text, self.at):
            self.at = found.end()
            return _number(found[0])
        if (found := _NAME.match(self.text, self.at)) and found[0] in _WORDS:
            self.at = found.end()
            return _WORDS[found[0]]
        raise self.error(f"expected a literal, found {self.shown()}")

    def members(self, depth: int) -> dict[str, object]:
        self.at += 1
        found: dict[str, object] = {}
        while not self.ends("}"):
            key = self.key()
            if key in found:
                raise self.error(f"{key} stands twice")
            self.take(":", f"after {key}")
            found[key] = self.value(depth + 1)
            self.separate("}")
        return found

    def items(self, depth: int) -> list[object]:
        self.at += 1
        found: list[object] = []
        while not self.ends("]"):
            found.append(self.value(depth + 1))
            self.separate("]")
        return found

    def key(self) -> str:
        self.skip()
        quote = self.text[self.at : self.at + 1]
        if quote in {'"', "'"}:
            return self.string(quote)
        found = _NAME.match(self.text, self.at) or re.compile(r"\d+").match(self.text, self.at)
        if found is None:
            raise self.error(f"expected a key, found {self.shown()}")
        self.at = found.end()
        return found[0]

    def string(self, quote: str) -> str:
        parts: list[str] = []
        start, self.at = self.at, self.at + 1
        while True:
            character = self.text[self.at : self.at + 1]
            if not character or (character == "\n" and quote != "`"):
                self.at = start
                raise self.error("a text without an end")
            if character == quote:
                self.at += 1
                return self.joined(parts)
            if quote == "`" and self.text.startswith("${", self.at):
                raise self.error("a computed text, ${...}: expected a literal")
            if character == "\\":
                parts.append(self.escape())
            else:
                parts.append(character)
                self.at += 1

    def joined(self, parts: list[str]) -> str:
        """Text of its parts; two escapes may make one character between them."""
        try:
            return "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise self.error("an escape for no character") from None

    def escape(self) -> str:
        """Character of one escape: of one letter, or of two, four or up to six hex digits."""
        found = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))",
                           re.DOTALL).match(self.text, self.at)  # fmt: skip
        if found is None:
            raise self.error("an escape without an end")
        self.at = found.end()
        code = found[1] or found[2] or found[3]
        if code is None:
            return _ESCAPES.get(found[4], found[4])
        point = int(code, 16)
        if point > sys.maxunicode:
            raise self.error("an escape for no character")
        return chr(point)

    def separate(self, end: str) -> None:
        self.skip()
        if self.text[self.at : self.at + 1] == ",":
            self.at += 1
        elif self.text[self.at : self.at + 1] != end:
            raise self.error(f"expected a literal, found {self.shown()}")

    def ends(self, end: str) -> bool:
        self.skip()
        if self.at >= len(self.text):
            raise self.error(f"{end} is missing at the end")
        if self.text[self.at] != end:
            return False
        self.at += 1
        return True

    def take(self, wanted: str, where: str) -> None:
        self.skip()
        if self.text[self.at : self.at + 1] != wanted:
            raise self.error(f"expected {wanted} {where}, found {self.shown()}")
        self.at += 1

    def skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def shown(self) -> str:
        rest = self.text[self.at :].split("\n", 1)[0].strip()
        return repr(rest[:_SHOWN]) if rest else "the end of the line"

    def error(self, found: str) -> LiteralError:
        return LiteralError(self.text.count("\n", 0, self.at) + 1, found)


def read_literal(text: str, at: int) -> tuple[object, int]:
    """Value of the literal that begins at a place of a text, and the place behind it.

    Raises
    ------
    LiteralError
        With the line of what is no literal.

    Examples
    --------
    >>> read_literal("x = {vus: 10, stages: [{duration: '1m', target: 5},], /* no */ };", 4)[0]
    {'vus': 10, 'stages': [{'duration': '1m', 'target': 5}]}
    """
    reader = _Reader(text, at)
    value = reader.value()
    return value, reader.at


def blank_comments(text: str) -> str:
    """Text of equal length and lines in which comments are blanks; texts in quotes are kept."""
    pattern = re.compile(
        r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`",
        re.DOTALL,
    )

    def blank(found: re.Match[str]) -> str:
        part = found[0]
        return re.sub(r"[^\n]", " ", part) if part.startswith("/") else part

    return pattern.sub(blank, text)


def _number(text: str) -> int | float:
    plain = text.replace("_", "")
    if plain.lower().lstrip("+-").startswith("0x"):
        return int(plain, 16)
    value = float(plain)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
