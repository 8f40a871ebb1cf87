"""A canary on a terminal: golden texts, their width, and foreign texts made harmless."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fakes.looks import WATCHES, finding, hostile, rule, watch
from hostile import TEXTS
from perf_documents.canary_looks import Answer
from perf_reports.canary_terminal import (
    LINE_COLUMNS,
    render_look,
    render_look_line,
    render_outcome,
)
from perf_reports.escape import width
from perf_reports.terminal import Style
from perf_reports.terminal_text import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_documents.canary_looks import Look

SEEN = [name for name in WATCHES if name != "no_look"]
NUMBERED = pytest.mark.parametrize("place", range(len(TEXTS)))
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def blocks(look: Look, style: Style | None = None) -> str:
    return f"{render_look(look, style)}\n{render_outcome(look, style)}"


@pytest.mark.parametrize("name", SEEN)
def test_golden(golden: Callable[[str, str], None], name: str) -> None:
    looks = WATCHES[name]()
    lines = "".join(f"{render_look_line(look)}\n" for look in looks[-12:])
    golden(f"canary/{name}.txt", f"{lines}\n{blocks(looks[-1])}")


def test_in_ascii(golden: Callable[[str, str], None]) -> None:
    style = Style(ascii_only=True)
    for name in ("rollback_by_rule", "hostile"):
        look = WATCHES[name]()[-1]
        text = f"{render_look_line(look, style)}\n\n{blocks(look, style)}"
        assert text.isascii()
        golden(f"canary/{name}_ascii.txt", text)


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("name", SEEN)
def test_nothing_is_wider_than_it_may_be(name: str, *, ascii_only: bool) -> None:
    style = Style(ascii_only=ascii_only)
    for look in WATCHES[name]():
        assert width(render_look_line(look, style)) <= LINE_COLUMNS
        assert max(map(width, blocks(look, style).splitlines())) <= COLUMNS


@pytest.mark.parametrize("answer", Answer)
def test_colour_is_the_answers_word_and_nothing_else(answer: Answer) -> None:
    look = replace(watch(9)[-1], answer=answer, reason=f"rule {answer.value}: HOLD")
    style = Style(colour=True)
    for render in (render_look_line, render_look, render_outcome):
        coloured = render(look, style)
        assert ANSI.sub("", coloured) == render(look, Style())
        assert len(ANSI.findall(coloured)) == 2
        assert re.search(rf"\x1b\[1;3\dm[✓✗? ]*{answer.value}\x1b\[0m", coloured)
        assert "\x1b" not in render(look, Style())


def test_a_wrapped_reason_cannot_begin_a_log_command() -> None:
    reason = " ".join(["::error::x"] * 30)
    for line in render_look(replace(watch(9)[-1], reason=reason)).splitlines()[2:]:
        assert not line.lstrip().startswith("::")


@NUMBERED
def test_foreign_text_stays_text(place: int) -> None:
    text = TEXTS[place]
    look = hostile((text, text))[-1]
    shown = f"{render_look_line(look)}\n{blocks(look)}"
    controls = [one for one in shown if not one.isprintable() and one != "\n"]
    assert controls == []
    assert render_look_line(look).count("\n") == 0
    for line in shown.splitlines():
        # a CI log obeys what stands at the start of a line
        assert not line.lstrip(" ").startswith(("::", "##["))
        assert "##[" not in line


def test_many_rules_give_way_to_their_number() -> None:
    look = replace(
        watch(9)[-1],
        rules=(
            *(rule(f"kept {place}") for place in range(40)),
            rule("broken", state="breach", held_s=20.0),
        ),
    )
    assert "broken breach 20 s of 2m 00s, 40 ok" in render_look_line(look)
    block = render_look(look)
    assert block.index("✗ broken") < block.index("✓ kept 0")
    assert "and 29 more" in block
    assert "✗ broken breach 20 s of 2m 00s\n             ✓ 40 of 41 ok" in render_outcome(look)


def test_a_clipped_p95_is_only_a_lower_bound() -> None:
    look = watch(9)[-1]
    arm = replace(look.arms["canary"], p95_s=10.0, clipped=True)
    assert "≥ 10.0 s" in render_look(replace(look, arms={**look.arms, "canary": arm}))


def test_an_unbounded_ratio_says_so() -> None:
    look = watch(9)[-1]
    unbounded = replace(look, evidence=(finding(low=0.0, high=None),))
    assert "(not bounded yet)" in render_look_line(unbounded)
    bounded_below = replace(look, evidence=(finding(low=1.3, high=None),))
    assert "(≥ 1.30)" in render_look_line(bounded_below)


def test_the_outcome_begins_with_the_answer_and_names_exit_code_and_next_step() -> None:
    for name, start in (
        ("promote", "✓ PROMOTE   exit 0   after 10m 00s"),
        ("rollback_by_rule", "✗ ROLLBACK   exit 1   after 7m 00s"),
        ("hold_without_data", "? HOLD   exit 3   after 5m 30s"),
    ):
        text = render_outcome(WATCHES[name]()[-1])
        assert text.startswith(start)
        assert "\n  next   " in text
