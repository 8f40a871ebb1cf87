"""Terminal, Markdown, GitHub and JSON: their own promises, beside the golden files."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from perf_analysis.verdict import Outcome, Verdict
from perf_reports import github
from perf_reports.escape import width
from perf_reports.json_view import SCHEMA, render_json
from perf_reports.markdown import render_markdown
from perf_reports.terminal import Style, render_quiet, render_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_documents.run import Run
    from perf_reports.parts import View

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
STYLES = [Style(), Style(colour=True), Style(ascii_only=True), Style(colour=True, ascii_only=True)]


def crowded(view: View) -> View:
    """View with more of everything than fits."""
    return replace(
        view,
        checks=tuple(replace(check, outcome=Outcome.BROKEN) for check in view.checks),
        thresholds=view.thresholds * 20,
        endpoints=view.endpoints * 40,
        headline="long " * 200,
        next_step="longer " * 200,
        notes=("note " * 100,) * 30,
    )


@pytest.mark.parametrize("style", STYLES)
def test_the_summary_fits_one_screen(
    view_of: Callable[[str], View], situation: str, style: Style
) -> None:
    for view in (view_of(situation), crowded(view_of(situation))):
        lines = ESCAPES.sub("", render_terminal(view, style)).splitlines()
        compared = sum(row.gated for row in view.comparison.rows)
        # a table of compared rows comes on top: at most eight, their head, the rest and a blank
        assert len(lines) <= 31 + (min(compared, 8) + 3 if compared else 0)
        assert max(map(width, lines)) <= 100
        assert all(line.isprintable() for line in lines)


def test_no_foreign_text_begins_a_line(view_of: Callable[[str], View]) -> None:
    for line in render_terminal(view_of("hostile")).splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


def test_quiet_is_the_first_three_lines(view_of: Callable[[str], View], situation: str) -> None:
    quiet = render_quiet(view_of(situation)).splitlines()
    assert len(quiet) == 3
    assert quiet[0] == render_terminal(view_of(situation)).splitlines()[0]
    assert [line.split()[0] for line in quiet[1:]] == ["why", "next"]


def test_colour_and_glyphs_only_where_asked(view_of: Callable[[str], View]) -> None:
    plain, coloured = (render_terminal(view_of("fail"), Style(colour=c)) for c in (False, True))
    assert "\x1b" not in plain
    assert ESCAPES.sub("", coloured) == plain
    assert coloured.startswith("\x1b[1;31m✗ FAIL\x1b[0m")
    assert render_terminal(view_of("hostile"), Style(ascii_only=True)).isascii()


def test_tables_in_markdown_keep_their_columns(
    view_of: Callable[[str], View], situation: str
) -> None:
    blocks = render_markdown(view_of(situation)).split("\n\n")
    for block in blocks:
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1


def test_markdown_holds_only_its_own_elements(
    view_of: Callable[[str], View], situation: str
) -> None:
    text = render_markdown(view_of(situation))
    own = {"details", "summary", "code", "br"}
    assert set(re.findall(r"<[/!]?([^\s>]*)", text)) <= own
    assert "](" not in text
    assert text.count("<details>") == text.count("</details>")
    outside = re.sub(r"<code>.*?</code>", "", text)
    assert not re.search(r"(?<![\w&])[@#]\w|www\.|https?://", outside)


def test_markdown_stays_short_with_many_endpoints(view_of: Callable[[str], View]) -> None:
    text = render_markdown(crowded(view_of("hostile")))
    assert len(text) < 60_000
    assert "180 more endpoints in the report." in text
    assert text.count("GET ") < 60


def test_annotations_name_what_did_not_hold(view_of: Callable[[str], View]) -> None:
    assert github.annotations(view_of("pass")) == []
    said = "http_req_duration p(95)<500: 724 ms, limit < 500 ms, n = 1,198"
    commands = [f"::error title=perfproof%3A threshold fail::{said}"]
    assert github.annotations(view_of("fail")) == commands
    assert github.annotations(view_of("not_valid"))[0].startswith(
        "::error title=perfproof%3A V6 broken::"
    )


def test_annotations_name_regressions_that_gate(view_of: Callable[[str], View]) -> None:
    (line,) = github.annotations(view_of("regressed"))
    said = "p95 of GET /api/v1/traces: +34 % (+28 to +41 %), fail"
    assert line == f"::error title=perfproof%3A regression::{said}".replace("%)", "%25)").replace(
        "34 %", "34 %25"
    )
    assert github.annotations(view_of("advisory")) == []
    not_valid = replace(view_of("regressed"), valid=False)
    assert github.annotations(not_valid) == []


def test_at_most_nine_annotations_and_the_number_of_the_rest(
    view_of: Callable[[str], View],
) -> None:
    lines = github.annotations(crowded(view_of("fail")))
    assert len(lines) == github.MOST_ANNOTATIONS + 1
    assert "and 22 more" in lines[-1]


def test_hostile_annotations_keep_to_one_command(view_of: Callable[[str], View]) -> None:
    view = view_of("hostile")
    result = view.thresholds[1]
    nasty = replace(result, reason="\n::set-output name=x::y\r\n100 %")
    lines = github.annotations(replace(view, thresholds=(nasty,)))
    assert len(lines) == 2
    assert not any("\n" in line for line in lines)
    assert "%0A::set-output" in lines[0]


def test_groups_hold_no_command_of_others() -> None:
    lines = github.group("a\nb", ["plain", "  ::error::x", "##[error]y", "\x1b[2J"])
    assert lines == [
        "::group::a%0Ab", "plain", "|   ::error::x", "#\\x23[error]y", "\\x1b[2J", "::endgroup::",
    ]  # fmt: skip


def test_outputs_are_enums_numbers_and_own_paths(view_of: Callable[[str], View]) -> None:
    text = github.outputs(view_of("fail"), delimiter="d3l1m")
    assert text == (
        "verdict<<d3l1m\nfail\nd3l1m\nexit_code<<d3l1m\n1\nd3l1m\n"
        "run_id<<d3l1m\n20260301-120000-a1b2c3\nd3l1m\nreport<<d3l1m\nout/report.html\nd3l1m\n"
    )


@pytest.mark.parametrize("delimiter", ["", "fail", "report"])
def test_a_delimiter_that_stands_in_a_value_is_refused(
    view_of: Callable[[str], View], delimiter: str
) -> None:
    with pytest.raises(ValueError, match="delimiter"):
        github.outputs(view_of("fail"), delimiter=delimiter)


def test_json_is_one_sorted_document_of_finite_numbers(
    view_of: Callable[[str], View], run_of: Callable[[str], Run], situation: str
) -> None:
    text = render_json(view_of(situation), run_of(situation))
    document = json.loads(text, parse_constant=pytest.fail)
    assert document["schema"] == SCHEMA
    assert list(document) == sorted(document)
    assert text.isascii()
    assert text == render_json(view_of(situation), run_of(situation))
    assert document["report"] == "out/report.html"


def test_json_says_null_for_what_is_no_number(
    view_of: Callable[[str], View], run_of: Callable[[str], Run]
) -> None:
    view = view_of("fail")
    odd = tuple(replace(result, observed=float("inf")) for result in view.thresholds)
    document = json.loads(render_json(replace(view, thresholds=odd), run_of("fail")))
    assert [entry["observed"] for entry in document["thresholds"]] == [None] * 3
    assert document["thresholds"][0]["verdict"] == Verdict.FAIL.value
