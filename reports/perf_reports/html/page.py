"""Putting the page together: pictures, tables, style and its hash into the templates."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from perf_reports import comparisons, wording
from perf_reports.charts import (
    failures,
    generator,
    heat,
    latency,
    load,
    palette,
    sheet,
    shift,
    tail,
)
from perf_reports.escape import visible
from perf_reports.html import compared, method, sections, small

if TYPE_CHECKING:
    from types import ModuleType

    from perf_reports.charts.sheet import Picture
    from perf_reports.parts import View


def render(view: View) -> str:
    """Return the page of a view."""
    environment = Environment(
        loader=PackageLoader("perf_reports.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )
    css, script = style_sheet(), _asset("report.js")
    return environment.get_template("report.html").render(
        view=view,
        # they come from this package; their hashes let the page refuse every other style and script
        css=Markup(css),  # noqa: S704
        script=Markup(script),  # noqa: S704
        style_hash=_hash(css),
        script_hash=_hash(script),
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


def style_sheet() -> str:
    """Return the page's style: the sheet, and the charts' colours by role."""
    dark = palette.variables(dark=True)
    chosen = ':root[data-theme="dark"]'
    unless = ':root:not([data-theme="light"])'
    return "\n".join(
        (
            _asset("report.css"),
            f":root{{{palette.variables(dark=False)}}}",
            f"@media screen and (prefers-color-scheme:dark){{{unless}{{{dark}}}}}",
            f"@media screen{{{chosen}{{{dark}}}}}",
            palette.style_rules(),
        )
    )


def _asset(name: str) -> str:
    return (resources.files("perf_reports.html") / "templates" / name).read_text("utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _drawn(view: View, charts: tuple[ModuleType, ...]) -> list[dict[str, object]]:
    """Charts of a run that has windows; each says itself whether it has anything to show."""
    if not view.timeline.at_s:
        return []
    with sheet.settings():
        pictures = [chart.draw(view) for chart in charts]
    return [_embedded(picture) for picture in pictures if picture is not None]


def _embedded(picture: Picture) -> dict[str, object]:
    return {
        "key": picture.key,
        "title": picture.title,
        # written by `charts.svg.clean`, which escapes every text and attribute
        "svg": Markup(picture.svg),  # noqa: S704
        "sentence": picture.sentence,
        "table": sections.figures(picture.title, picture.columns, picture.rows),
        "stops": " ".join(f"{stop:.1f}".removesuffix(".0") for stop in picture.stops),
        "is_over_time": picture.is_over_time,
    }


def _visible(value: object) -> object:
    """Make control and direction characters of foreign names visible, wherever they come from."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
