"""Putting the page together: pictures, tables, style and its hash into the templates."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from perf_reports import comparisons, wording
from perf_reports.charts import failures, frame, generator, latency, load, palette
from perf_reports.escape import visible
from perf_reports.html import compared, method, sections

if TYPE_CHECKING:
    from perf_reports.charts.frame import Picture
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
    css = style_sheet()
    return environment.get_template("report.html").render(
        view=view,
        # both come from this package; the hash is what lets the page refuse every other style
        css=Markup(css),  # noqa: S704
        style_hash=base64.b64encode(hashlib.sha256(css.encode()).digest()).decode(),
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
        pictures=[_embedded(picture) for picture in _pictures(view)],
        health=[_embedded(picture) for picture in _health(view)],
        failures_said=wording.failures_said(view.failures, view.total.failed_of),
        checks_said=wording.checks_said(view.checks),
        method=method.paragraphs(view),
    )


def style_sheet() -> str:
    """Return the page's style: the sheet, and the charts' colours by role."""
    sheet = (resources.files("perf_reports.html") / "templates" / "report.css").read_text("utf-8")
    dark = palette.variables(dark=True)
    return "\n".join(
        (
            sheet,
            f":root{{{palette.variables(dark=False)}}}",
            f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}",
            palette.style_rules(),
        )
    )


def _pictures(view: View) -> list[Picture]:
    if not view.timeline.at_s:
        return []
    with frame.settings():
        drawn = (latency.draw(view), load.draw(view), failures.draw(view))
    return [picture for picture in drawn if picture is not None]


def _health(view: View) -> list[Picture]:
    if not view.timeline.at_s:
        return []
    with frame.settings():
        drawn = generator.draw(view)
    return [drawn] if drawn else []


def _embedded(picture: Picture) -> dict[str, object]:
    return {
        "key": picture.key,
        "title": picture.title,
        # written by `charts.svg.clean`, which escapes every text and attribute
        "svg": Markup(picture.svg),  # noqa: S704
        "sentence": picture.sentence,
        "table": sections.figures(picture.title, picture.columns, picture.rows),
    }


def _visible(value: object) -> object:
    """Make control and direction characters of foreign names visible, wherever they come from."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
