"""Hostile text made harmless: control characters visible, markup inert, lengths bounded."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

LONGEST_NAME = 80
_MARKDOWN = frozenset("`&<>|*_[]@#:~\\\"'$!")
# Old GitHub log commands (`##[error]`) act anywhere in a line, not only at its start.
_LOG_COMMAND = re.compile(r"##(?=\[)")
# What at the start of a line makes a list, a rule or a heading.
_BLOCK = re.compile(r"[-+=]|\d{1,9}[.)]")
_BARE_LINK = re.compile(r"(?i)(www)\.")
# What a host makes links, mentions, pictures or commits of, wherever it stands in a text; GitLab
# also of `!12`, `$12`, `%12`, `&12` and `~label`.
_REFERENCE = re.compile(
    r"(?i)[@#]|\bgh-\d|://|\bwww\.|:\w+:|\b(?=[a-f]*\d)[0-9a-f]{7,64}\b|[!$%&]\d|~\w"
)
# characters to a column at most: marks that combine take none, and thousands fit on one letter
_MOST_COMBINED = 2
_COMMAND_DATA = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_COMMAND_PROPERTY = (*_COMMAND_DATA, (":", "%3A"), (",", "%2C"))
_ELLIPSIS = "…"


@lru_cache(maxsize=4096)
def visible(text: str) -> str:
    r"""Text without anything invisible: `\x1b`, `\u202e`, `\n` instead."""
    if text.isprintable():
        return text
    return "".join(map(_visible_character, text))


def width(text: str) -> int:
    """Columns that visible text takes on a terminal: wide characters two, combining ones none."""
    return len(text) if text.isascii() else sum(_columns(character) for character in text)


def shorten(text: str, columns: int = LONGEST_NAME) -> str:
    """Visible text in at most `columns`, cut in the middle: both ends of a name tell it apart."""
    if _fits(text, columns):
        return text
    tail = (columns - 1) // 2
    head = columns - 1 - tail
    return _start(text, head) + _ELLIPSIS + _start(text[::-1], tail)[::-1]


def cut(text: str, columns: int) -> str:
    """Visible text in at most `columns`, cut at the end: for sentences."""
    return text if _fits(text, columns) else _start(text, columns - 1) + _ELLIPSIS


def terminal(text: str, columns: int = LONGEST_NAME) -> str:
    """Text that may stand inside a line of a terminal or of a CI log."""
    return shorten(_LOG_COMMAND.sub(r"#\\x23", visible(text)), columns)


def ascii_only(text: str) -> str:
    """Text in ASCII; what is foreign to it as visible escapes."""
    return text.encode("ascii", "backslashreplace").decode("ascii")


def markdown_code(text: str, columns: int = LONGEST_NAME) -> str:
    """Text as a `<code>` element of one line in which Markdown finds nothing to interpret.

    Never a backtick fence: the text may hold one.
    """
    return f"<code>{_entities(shorten(visible(text), columns))}</code>"


def markdown_text(text: str) -> str:
    """Sentence, possibly with foreign names in it, as inert Markdown text of one line.

    GitHub looks for mentions and references in the rendered text, entities resolved, but not
    inside `<code>`: words that hold one are put there. It may begin a line or a list's item, where
    blanks, dashes and numbers would mean something.
    """
    words = [
        f"<code>{_entities(word)}</code>" if _REFERENCE.search(word) else _entities(word)
        for word in visible(text).strip().split(" ")
    ]
    if _BLOCK.match(words[0]):
        words[0] = f"&#{ord(words[0][0])};{words[0][1:]}"
    return " ".join(words)


def command_data(text: str) -> str:
    """Message of a GitHub workflow command."""
    return _replaced(_visible_but_newlines(text), _COMMAND_DATA)


def command_property(text: str) -> str:
    """Property of a GitHub workflow command, such as its title."""
    return _replaced(_visible_but_newlines(text), _COMMAND_PROPERTY)


def _visible_character(character: str) -> str:
    # control, format (bidirectional marks, zero width), surrogates, private use and unassigned
    # code points, separators other than the space: none can be seen for what it is
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def _visible_but_newlines(text: str) -> str:
    return "\n".join(visible(line) for line in text.split("\n"))


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _fits(text: str, columns: int) -> bool:
    return len(text) <= _MOST_COMBINED * columns and width(text) <= columns


def _start(text: str, columns: int) -> str:
    taken = 0
    for place, character in enumerate(text):
        taken += _columns(character)
        if taken > columns or place == _MOST_COMBINED * columns:
            return text[:place]
    return text


def _entities(text: str) -> str:
    linkless = _BARE_LINK.sub("\\1\0", text)
    return "".join(
        f"&#{ord(character)};" if character in _MARKDOWN else character for character in linkless
    ).replace("\0", "&#46;")


def _replaced(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for raw, coded in pairs:
        text = text.replace(raw, coded)
    return text
