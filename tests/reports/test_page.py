"""The page as a browser parses it: safe, whole, offline, and equal to every other output."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from perf_reports import units, wording
from perf_reports.html import method, render_html
from perf_reports.html.shell import style_sheet
from perf_reports.json_view import render_json
from perf_reports.markdown import render_markdown
from perf_reports.terminal import render_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_documents.run import Run
    from perf_reports.parts import EndpointRow, View

VOID = {"meta", "br", "link", "img", "input", "hr"}
ALLOWED = frozenset({
    "html", "head", "meta", "title", "style", "body", "a", "header", "div", "p", "span", "h1",
    "h2", "h3", "ul", "li", "dl", "dt", "dd", "code", "strong", "small", "section", "nav", "main",
    "table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "details",
    "summary", "footer", "br", "svg", "g", "path", "defs", "clippath", "rect", "use", "text",
    "desc", "pattern", "script",
})  # fmt: skip
FORBIDDEN = (
    "innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "fetch(",
    "XMLHttp", "import(", "localStorage", "sessionStorage", "cookie",
)  # fmt: skip
Attributes = list[tuple[str, str | None]]


class Page(HTMLParser):
    """What a test asks of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.tables: list[list[list[str]]] = []
        self.headings: list[str] = []
        self.problems: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"th", "td"}:
            self.tables[-1][-1].append("")
        elif tag in {"h1", "h2", "h3"}:
            self.headings.append(tag)

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        if {"th", "td"} & set(self.open) and "small" not in self.open:
            self.tables[-1][-1][-1] += data.strip()

    def values(self, name: str) -> list[str]:
        return [value for _, found, value in self.attributes if found == name]

    def table(self, first_heading: str) -> list[list[str]]:
        return next(table for table in self.tables if table[0][0] == first_heading)


def test_tags_are_closed_in_order_and_come_from_the_templates_only(
    page_of: Callable[[str], str], situation: str
) -> None:
    page = Page(page_of(situation))
    assert page.problems == []
    assert page.open == []
    assert set(page.tags) <= ALLOWED


def test_nothing_acts_and_nothing_is_fetched(page_of: Callable[[str], str], situation: str) -> None:
    page = Page(page_of(situation))
    names = {name for _, name, _ in page.attributes}
    assert not {name for name in names if name.startswith("on")}
    assert not names & {"style", "src", "srcset", "action", "formaction", "xmlns"}
    assert all(value.startswith("#") for value in page.values("href"))
    assert page.tags["script"] == 1
    assert "@import" not in style_sheet()
    assert "url(" not in style_sheet()


def test_the_policy_comes_first_and_allows_this_style_only(page_of: Callable[[str], str]) -> None:
    text = page_of("pass")
    head = text.partition("<head>")[2].lstrip()
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert head.startswith('<meta http-equiv="Content-Security-Policy"')
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in text.replace("&#39;", "'")
    digest = base64.b64encode(hashlib.sha256(script_of(text).encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text.replace("&#39;", "'")


def script_of(text: str) -> str:
    found = re.search(r"<script>(.*?)</script>", text, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_script_is_the_same_on_every_page_and_builds_nodes_from_text_only(
    page_of: Callable[[str], str], situation: str
) -> None:
    script = script_of(page_of(situation))
    assert script == script_of(page_of("pass"))
    assert not [word for word in FORBIDDEN if word in script]


def test_ids_are_unique_and_every_reference_finds_one(
    page_of: Callable[[str], str], situation: str
) -> None:
    page = Page(page_of(situation))
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    wanted = {value.removeprefix("#") for value in page.values("href")}
    wanted |= set(page.values("aria-labelledby")) | set(page.values("aria-describedby"))
    wanted |= set(re.findall(r"url\(#([^)]+)\)", page_of(situation)))
    assert wanted <= set(ids)


def test_every_row_has_as_many_cells_as_its_head(
    page_of: Callable[[str], str], situation: str
) -> None:
    for table in Page(page_of(situation)).tables:
        assert {len(row) for row in table} == {len(table[0])}


def test_the_page_can_be_read_aloud(page_of: Callable[[str], str], situation: str) -> None:
    page = Page(page_of(situation))
    plots = page.values("class").count("plot")
    assert page.tags["h1"] == page.tags["main"] == page.tags["title"] - plots == 1
    assert page.headings[:2] == ["h1", "h2"]
    assert page.tags["caption"] == page.tags["table"]
    scopes = [value for tag, name, value in page.attributes if tag == "th" and name == "scope"]
    assert len(scopes) == page.tags["th"]
    pictures = [value for tag, name, value in page.attributes if tag == "svg" and name == "role"]
    said = [v for tag, name, v in page.attributes if tag == "svg" and name == "aria-label"]
    assert plots == page.tags["desc"] == len(pictures) - len(said)
    assert all(said)


def test_the_title_begins_with_the_verdict(
    page_of: Callable[[str], str], view_of: Callable[[str], View], situation: str
) -> None:
    title = page_of(situation).partition("<title>")[2]
    assert title.startswith(view_of(situation).word)


def test_a_profile_without_thresholds_says_so_everywhere(view_of: Callable[[str], View]) -> None:
    view = replace(view_of("pass"), thresholds=())
    assert "The profile sets no thresholds" in render_html(view)
    assert "The profile sets no thresholds" in render_markdown(view)
    assert "thresholds   none" in render_terminal(view)


def test_equal_views_give_equal_bytes(
    view_of: Callable[[str], View], page_of: Callable[[str], str]
) -> None:
    assert render_html(view_of("fail")) == page_of("fail")


@pytest.mark.parametrize("payload", ["<script>alert", "<img", "<b>", "\x1b", "\u202e", "\r"])
def test_hostile_names_stay_text(page_of: Callable[[str], str], payload: str) -> None:
    assert payload not in page_of("hostile")
    assert "{{7*7}}" in page_of("hostile")


def without_reason(cell: str) -> str:
    """Cell of a table as it was before it was escaped, `n/a` alone."""
    plain = cell.removesuffix(" |").replace("&lt;", "<")
    return "n/a" if plain.startswith("n/a") else plain


def shown(row: EndpointRow) -> list[str]:
    """Figures of one endpoint, as all outputs must have them."""
    figures = [
        units.count(row.requests),
        units.rate(row.rate_per_s),
        units.share(row.failed, row.failed_of),
        *map(wording.quantile, row.service),
    ]
    return [without_reason(figure) for figure in figures]


def test_endpoints_are_equal_in_every_output(
    view_of: Callable[[str], View],
    run_of: Callable[[str], Run],
    page_of: Callable[[str], str],
    situation: str,
) -> None:
    view = view_of(situation)
    wanted = [shown(row) for row in view.endpoints]
    html = Page(page_of(situation)).table("endpoint")[1:]
    assert [[without_reason(cell) for cell in row[1:7]] for row in html] == wanted
    lines = [line.split(" | ") for line in render_markdown(view).splitlines() if "<code>" in line]
    markdown = [line[1:] for line in lines if len(line) == 7]
    assert [[without_reason(cell) for cell in row] for row in markdown] == wanted
    terminal = render_terminal(view)
    for row in wanted[:4]:
        assert all(figure in terminal for figure in row)
    stored = json.loads(render_json(view, run_of(situation)))["endpoints"]
    for endpoint, entry in zip(view.endpoints, stored, strict=True):
        assert entry["requests"] == endpoint.requests
        assert (entry["failed"], entry["failed_of"]) == (endpoint.failed, endpoint.failed_of)
        values = [figure and figure["value_s"] for figure in entry["service"].values()]
        assert values == [figure.value_s for figure in endpoint.service]


def test_thresholds_and_verdict_are_equal_in_every_output(
    view_of: Callable[[str], View],
    run_of: Callable[[str], Run],
    page_of: Callable[[str], str],
    situation: str,
) -> None:
    view = view_of(situation)
    page, terminal = page_of(situation), render_terminal(view)
    markdown = render_markdown(view)
    document = json.loads(render_json(view, run_of(situation)))
    html = Page(page).table("threshold")[1:]
    for result, row, stored in zip(view.thresholds, html, document["thresholds"], strict=True):
        observed, limit = units.observed(result), units.limit(result.threshold)
        assert row[2:4] == [observed, limit]
        assert f"{observed} | {limit.replace('<', '&lt;').replace('>', '&gt;')} |" in markdown
        assert observed in terminal
        assert stored["observed"] == result.observed
        assert stored["verdict"] == result.verdict.value
    assert terminal.startswith(f"{view.glyph} {view.word}")
    assert markdown.startswith(f"### {view.glyph} {view.word}")
    assert (document["verdict"], document["exit_code"]) == (view.verdict.value, view.exit_code)


@pytest.mark.parametrize("name", ["pass", "closed", "not_valid"])
def test_the_method_has_at_most_450_words(view_of: Callable[[str], View], name: str) -> None:
    words = " ".join(text for pair in method.paragraphs(view_of(name)) for text in pair).split()
    assert len(words) <= method.MOST_WORDS


def test_only_a_page_needs_matplotlib_and_jinja() -> None:
    names = ["terminal", "markdown", "json_view", "github", "progress", "html", "view"]
    code = "import sys\n" + "\n".join(f"import perf_reports.{name}" for name in names)
    code += "\nprint(*({'matplotlib', 'jinja2', 'rich', 'numpy'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
