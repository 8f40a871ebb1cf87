"""The page of a watched canary as one HTML file that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_reports.html import quiet_matplotlib

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_documents.canary_looks import Look


def render_canary_page(looks: Sequence[Look], *, title: str, rules_text: str) -> str:
    """Return the whole page; equal looks give equal bytes.

    Parameters
    ----------
    looks : sequence of Look
        In the order of their times; may be empty.
    title : str
        What was watched.
    rules_text : str
        The RULES file as it was read.
    """
    quiet_matplotlib()
    # matplotlib takes most of a second to import: only who renders a page pays for it
    from perf_reports.html.canary_page import render  # noqa: PLC0415

    return render(looks, title, rules_text)
