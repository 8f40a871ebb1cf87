"""What every page shares: the templates, style and script with their hashes, charts in place."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined, meta
from markupsafe import Markup

from perf_reports.charts import palette
from perf_reports.escape import visible
from perf_reports.html import sections

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perf_reports.charts.sheet import Picture


def fill(template: str, *more: str, **values: object) -> str:
    """Page of a template; style and script are this package's own, with `more` of both."""
    css, script = _assets(*more)
    return (
        _environment()
        .get_template(template)
        .render(
            # they come from this package; their hashes let the page refuse every other one
            css=Markup(css),  # noqa: S704
            script=Markup(script),  # noqa: S704
            style_hash=_hash(css),
            script_hash=_hash(script),
            **values,
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("perf_reports.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )


@cache
def _assets(*more: str) -> tuple[str, str]:
    """Style and script of a page; further files follow those of every page."""
    styles = [style_sheet(), *(_asset(name) for name in more if name.endswith(".css"))]
    scripts = ["report.js", *(name for name in more if name.endswith(".js"))]
    return "\n".join(styles), "".join(map(_asset, scripts))


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


def assets_hash(*names: str) -> str:
    """Hash of files of this package and what they include: what others made is made anew."""
    found = dict.fromkeys(names)
    for name in names:
        found |= dict.fromkeys(_included(name))
    return _hash(style_sheet() + "".join(map(_asset, found)))


def _included(name: str) -> Iterator[str]:
    """Templates that a template includes, and what those include."""
    if not name.endswith(".html"):
        return
    for inner in meta.find_referenced_templates(_environment().parse(_asset(name))):
        if inner:
            yield inner
            yield from _included(inner)


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def embedded(picture: Picture) -> dict[str, object]:
    """Chart as the template shows it."""
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
