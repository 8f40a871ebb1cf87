"""What a page of a trend is made with, how it tells values, and what it offers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fakes.histories import stepping
from fakes.sites import HISTORIES, make_site
from perf_baselines.trend_points import SeriesName
from perf_reports.html import shell
from perf_reports.trend import links, words
from perf_reports.trend.site import pages


@pytest.mark.parametrize("template", ["opening.html", "tiles.html", "trend.css", "report.js"])
def test_pages_are_made_anew_when_what_they_are_made_with_changes(
    template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = next(pages(make_site(HISTORIES["one"]()))).made_from
    asset = shell._asset
    monkeypatch.setattr(shell, "_asset", lambda name: asset(name) + " " * (name == template))
    assert next(pages(make_site(HISTORIES["one"]()))).made_from != before


@pytest.mark.parametrize("unit", ["s", "ratio", "/s"])
def test_a_measure_in_a_unit_of_ours_is_told_as_it_is(unit: str) -> None:
    foreign = SeriesName("", "wait", unit, "lower")
    assert words.value(foreign, 0.5) == f"0.500 {unit}"
    assert words.word(foreign, improved=False) == "worse"
    ours = SeriesName("p95", "", "s", "lower")
    assert (words.value(ours, 0.5), words.word(ours, improved=False)) == ("500 ms", "slower")


def test_only_runs_whose_document_is_kept_are_offered_for_comparison() -> None:
    records = stepping([(30, 0.1), (30, 0.15)])
    ids = [record.run_id for record in records]
    kept = {*ids[20:26], *ids[40:]}

    def command(documented: set[str]) -> str:
        site = replace(make_site(records), documented=frozenset(documented))
        track = next(t for t in site.tracks if t.name.text == "p95 of all requests")
        return links.compare_commands(track, site.documented)[0]

    assert command(kept) == f"perfproof compare {' '.join(ids[23:26])} -- {' '.join(ids[40:43])}"
    assert command(set(ids[40:])) == ""
