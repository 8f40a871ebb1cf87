"""The report of one run as one HTML file that needs nothing else."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perf_reports.parts import View


def render_html(view: View) -> str:
    """Return the whole page; equal views give equal bytes."""
    # where no home folder can be written, matplotlib says so on stderr: nobody can act on that
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    # matplotlib takes most of a second to import: only who renders a page pays for it
    from perf_reports.html.page import render  # noqa: PLC0415

    return render(view)
