"""Pictures: what they show is what the tables say; their bytes are small and always the same."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_reports.charts import failures, generator, latency, load, palette, scale, sheet, svg

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_reports.charts.sheet import Picture
    from perf_reports.parts import View

TICK = re.compile(
    r'<use [^>]*y="([\d.]+)"[^>]*/>\s*<text [^>]*text-anchor="end"[^>]*>([\d,.]+)</text>'
)
CHARTS = (latency, load, failures, generator)


def drawn(view: View) -> dict[str, Picture]:
    with sheet.settings():
        pictures = [chart.draw(view) for chart in CHARTS]
    return {picture.key: picture for picture in pictures if picture}


@pytest.fixture(scope="module")
def pictures(view_of: Callable[[str], View]) -> dict[str, Picture]:
    return drawn(view_of("fail"))


def heights(text: str, name: str) -> list[float]:
    """Heights of one line's points, in the drawing's units from the top."""
    path = re.search(rf'<g data-line="{name}" [^>]*><path [^>]*d="([^"]+)"', text)
    assert path is not None
    return [float(y) for y in re.findall(r"[\d.]+ ([\d.]+)", path[1])]


@pytest.mark.parametrize("name", ["p50", "p95"])
def test_points_read_back_from_the_drawing_equal_the_table(
    pictures: dict[str, Picture], view_of: Callable[[str], View], name: str
) -> None:
    picture = pictures["latency"]
    ticks = [(float(y), float(text.replace(",", ""))) for y, text in TICK.findall(picture.svg)]
    (low_y, low), (high_y, high) = ticks[0], ticks[-1]
    per_unit = (math.log(high) - math.log(low)) / (high_y - low_y)
    read = [low * math.exp((y - low_y) * per_unit) for y in heights(picture.svg, name)]
    timeline = view_of("fail").timeline
    line = timeline.p50_s if name == "p50" else timeline.p95_s
    known = [value * 1000.0 for value in line if value is not None]
    assert read == pytest.approx(known, rel=abs(per_unit))


def test_a_drawing_is_small_and_its_coordinates_short(pictures: dict[str, Picture]) -> None:
    for picture in pictures.values():
        assert len(picture.svg) < 40_000
        assert not re.search(r"\d\.\d{2}", re.sub(r"<(text|title|desc).*?</\1>", "", picture.svg))


def test_a_drawing_has_no_style_and_no_foreign_name(pictures: dict[str, Picture]) -> None:
    for key, picture in pictures.items():
        root = ET.fromstring(picture.svg)  # noqa: S314  # just made
        assert all("style" not in element.attrib for element in root.iter())
        assert "http:" not in picture.svg
        ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
        assert all(name.startswith(f"{key}-") for name in ids)
        assert len(ids) == len(set(ids))


def test_every_mark_follows_the_page_in_the_dark(pictures: dict[str, Picture]) -> None:
    for picture in pictures.values():
        colours = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', picture.svg))
        assert colours <= set(palette.ROLES), picture.key


def test_equal_data_give_equal_bytes_whatever_is_configured(
    view_of: Callable[[str], View], pictures: dict[str, Picture]
) -> None:
    with mpl.rc_context({"font.size": 30, "axes.grid": True, "svg.hashsalt": "other"}):
        assert {key: p.svg for key, p in drawn(view_of("fail")).items()} == {
            key: picture.svg for key, picture in pictures.items()
        }


def test_few_points_are_drawn_as_points(view_of: Callable[[str], View]) -> None:
    view = view_of("six_seconds")
    short = {
        name: getattr(view.timeline, name)[:3]
        for name in view.timeline.__slots__
        if isinstance(getattr(view.timeline, name), tuple) and name != "failures"
    }
    view = replace(view, timeline=replace(view.timeline, **short))
    assert drawn(view)["latency"].svg.count("<use") > drawn(view_of("six_seconds"))[
        "latency"
    ].svg.count("<use")


def test_each_chart_says_in_a_sentence_what_it_shows(pictures: dict[str, Picture]) -> None:
    assert "highest at" in pictures["latency"].sentence
    assert pictures["load"].sentence.startswith("Planned were up to 60 iterations per second")
    assert "dropped (bars below zero)" in pictures["load"].sentence
    assert pictures["failures"].sentence.startswith("19 of 1,500 (1.27 %) failed")
    assert "CPU of the engine reached 40 %" in pictures["generator"].sentence


def test_limits_are_labelled_with_what_became_of_them(pictures: dict[str, Picture]) -> None:
    assert "service time p(95)&lt;500 ms, breached" in pictures["latency"].svg
    assert "http_reqs rate&gt;1, held" in pictures["load"].svg


def test_nothing_failed_and_nothing_known_draw_nothing(view_of: Callable[[str], View]) -> None:
    view = view_of("six_seconds")
    nothing = (None,) * len(view.timeline.at_s)
    blind = replace(view.timeline, lag_p99_s=nothing, cpu_ratio=nothing)
    assert failures.draw(view) is None
    assert generator.draw(replace(view, timeline=blind)) is None


def test_load_that_never_began_is_drawn_below_zero(view_of: Callable[[str], View]) -> None:
    view = view_of("pass")
    unsent = replace(view.timeline, unsent=view.timeline.dropped)
    picture = drawn(replace(view, timeline=unsent))["load"]
    assert "dropped and unsent (bars below zero)" in picture.sentence
    assert "unsent</text>" in picture.svg


@given(st.floats(1e-3, 1e6), st.floats(1.0, 1e6))
def test_logarithmic_ticks_enclose_the_values(lowest: float, factor: float) -> None:
    ticks = scale.logarithmic(lowest, lowest * factor)
    assert ticks[0] <= lowest * (1 + 1e-9)
    assert ticks[-1] >= lowest * factor * (1 - 1e-2)
    assert 2 <= len(ticks) <= 11
    assert ticks == sorted(set(ticks))


@given(st.floats(1e-3, 1e9))
def test_linear_ticks_start_at_zero_and_enclose_the_value(highest: float) -> None:
    ticks = scale.linear(highest)
    assert ticks[0] == 0.0
    assert ticks[-1] >= highest * (1 - 1e-9)
    assert len(ticks) <= 8


def test_both_schemes_are_told_apart_from_their_page() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255.0 for place in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(weight * p for weight, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    def contrast(one: str, other: str) -> float:
        bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
        return (bright + 0.05) / (dim + 0.05)

    for role, shade in palette.SHADES.items():
        if role not in {"grid", "band", *palette.HEAT}:
            least = 4.5 if role in {"text", "held", "breached", "undecided", "limit"} else 3.0
            assert contrast(shade.light, "#ffffff") >= least, role
            assert contrast(shade.dark, "#14171a") >= least, role


def test_what_older_matplotlib_writes_is_understood() -> None:
    raw = (
        '<svg viewBox="0 0 10.04 10" xmlns="http://www.w3.org/2000/svg"><g id="text_1">'
        '<text style="font: 10px \'DejaVu Sans\'; text-anchor: middle" x="1.26">a&lt;b</text>'
        "</g></svg>"
    )
    made = svg.clean(raw, chart="c", name="<n>", description='"d"')
    assert '<text font-size="10" text-anchor="middle" x="1.3">a&lt;b</text>' in made
    assert '<title id="c-name">&lt;n&gt;</title>' in made
