"""Pages in a real browser: whole, offline, accessible, and the same without their script."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from browsing import opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.mark.parametrize(("width", "script"), [(320, True), (1280, True), (390, False)])
def test_nothing_is_wider_than_the_window(
    browser: Browser, page_file: Callable[[str], Path], name: str, width: int, *, script: bool
) -> None:
    with opened(browser, page_file(name), width=width, script=script) as page:
        inner = page.locator("html").bounding_box()
        assert inner is not None
        size = page.evaluate("document.documentElement.scrollWidth") if script else inner["width"]
        assert size <= width
        assert page.locator("h1").is_visible()
        for box in page.locator("main > section").all():
            found = box.bounding_box()
            assert found is not None
            assert found["x"] >= 0
            assert found["x"] + found["width"] <= width + 0.5


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(
    browser: Browser, page_file: Callable[[str], Path], name: str, axe: str, *, dark: bool
) -> None:
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, color_scheme="dark" if dark else "light",
        bypass_csp=True,
    )  # fmt: skip
    page = context.new_page()
    page.goto(page_file(name).as_uri())
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    page.add_script_tag(content=axe)
    found = page.evaluate(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
    )
    context.close()
    assert [
        (one["id"], node["html"][:200]) for one in found["violations"] for node in one["nodes"][:3]
    ] == []


def test_without_script_all_of_it_is_there(
    browser: Browser, page_file: Callable[[str], Path], name: str
) -> None:
    with opened(browser, page_file(name), script=False) as bare:
        plain = bare.locator("main").inner_text()
        assert bare.locator(".plot").count() == bare.locator("figure[data-stops]").count()
        assert bare.locator("button:visible").count() == 0
    with opened(browser, page_file(name)) as full:
        lines = set(full.locator("main").inner_text().splitlines())
    missing = [line for line in plain.splitlines() if line.strip() and line not in lines]
    assert missing == []


def test_tables_sort_and_filter(browser: Browser, page_file: Callable[[str], Path]) -> None:
    with opened(browser, page_file("fifty_endpoints")) as page:
        table = page.locator("#table-endpoints")
        button = table.get_by_role("button", name="p50")
        button.click()
        head = page.locator("#table-endpoints th", has_text="p50")
        assert head.get_attribute("aria-sort") == "descending"
        first = table.locator("tbody tr").nth(0).inner_text()
        assert "/api/v1/items/49" in first
        button.press("Enter")
        assert head.get_attribute("aria-sort") == "ascending"
        assert "/api/v1/items/0" in table.locator("tbody tr").nth(0).inner_text()
        bar = page.locator("#endpoints .bar").first
        bar.get_by_role("searchbox").fill("items/7")
        assert table.locator("tbody tr:visible").count() == 1
        assert bar.get_by_role("status").inner_text() == "1 of 51 rows"


def test_only_what_did_not_pass(browser: Browser, page_file: Callable[[str], Path]) -> None:
    with opened(browser, page_file("not_valid")) as page:
        rows = page.locator("#table-validity tbody tr:visible")
        assert rows.count() == 11
        page.locator("#validity").get_by_role("checkbox").check()
        assert rows.count() == 1
        assert "V6" in rows.first.inner_text()


def test_the_crosshair_reads_the_table(browser: Browser, page_file: Callable[[str], Path]) -> None:
    with opened(browser, page_file("three_endpoints")) as page:
        chart = page.locator("#chart-latency")
        region = chart.get_by_role("region").first
        region.focus()
        page.keyboard.press("End")
        page.keyboard.press("ArrowLeft")
        said = chart.locator(".readout").inner_text()
        shared = page.locator("#chart-load .readout").inner_text()
        chart.locator("summary").click()
        row = chart.locator("details tbody tr").nth(-2).locator("th, td").all_inner_texts()
        heads = chart.locator("details thead th").all_inner_texts()
        assert said == " · ".join(f"{head} {cell}" for head, cell in zip(heads, row, strict=True))
        # charts over time share it
        assert shared.startswith(f"from {row[0]}")


def test_lines_can_be_switched_off(browser: Browser, page_file: Callable[[str], Path]) -> None:
    with opened(browser, page_file("three_endpoints")) as page:
        chart = page.locator("#chart-latency")
        line = chart.locator('[data-name="p95"]').first
        button = chart.get_by_role("button", name="p95", exact=True)
        assert button.get_attribute("aria-pressed") == "true"
        button.click()
        assert button.get_attribute("aria-pressed") == "false"
        assert not line.is_visible()
        button.click()
        assert "off" not in (line.get_attribute("class") or "")


def test_the_theme_follows_the_button(browser: Browser, page_file: Callable[[str], Path]) -> None:
    with opened(browser, page_file("pass")) as page:
        colour = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(colour) == "rgb(255, 255, 255)"
        page.get_by_role("button", name="Dark page").click()
        assert page.evaluate(colour) == "rgb(20, 23, 26)"
        page.get_by_role("button", name="Light page").click()
        assert page.evaluate(colour) == "rgb(255, 255, 255)"
    with opened(browser, page_file("pass"), dark=True) as page:
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"


def test_printed_the_verdict_is_on_the_first_page_and_all_is_open(
    browser: Browser, page_file: Callable[[str], Path]
) -> None:
    with opened(browser, page_file("regressed")) as page:
        data = page.pdf(format="A4")
        assert len(re.findall(rb"/Type\s*/Page\b", data)) >= 3
        page.emulate_media(media="print")
        assert page.locator("h1").is_visible()
        assert not page.locator(".theme").is_visible()
        assert not page.locator(".bar").first.is_visible()
