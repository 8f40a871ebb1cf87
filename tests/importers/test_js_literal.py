"""JavaScript's literals: all that k6 scripts write, and nothing that would have to run."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_importers.js_literal import LiteralError, blank_comments, read_literal

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

LEAVES: SearchStrategy[object] = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text("abc_$", min_size=1), inner)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{}", {}),
        ('{vus: 10, \'a\': "b", "c d": `e`,}', {"vus": 10, "a": "b", "c d": "e"}),
        ("[1, -2.5, .5, 5., 1e3, 1_000, 0x1F, +3]", [1, -2.5, 0.5, 5, 1000, 1000, 31, 3]),
        ("[true, false, null, undefined,]", [True, False, None, None]),
        ("{a: {b: [{c: 1}]}} // tail", {"a": {"b": [{"c": 1}]}}),
        ("{ /* x: 1, */ y: 2, // z: 3\n w: 4 }", {"y": 2, "w": 4}),
        (r"'a\n\t\'\u0041\u{1f600}\x41\\'", "a\n\t'A\U0001f600A\\"),
        ("'http://x' ", "http://x"),
        ("`two\nlines`", "two\nlines"),
        ("{2: 3}", {"2": 3}),
    ],
)
def test_literals(text: str, value: object) -> None:
    assert read_literal(text, 0)[0] == value


@given(VALUES)
def test_whatever_is_json_is_read_alike(value: object) -> None:
    text = json.dumps(value)
    assert read_literal(f"  {text}  ;", 0)[0] == value


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("{a: __ENV.X}", 1, "__ENV.X"),
        ("{\n a: 1,\n b: f(2),\n}", 3, "f(2)"),
        ("{a: 1 + 2}", 1, "+ 2"),
        ("{a: `x${y}`}", 1, "computed text"),
        ("{...other}", 1, "...other"),
        ("{a: 1, a: 2}", 1, "stands twice"),
        ("{a: 'x", 1, "without an end"),
        ("{a: 'x\n'}", 1, "without an end"),
        ("{a: [1, 2}", 1, "expected a literal"),
        ("{a: 1", 1, "expected a literal"),
        ("{a", 1, "expected :"),
        ("{a: 1e}", 1, "1e"),
        ("{a: 10s}", 1, "10s"),
        ("{a: NaN}", 1, "NaN"),
        ("{a: Infinity}", 1, "Infinity"),
        ("{a: new Date()}", 1, "new Date"),
        ("{a: () => 1}", 1, "() => 1"),
        ("{a}", 1, "expected :"),
        ("{a: '\\ud800'}", 1, "no character"),
        ("{a: '\\u{110000}'}", 1, "no character"),
        ("[" * 40, 1, "deeper than"),
        ("", 1, "expected a literal"),
        ("{", 1, "missing at the end"),
    ],
)
def test_what_would_have_to_run_is_refused_at_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(LiteralError) as caught:
        read_literal(text, 0)
    assert caught.value.line == line
    assert says in str(caught.value)


@given(st.text())
def test_any_text_is_a_literal_or_an_error(text: str) -> None:
    with suppress(LiteralError):
        assert read_literal(text, 0)[1] <= len(text)


def test_comments_become_blanks_and_texts_do_not() -> None:
    text = "a // b\n'c // d' /* e\nf */ g \"/*\" `//`"
    made = blank_comments(text)
    assert len(made) == len(text)
    assert made.count("\n") == text.count("\n")
    assert made.split() == ["a", "'c", "//", "d'", "g", '"/*"', "`//`"]
