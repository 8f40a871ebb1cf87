"""Where the time went, and the scenario's checks, as the page and the JSON show them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from perf_analysis.filling import build
from perf_analysis.timings import TIMINGS, Timings
from perf_reports.endpoints import endpoint_rows
from perf_reports.html import timed
from perf_reports.json_view import render_json
from perf_reports.timed import check_rows, timed_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_documents.run import Run
    from perf_reports.parts import View


def test_timings_are_shown_for_all_and_for_each_endpoint(
    view_of: Callable[[str], View], run_of: Callable[[str], Run]
) -> None:
    view = view_of("pass")
    assert [row.label for row in view.timings] == [row.label for row in view.endpoints]
    shown = json.loads(render_json(view, run_of("pass")))
    by_name = {row["name"]: row["timings"] for row in shown["endpoints"]}
    assert by_name["all"]["n"] == sum(timings["n"] for timings in by_name.values()) / 2
    assert by_name["GET /health"]["waiting"]["p50"]["value_s"] > 0.001
    assert by_name["GET /health"]["connecting"]["p50"] == {"value_s": 0.0, "at_least": False}
    assert set(TIMINGS) < set(by_name["all"])


def test_answers_that_never_came_mark_the_wait_as_a_lower_bound(
    run_of: Callable[[str], Run],
) -> None:
    measured = run_of("pass").measured
    key = next(iter(measured.timings))
    values = {name: build([0.001] * 150) for name in TIMINGS}
    lost = Timings(n=400, timed=400, values=values, censored={"waiting": build([5.0] * 250)})
    hung = replace(measured, timings={key: {"sustained": lost}})
    (row, _) = timed_rows(hung, "sustained", endpoint_rows(measured, "sustained", ()))
    waiting = row.figures[TIMINGS.index("waiting")]
    assert [figure.at_least for figure in waiting] == [True, True]
    assert [figure.at_least for figure in row.figures[0]] == [False, False]


def test_the_check_that_failed_most_stands_first(run_of: Callable[[str], Run]) -> None:
    rows = check_rows(run_of("pass").measured, "sustained")
    assert [(row.name, row.passed) for row in rows] == [
        ("is <b>sorted</b>", 790),
        ("has items", 800),
    ]
    assert check_rows(run_of("pass").measured, "ramp") == ()


def test_runs_without_them_have_no_such_tables(view_of: Callable[[str], View]) -> None:
    assert timed.timings(view_of("fail")) is None
    assert timed.checks(view_of("fail")) is None
