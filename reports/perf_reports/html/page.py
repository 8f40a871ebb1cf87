"""The page of one run: pictures and tables into its template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_reports import comparisons, wording
from perf_reports.charts import (
    failures,
    generator,
    heat,
    latency,
    load,
    sheet,
    shift,
    tail,
)
from perf_reports.html import compared, method, sections, shell, small, timed

if TYPE_CHECKING:
    from types import ModuleType

    from perf_reports.parts import View


def render(view: View) -> str:
    """Return the page of a view."""
    return shell.fill(
        "report.html",
        view=view,
        title=sections.title(view),
        exit_meaning=wording.exit_meaning(view.exit_code),
        tiles=sections.tiles(view),
        validity=sections.validity(view),
        thresholds=sections.thresholds(view),
        comparison=compared.table(view),
        compared=comparisons.headline(view.comparison),
        compared_basis=comparisons.basis(view.comparison),
        compared_tone=compared.tone(view),
        endpoints=sections.endpoints(view),
        timings=timed.timings(view),
        scenario_checks=timed.checks(view),
        failures=sections.failures(view),
        generator=sections.generator(view),
        environment=sections.environment(view),
        pictures=_drawn(view, (latency, load, failures)),
        spread=_drawn(view, (tail, shift, heat)),
        health=_drawn(view, (generator,)),
        smalls=small.smalls(view),
        failures_said=wording.failures_said(view.failures, view.total.failed_of),
        checks_said=wording.checks_said(view.checks),
        method=method.paragraphs(view),
    )


def _drawn(view: View, charts: tuple[ModuleType, ...]) -> list[dict[str, object]]:
    """Charts of a run that has windows; each says itself whether it has anything to show."""
    if not view.timeline.at_s:
        return []
    with sheet.settings():
        pictures = [chart.draw(view) for chart in charts]
    return [shell.embedded(picture) for picture in pictures if picture is not None]
