"""Every situation in every output, byte for byte."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perf_reports.json_view import render_json
from perf_reports.markdown import render_markdown
from perf_reports.terminal import Style, render_quiet, render_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_documents.run import Run
    from perf_reports.parts import View

    Golden = Callable[[str, str], None]

STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
HASH = re.compile(r"sha256-[A-Za-z0-9+/=]{44}")
SCRIPT = re.compile(r"<script>.*?</script>", re.DOTALL)
PLOT = re.compile(r'(<svg class="plot".*?</desc>).*?</svg>', re.DOTALL)


def without_drawings(page: str) -> str:
    """Page without style and strokes: both have tests of their own, and strokes change with
    every release of matplotlib."""
    page = SCRIPT.sub("<script></script>", STYLE.sub("<style></style>", page))
    page = HASH.sub("sha256-OF-IT", page)
    return PLOT.sub(r"\1</svg>", page)


def test_terminal(golden: Golden, view_of: Callable[[str], View], situation: str) -> None:
    view = view_of(situation)
    golden(f"reports/{situation}.txt", f"{render_terminal(view)}\n{render_quiet(view)}")


def test_terminal_in_ascii(golden: Golden, view_of: Callable[[str], View]) -> None:
    golden("reports/hostile_ascii.txt", render_terminal(view_of("hostile"), Style(ascii_only=True)))


def test_markdown(golden: Golden, view_of: Callable[[str], View], situation: str) -> None:
    golden(f"reports/{situation}.md", render_markdown(view_of(situation)))


def test_json(
    golden: Golden, view_of: Callable[[str], View], run_of: Callable[[str], Run], situation: str
) -> None:
    golden(f"reports/{situation}.json", render_json(view_of(situation), run_of(situation)))


def test_page(golden: Golden, page_of: Callable[[str], str], situation: str) -> None:
    golden(f"reports/{situation}.html", without_drawings(page_of(situation)))
