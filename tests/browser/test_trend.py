"""The trend site in a real browser: filters, sorting, views in the address, the chart's readout."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from browsing import opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser, Page

ROWS = "table.series tbody tr:visible"


def address(page: Page) -> str:
    return str(page.evaluate("location.hash"))


def test_the_index_filters_and_keeps_it_in_the_address(
    browser: Browser, page_file: Callable[[str], Path]
) -> None:
    with opened(browser, page_file("trend_index_thirty")) as page:
        every = page.locator(ROWS).count()
        page.get_by_label("Search").fill("post /orders")
        assert 0 < page.locator(ROWS).count() < every
        assert page.locator("#shown").inner_text().startswith("2 of ")
        page.get_by_label("status").select_option("open")
        assert page.locator(ROWS).count() == 1
        assert address(page) == "#q=post+%2Forders&status=open"
        page.get_by_label("Search").press("Escape")
        assert "q=" not in address(page)
        page.evaluate("location.hash = '#branch=feature%2Fx'")
        expect(page.locator("#shown")).to_have_text(re.compile("^5 of"))
        assert page.get_by_label("branch").input_value() == "feature/x"
        page.evaluate("location.hash = '#branch=nowhere'")
        expect(page.locator("#shown")).to_be_empty()


def test_the_chart_is_as_wide_as_a_small_screen(
    browser: Browser, page_file: Callable[[str], Path]
) -> None:
    """Its words are not scaled down, and nothing of it is out of sight; a wide screen, as ever."""
    with opened(browser, page_file("trend_series_thirty"), width=390) as page:
        sizes = page.locator("#plot").evaluate(
            "it => [it.viewBox.baseVal.width, it.clientWidth, it.parentElement.scrollWidth]"
        )
        assert sizes == [sizes[0]] * 3
        page.set_viewport_size({"width": 1280, "height": 900})
        expect(page.locator("#plot")).to_have_attribute("viewBox", re.compile("^0 0 860 "))


def test_rows_sort_by_what_is_asked(browser: Browser, page_file: Callable[[str], Path]) -> None:
    with opened(browser, page_file("trend_index_thirty")) as page:
        staging = page.locator("details.group", has_text="on staging").first
        names = staging.locator("tbody th")
        assert "error rate" not in names.first.inner_text()
        page.get_by_label("sort by").select_option("name")
        told = names.all_inner_texts()
        assert told == sorted(told)
        page.get_by_label("sort by").select_option("size")
        assert "p" in names.first.inner_text()
        assert "error rate" in names.last.inner_text()


def test_groups_fold_and_an_anchor_opens_one(
    browser: Browser, page_file: Callable[[str], Path]
) -> None:
    path = page_file("trend_index_thirty")
    with opened(browser, path) as page:
        page.get_by_role("button", name="Fold all").click()
        assert page.locator(ROWS).count() == 0
        page.get_by_role("button", name="Unfold all").press("Enter")
        assert page.locator(ROWS).count() > 0
        anchor = page.locator("details.group").last.get_attribute("id")
        page.get_by_role("button", name="Fold all").click()
        page.evaluate(f"location.hash = '#{anchor}'")
        expect(page.locator(f'details[id="{anchor}"]')).to_have_attribute("open", "")


def test_a_slash_leads_to_the_search(browser: Browser, page_file: Callable[[str], Path]) -> None:
    with opened(browser, page_file("trend_index_thirty")) as page:
        page.keyboard.press("/")
        page.keyboard.type("live")
        assert page.get_by_label("Search").input_value() == "live"
        assert page.locator("details.group:visible").count() == 1


@pytest.mark.parametrize("name", ["trend_series_one", "trend_series_thirty"])
def test_the_readout_says_what_the_table_says(
    browser: Browser, page_file: Callable[[str], Path], name: str
) -> None:
    with opened(browser, page_file(name)) as page:
        page.locator("#chart").focus()
        page.keyboard.press("End")
        said = page.locator("#readout").inner_text()
        cells = page.locator("#runs tbody tr").first.locator("th, td").all_inner_texts()
        value = float(re.sub(r"[^0-9.]", "", cells[1]))
        assert float(said.split()[0]) == pytest.approx(value, rel=0.005)
        assert cells[0] in said
        assert cells[4][:8] in said
        assert cells[3] in said
        page.keyboard.press("Escape")
        assert page.locator("#readout").inner_text().startswith("Point at a run")


def test_a_run_has_its_command_ready(browser: Browser, page_file: Callable[[str], Path]) -> None:
    with opened(browser, page_file("trend_series_two_thousand")) as page:
        page.locator("#chart").focus()
        page.keyboard.press("End")
        newest = page.locator("#runs tbody tr").first.locator("td").last.inner_text()
        command = page.locator("#readout code").inner_text()
        assert re.fullmatch(r"perfproof compare( \d{8}t\d{6}z-[0-9a-f]{6}){5} -- \S+", command)
        assert command.endswith(newest)


def test_range_axis_and_brush_are_kept_in_the_address(
    browser: Browser, page_file: Callable[[str], Path]
) -> None:
    path = page_file("trend_series_two_thousand")
    with opened(browser, path) as page:
        label = "document.getElementById('plot').getAttribute('aria-label')"
        assert page.evaluate(label) == "2001 runs, 200 shown"
        page.get_by_role("button", name="all", exact=True).click()
        page.get_by_role("button", name="log axis").click()
        page.get_by_role("button", name="by time").click()
        assert page.evaluate(label) == "2001 runs, 2001 shown"
        assert address(page) == "#range=all&scale=log&by=time"
        page.get_by_role("button", name="by run").click()
        box = page.locator("#chart").bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + 0.4 * box["width"], middle)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.5 * box["width"], middle)
        page.mouse.up()
        assert re.fullmatch(r"#range=part&scale=log&part=\d+-\d+", address(page))
        kept = page.evaluate(label)
        page.reload()
        assert page.evaluate(label) == kept
        page.get_by_role("button", name="last 50").click()
        assert page.evaluate(label) == "2001 runs, 50 shown"


def test_runs_that_are_not_valid_are_rings_on_the_lower_edge(
    browser: Browser, page_file: Callable[[str], Path]
) -> None:
    with opened(browser, page_file("trend_series_two_thousand")) as page:
        rings = page.locator("#plot path.s-breached").last.get_attribute("d") or ""
        # every 97th of the last 200
        assert len(re.findall(r"M[\d.]+ 250m-3", rings)) == 2


@pytest.mark.parametrize("name", ["trend_index_thirty", "trend_series_thirty"])
@pytest.mark.parametrize("dark", [False, True])
def test_text_has_contrast(
    browser: Browser, page_file: Callable[[str], Path], name: str, *, dark: bool
) -> None:
    """4.5:1 of every text against its own background, by computed colours."""
    with opened(browser, page_file(name), dark=dark) as page:
        assert page.evaluate(_CONTRAST) == []


_CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const found = parse(getComputedStyle(at).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim());
    if (!own || !node.checkVisibility() || ["SCRIPT", "STYLE"].includes(node.tagName)) continue;
    const style = getComputedStyle(node);
    const text = node instanceof SVGElement ? parse(style.fill) : parse(style.color);
    const [a, b] = [light(text), light(behind(node))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(`${node.outerHTML.slice(0, 120)} ${style.color}`);
  }
  return bad;
}"""
