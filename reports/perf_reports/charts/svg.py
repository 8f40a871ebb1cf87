"""What matplotlib writes, made fit for a page: small, no styles, no foreign names, own ids."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from perf_reports.charts.palette import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMESPACE = re.compile(r"^\{[^}]*\}")
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_REFERENCE = re.compile(r"^url\(#(.+)\)$")
_NO_TURN = re.compile(r"^rotate\(-?0(\.0+)? [^)]*\)$")
_SPACE = re.compile(r"\s+")
_ROUNDED = frozenset({
    "d", "x", "y", "width", "height", "transform", "points", "viewBox", "stroke-dasharray",
    "stroke-width", "x1", "x2", "y1", "y2", "cx", "cy", "r",
})  # fmt: skip
_DROPPED_TAGS = frozenset({"metadata", "style", "title"})
# What a browser assumes anyway, or what the root says once for all.
_ASSUMED = {
    "stroke-linejoin": "round",
    "stroke-linecap": "butt",
    "font-family": None,
    "fill-opacity": "1",
    "stroke-opacity": "1",
    "stroke-dashoffset": "0",
}
_LINE = "line:"


def clean(raw: str, *, chart: str, name: str, description: str) -> str:
    """SVG for a page, from what matplotlib wrote.

    Parameters
    ----------
    raw : str
    chart : str
        Unique on the page; every id begins with it.
    name, description : str
        Accessible name and description.
    """
    root = ET.fromstring(raw)  # noqa: S314  # written by matplotlib in this process
    ids = _new_ids(root, chart)
    body = "".join(_write(child, ids) for child in root)
    box = _rounded(root.attrib["viewBox"])
    return (
        f'<svg class="plot" viewBox="{box}" role="img" '
        f'aria-labelledby="{chart}-name" aria-describedby="{chart}-desc" '
        f'font-family="system-ui, sans-serif" stroke-linejoin="round" stroke-linecap="butt">'
        f'<title id="{chart}-name">{html.escape(name)}</title>'
        f'<desc id="{chart}-desc">{html.escape(description)}</desc>{body}</svg>\n'
    )


def _new_ids(root: ET.Element, chart: str) -> dict[str, str]:
    """Ids that something refers to, renamed in order of appearance."""
    wanted = {reference for element in root.iter() for reference in _references(element)}
    found = [element.attrib["id"] for element in root.iter() if element.get("id") in wanted]
    return {old: f"{chart}-{number}" for number, old in enumerate(found, start=1)}


def _references(element: ET.Element) -> Iterator[str]:
    for name, value in _attributes(element):
        match = _REFERENCE.match(value)
        if match:
            yield match[1]
        elif name == "href":
            yield value.removeprefix("#")


def _attributes(element: ET.Element) -> Iterator[tuple[str, str]]:
    """Attributes without namespaces; a style's declarations become attributes of their own."""
    for name, value in element.attrib.items():
        if name != "style":
            yield _NAMESPACE.sub("", name), value
            continue
        for declaration in value.split(";"):
            prop, _, setting = declaration.partition(":")
            if prop.strip() == "font":  # how matplotlib before 3.10 spells the size
                yield "font-size", setting.strip().partition("px")[0]
            elif setting.strip():
                yield prop.strip(), setting.strip().removesuffix("px")


def _write(element: ET.Element, ids: dict[str, str]) -> str:
    tag = _NAMESPACE.sub("", element.tag)
    if tag in _DROPPED_TAGS:
        return ""
    attributes = _written_attributes(element, ids)
    inner = "".join(_write(child, ids) for child in element)
    if tag == "text":
        inner = html.escape("".join(element.itertext()))
    if tag in {"g", "defs"} and not inner:
        return ""
    if tag == "g" and not attributes:
        return inner
    head = " ".join((tag, *(f'{name}="{html.escape(value)}"' for name, value in attributes)))
    return f"<{head}>{inner}</{tag}>\n" if inner else f"<{head}/>\n"


def _written_attributes(element: ET.Element, ids: dict[str, str]) -> list[tuple[str, str]]:
    written: list[tuple[str, str]] = []
    classes: list[str] = []
    for name, value in _attributes(element):
        if name == "id":
            written += _identity(value, ids)
        elif name == "href":
            written.append((name, f"#{ids[value.removeprefix('#')]}"))
        elif name not in _ASSUMED or _ASSUMED[name] not in {None, value}:
            match = _REFERENCE.match(value)
            text = f"url(#{ids[match[1]]})" if match else value
            text = _rounded(text) if name in _ROUNDED else text
            written += [] if _NO_TURN.match(text) else [(name, text)]
        if name in {"fill", "stroke"} and value in ROLES:
            classes.append(f"{name[0]}-{ROLES[value]}")
    return [("class", " ".join(classes)), *written] if classes else written


def _identity(value: str, ids: dict[str, str]) -> list[tuple[str, str]]:
    """Ids that are referred to; lines keep their name, so that a test can read them back."""
    if value in ids:
        return [("id", ids[value])]
    if not value.startswith(_LINE):
        return []
    role, _, label = value.removeprefix(_LINE).partition(":")
    return [("data-line", role), ("data-name", label)]


def _rounded(text: str) -> str:
    """Numbers with one decimal: a tenth of a unit is less than a pixel shows."""
    return _SPACE.sub(" ", _NUMBER.sub(lambda match: _short(float(match[0])), text)).strip()


def _short(number: float) -> str:
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
