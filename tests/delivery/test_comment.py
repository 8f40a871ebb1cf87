"""The comment: says what the view says, fits its size, and holds nothing foreign."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from compared_cases import made, p95
from perf_analysis.compared import RowVerdict
from perf_analysis.verdict import Outcome
from perf_reports.comment import BUDGET, WORST, Commit, Context, render_comment
from perf_reports.delivery.marker import (
    Marker,
    body_hash,
    commits_line,
    key_of,
    read_commits,
    read_marker,
)
from situations import SITUATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_analysis.compared import ComparedRow
    from perf_reports.parts import View

    Golden = Callable[[str, str], None]

PAGE = "https://github.com/octo/shop/actions/runs/1"
CONTEXT = Context(
    commit="abcdef0" + "1" * 33, report_url=PAGE, earlier=(Commit(sha="7" * 40, glyph="✓"),)
)
UNDECIDED = RowVerdict.INCONCLUSIVE


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_situation_has_its_comment(
    golden: Golden, view_of: Callable[[str], View], name: str
) -> None:
    golden(f"comments/{name}.md", render_comment(view_of(name), CONTEXT))


@pytest.mark.parametrize("name", SITUATIONS)
def test_it_says_the_verdict_and_what_to_do(view_of: Callable[[str], View], name: str) -> None:
    view, text = view_of(name), render_comment(view_of(name), CONTEXT)
    assert text.startswith(f"### {view.glyph} {view.word}: ")
    action = {"PASS": "No action needed.", "FAIL": "Please look before merging."}
    assert action.get(view.word, "Next: ") in text
    assert text.count("Could not tell") == (view.word == "INCONCLUSIVE")
    assert f"[report and log]({PAGE})" in text
    assert "perfproof run --profile" in text


def test_of_a_run_that_is_not_valid_no_effect_is_shown(view_of: Callable[[str], View]) -> None:
    view = replace(view_of("not_valid"), comparison=view_of("regressed").comparison)
    text = render_comment(view, CONTEXT)
    assert "V6 generator healthy" in text
    assert "+34 %" not in text


def rows(count: int, verdict: RowVerdict) -> list[ComparedRow]:
    label = "GET /" + "`|<a>@_*[]" * 30
    return [p95(f"{label}{n}", 0.3, verdict=verdict) for n in range(count)]


@pytest.mark.parametrize("count", [1, 50, 500, pytest.param(5000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("verdict", [RowVerdict.FAIL, UNDECIDED, RowVerdict.PASS])
@pytest.mark.parametrize("budget", [BUDGET, BUDGET // 2])
def test_any_number_of_endpoints_fits(
    view_of: Callable[[str], View], count: int, verdict: RowVerdict, budget: int
) -> None:
    view = replace(view_of("regressed"), comparison=made(*rows(count, verdict)))
    text = render_comment(view, CONTEXT, budget)
    assert len(text.encode()) <= budget
    assert text.startswith(f"### {view.glyph} {view.word}: ")
    for wanted in ("Valid: 11 of 11 held", f"[report and log]({PAGE})"):
        assert wanted in text
    if verdict is not RowVerdict.PASS:
        # the worst five stand outside of what is folded
        before = text.partition("<details>")[0]
        assert before.count("| p95") + before.count("<code>p95") == min(count, WORST)
    if count >= 500:
        assert "Left out for size: earlier commits" in text
        assert "7777777" not in text


LONG = {
    "marks": "e" + "\u0301" * 3999, "mentions": "@ " * 2000, "wide": "\U00010348" * 4000,
    "backticks": "`" * 4000, "controls": "\x1b" * 4000, "numbers": "#1 " * 1300,
}  # fmt: skip


@pytest.mark.parametrize("kind", LONG)
@pytest.mark.parametrize("is_valid", [True, False])
def test_no_text_of_a_document_breaks_the_budget(
    view_of: Callable[[str], View],
    kind: str,
    is_valid: bool,  # noqa: FBT001  # a case
) -> None:
    """Also where everything that never goes is as long as a document can make it."""
    text, view = LONG[kind], view_of("regressed")
    bad = [replace(row, reason=text, advice=text) for row in rows(60, RowVerdict.FAIL)]
    outcome = Outcome.HELD if is_valid else Outcome.BROKEN
    view = replace(
        view, headline=text, next_step=text, version=text, run_id=text[:200], profile=text,
        target=text, repeat=text, valid=is_valid,
        comparison=replace(made(*bad), sentence=text, next_step=text, notes=(text,) * 60),
        checks=tuple(
            replace(check, title=text, figure=text, limit=text, advice=text, outcome=outcome)
            for check in view.checks
        ),
    )  # fmt: skip
    said = render_comment(view, replace(CONTEXT, remark=text), BUDGET // 2)
    assert len(said.encode()) <= BUDGET // 2
    assert said.startswith(f"### {view.glyph} {view.word}: ")
    assert f"[report and log]({PAGE})" in said


def test_the_command_to_repeat_is_whole(view_of: Callable[[str], View]) -> None:
    command = (
        "perfproof run --profile loadtests/profiles/pull-request.yaml --target head --control base"
    )
    text = render_comment(replace(view_of("pass"), repeat=command), CONTEXT)
    assert f"repeat: <code>{command}</code>" in text


def test_what_is_left_out_goes_in_order(view_of: Callable[[str], View]) -> None:
    mixed = [*rows(60, RowVerdict.FAIL), *rows(40, UNDECIDED), *rows(100, RowVerdict.PASS)]
    view = replace(view_of("regressed"), comparison=made(*mixed))
    whole = len(render_comment(view, CONTEXT, 10**9).encode())
    seen = []
    for budget in range(whole, 10_000, -5_000):
        found = re.search(
            r"Left out for size: (.*); the report", render_comment(view, CONTEXT, budget)
        )
        if found and found[1] not in seen:
            seen.append(found[1])
    assert seen
    assert all(later.startswith(earlier) for earlier, later in pairwise(seen))
    assert seen[-1].endswith("worst")


def tables(text: str) -> list[list[int]]:
    """Number of cells in each row of each table, as a CommonMark parser with tables reads it."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    found: list[list[int]] = []
    for token in tokens:
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append(0)
        elif token.type in {"td_open", "th_open"}:
            found[-1][-1] += 1
    return found


@pytest.mark.parametrize("name", SITUATIONS)
def test_tables_are_whole_and_only_four_tags_are_used(
    view_of: Callable[[str], View], name: str
) -> None:
    text = render_comment(view_of(name), CONTEXT)
    for table in tables(text):
        assert len(set(table)) == 1
    tags = set(re.findall(r"</?([a-z]+)", text))
    assert tags <= {"code", "br", "details", "summary"}
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert set(re.findall(r"<(a|img|script|input)\b[^>]*", html)) <= {"a"}
    assert re.findall(r'href="([^"]*)"', html) == [PAGE]


def test_a_marker_is_read_from_the_first_line_alone() -> None:
    marker = Marker(key="0" * 16, order=(17, 2), body=body_hash("x"))
    assert read_marker(f"{marker.line}\n\nx") == marker
    assert read_marker(f"{marker.line}\r\nx") == marker
    long = replace(marker, order=(10**18 - 1, 10**18 - 1))
    assert read_marker(long.line) == long
    for text in (f" {marker.line}", f"x\n{marker.line}", f"{marker.line} x", marker.line[:-1], ""):
        assert read_marker(text) is None


def test_commits_are_read_back_and_nothing_else_is() -> None:
    commits = (Commit(sha="a" * 40, glyph="✗"), Commit(sha="b" * 40, glyph="?"))
    assert read_commits(f"first\n{commits_line(commits)}\nrest") == commits
    assert read_commits(f"{commits_line(commits)}\nrest") == ()
    assert read_commits("first\n<!-- perfproof:commits <b>:✓ -->") == ()
    assert read_commits("") == ()


def test_keys_differ_wherever_a_part_does() -> None:
    keys = {key_of(*parts) for parts in (("a", "b"), ("ab", ""), ("a", "b", ""), ("b", "a"))}
    assert len(keys) == 4
    assert all(re.fullmatch("[0-9a-f]{16}", key) for key in keys)
