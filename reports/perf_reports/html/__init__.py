"""The report of one run as one HTML file that needs nothing else."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perf_reports.compare_view import CompareView
    from perf_reports.parts import View


def render_html(view: View) -> str:
    """Return the whole page; equal views give equal bytes."""
    quiet_matplotlib()
    # matplotlib takes most of a second to import: only who renders a page pays for it
    from perf_reports.html.page import render  # noqa: PLC0415

    return render(view)


def render_comparison(view: CompareView) -> str:
    """Return the page of a comparison of named runs; equal views give equal bytes."""
    quiet_matplotlib()
    from perf_reports.html.compare_page import render  # noqa: PLC0415  # as above

    return render(view)


def quiet_matplotlib() -> None:
    """Where no home folder can be written, matplotlib says so on stderr: nobody can act on that."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
