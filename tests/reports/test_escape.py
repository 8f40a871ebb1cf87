"""Hostile text: nothing of it acts, all of it can be seen."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_reports import escape

ANY_TEXT = st.text(max_size=200)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /health", "GET /health"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\x9b2J", "\\x9b2J"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("größe 日本", "größe 日本"),
    ],
)
def test_what_cannot_be_seen_is_spelled_out(text: str, shown: str) -> None:
    assert escape.visible(text) == shown


@given(ANY_TEXT)
def test_visible_text_is_printable_on_one_line(text: str) -> None:
    shown = escape.visible(text)
    assert shown.isprintable()
    shown.encode()


@given(ANY_TEXT, st.integers(3, 90))
def test_shortened_text_fits_and_keeps_both_ends(text: str, columns: int) -> None:
    shown = escape.visible(text)
    short = escape.shorten(shown, columns)
    assert escape.width(short) <= columns
    if short != shown:
        head, _, tail = short.rpartition("…")
        assert shown.startswith(head)
        assert shown.endswith(tail)


def test_wide_characters_take_two_columns() -> None:
    assert escape.width("日本") == 4
    assert escape.width("e\u0301") == 1
    assert escape.shorten("日本日本日本", 7) == "日…本本" or escape.width("日本日本日本") > 7


@given(ANY_TEXT)
def test_markdown_code_holds_no_markup_of_its_own(text: str) -> None:
    coded = escape.markdown_code(text)
    inner = coded.removeprefix("<code>").removesuffix("</code>")
    assert not set("`<>|*_[]@:~\\\"'$!") & set(inner)
    assert re.sub(r"&#\d+;", "", inner).count("&") == 0
    assert "\n" not in inner


@pytest.mark.parametrize(
    "word", ["@octocat", "org/repo#12", "GH-12", "!12", "$12", "x%12", "&12", "~label"]
)
def test_references_in_sentences_stand_in_code(word: str) -> None:
    assert "<code>" in escape.markdown_text(f"seen {word} often")


def test_marks_on_one_letter_are_no_way_to_be_long() -> None:
    zalgo = "e" + "\u0301" * 10_000
    assert escape.width(zalgo) == 1
    for text in (zalgo, zalgo + "x" * 200):
        assert len(escape.shorten(text)) <= 2 * escape.LONGEST_NAME
        assert len(escape.cut(text, 40)) <= 80
        assert len(escape.terminal(text)) <= 2 * escape.LONGEST_NAME


def test_bare_links_are_broken() -> None:
    assert "www." not in escape.markdown_text("see www.evil.example")
    assert "://" not in escape.markdown_text("see https://evil.example")


def test_log_commands_inside_a_line_are_broken() -> None:
    assert "##[" not in escape.terminal("x ##[error]y")


@given(ANY_TEXT)
def test_workflow_commands_keep_to_their_line(text: str) -> None:
    assert "\n" not in escape.command_data(text)
    assert not set("\r\n:,") & set(escape.command_property(text))


def test_workflow_commands_are_coded_as_the_runner_decodes_them() -> None:
    assert escape.command_data("50 %\nnext: a, b") == "50 %25%0Anext: a, b"
    assert escape.command_property("a: b, 50 %") == "a%3A b%2C 50 %25"
    assert escape.command_data("\x1b[31m") == "\\x1b[31m"


def test_ascii_text_keeps_foreign_characters_as_escapes() -> None:
    assert escape.ascii_only("größe") == "gr\\xf6\\xdfe"
