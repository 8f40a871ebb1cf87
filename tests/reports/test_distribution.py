"""Distributions as drawn: equal to the tables, whole where they claim it, silent where too thin."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from perf_analysis.filling import build
from perf_analysis.histogram import Histogram
from perf_analysis.series import CONTROL, SUSTAINED, Cell, Measured, SeriesKey, Slot, Span
from perf_reports.charts import heat, latency, sheet, shift, tail
from perf_reports.distribution import BINS, MOST_GROUPS, MOST_SMALL_POINTS, build_distribution
from perf_reports.drawn import EndpointLine
from perf_reports.endpoints import endpoint_rows
from perf_reports.html.small import smalls, sparks

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from perf_documents.run import Run
    from perf_reports.charts.sheet import Picture
    from perf_reports.drawn import Distribution
    from perf_reports.parts import View

KEY = SeriesKey("candidate", "S", "GET", "/a", 200, "")


def drawn(chart: ModuleType, view: View) -> Picture:
    with sheet.settings():
        picture: Picture | None = chart.draw(view)
    assert picture is not None
    return picture


def measured(
    windows: dict[int, list[float]], late: dict[int, list[float]] | None = None
) -> Measured:
    """One endpoint in a plateau; `late` never completed."""
    slots = {
        Slot(SUSTAINED, window): Cell(
            n=len(values) + len((late or {}).get(window, [])),
            service=build(values),
            latency=build(values),
            service_censored=build((late or {}).get(window, [])),
        )
        for window, values in windows.items()
    }
    end_s = float(max(windows) + 1)
    return Measured(
        window_s=1.0, spans=(Span(phase=SUSTAINED, start_s=0.0, end_s=end_s),), open_model=False,
        series={KEY: slots}, scenarios={},
    )  # fmt: skip


def distribution(of: Measured) -> Distribution:
    rows = endpoint_rows(of, SUSTAINED, ())
    windows = max(slot.window for slot in of.series[KEY]) + 1
    return build_distribution(of, SUSTAINED, rows, windows)


def test_the_tail_ends_where_ten_requests_lie_above() -> None:
    found = distribution(measured({0: [0.001 * i for i in range(1, 1001)]}))
    (curve,) = found.curves
    assert curve.n == 1000
    assert curve.points[-1][0] == pytest.approx(0.99)
    assert curve.points[-1][1] == pytest.approx(0.99, rel=0.01)
    assert distribution(measured({0: [0.1] * 10})).curves == ()


def test_the_tail_ends_before_requests_that_never_completed_would_decide() -> None:
    values = [0.001 * i for i in range(1, 951)]
    (curve,) = distribution(measured({0: values}, {0: [30.0] * 50})).curves
    assert curve.censored == 50
    assert 0.85 < curve.points[-1][0] < 0.95


def test_every_request_is_in_one_bin(run_of: Callable[[str], Run]) -> None:
    run = run_of("pass")
    found = build_distribution(
        run.measured, SUSTAINED, endpoint_rows(run.measured, SUSTAINED, ()), 30
    )
    assert found.heat is not None
    wanted = sum(
        cell.latency.n for slots in run.measured.series.values() for cell in slots.values()
    )
    assert sum(map(sum, found.heat.counts)) == wanted
    assert {len(column) for column in found.heat.counts} == {BINS}


def test_long_runs_are_drawn_from_groups() -> None:
    found = distribution(measured({window: [0.1, 0.2] * 20 for window in range(600)}))
    assert found.heat is not None
    assert len(found.heat.counts) == MOST_GROUPS
    assert found.heat.group_s == 6.0
    assert len(found.lines[0].p95_s) == MOST_SMALL_POINTS


def test_two_modes_are_two_bands() -> None:
    found = distribution(measured({window: [0.01, 1.0] * 50 for window in range(20)}))
    assert found.heat is not None
    for column in found.heat.counts:
        assert [count for count in column if count] == [50, 50]


def test_one_duration_is_one_band() -> None:
    found = distribution(measured({0: [0.05] * 40}))
    assert found.heat is not None
    assert max(found.heat.counts[0]) == 40


def test_a_control_is_a_second_line_everywhere(view_of: Callable[[str], View],
                                               run_of: Callable[[str], Run]) -> None:  # fmt: skip
    run = run_of("pass")
    control = {
        key._replace(target=CONTROL): slots
        for key, slots in run.measured.series.items()
        if not key.error_class
    }
    both = replace(run.measured, series={**run.measured.series, **control})
    rows = endpoint_rows(both, SUSTAINED, ())
    found = build_distribution(both, SUSTAINED, rows, 30)
    assert [curve.target for curve in found.curves] == ["candidate", CONTROL]
    assert all(any(line.control_p95_s) for line in found.lines)
    view = replace(view_of("controlled"), distribution=found)
    picture = drawn(tail, view)
    assert 'data-line="control"' in picture.svg
    assert picture.columns == ("quantile", "candidate", "control")
    assert all(small.control for small in smalls(view))
    line = replace(view.timeline, control_p95_s=view.timeline.p95_s)
    over_time = drawn(latency, replace(view, timeline=line))
    assert "control p95" in over_time.columns
    assert {len(row) for row in over_time.rows} == {len(over_time.columns)}


def test_baselines_are_levels_and_never_lines(view_of: Callable[[str], View]) -> None:
    view = view_of("regressed")
    picture = drawn(tail, view)
    assert picture.columns == ("quantile", "candidate", "baselines")
    assert dict(zip(*[[row[i] for row in picture.rows] for i in (0, 2)], strict=True))[
        "95 %"
    ] == "63.0 ms"  # fmt: skip
    assert "baselines p95, service time" in drawn(latency, view).svg
    assert all(small.level for small in smalls(view) if small.label == "GET /api/v1/traces")


def test_the_shift_says_each_interval_and_what_is_open(view_of: Callable[[str], View]) -> None:
    picture = drawn(shift, view_of("regressed"))
    assert [row[0] for row in picture.rows] == ["p50", "p90", "p95", "p99"]
    assert picture.rows[-1][-1] == "n/a"
    assert "A triangle: requests that never completed" in picture.sentence
    assert len(picture.stops) == len(picture.rows)
    few = tuple(replace(s, low=None, high=None) for s in view_of("regressed").comparison.shift)
    view = view_of("regressed")
    view = replace(view, comparison=replace(view.comparison, shift=few))
    assert "fewer than three runs" in drawn(shift, view).sentence
    assert shift.draw(view_of("pass")) is None


def test_marks_of_the_shift_stand_where_the_table_says(view_of: Callable[[str], View]) -> None:
    view = view_of("regressed")
    picture = drawn(shift, view)
    ticks = re.findall(r'y="([\d.]+)"[^>]*/>\s*<text [^>]*text-anchor="end"[^>]*>([+-]?\d+)<',
                       picture.svg)  # fmt: skip
    (low_y, low), (high_y, high) = [(float(y), float(t)) for y, t in (ticks[0], ticks[-1])]
    group = re.search(r'<g data-line="now".*?</g>', picture.svg, re.DOTALL)
    assert group is not None
    marks = re.findall(r'<use [^>]*x="([\d.]+)" y="([\d.]+)"', group[0])
    read = [low + (float(y) - low_y) * (high - low) / (high_y - low_y) for _, y in marks]
    assert read == pytest.approx([100 * s.effect for s in view.comparison.shift], abs=0.3)
    assert [float(x) for x, _ in marks] == pytest.approx(picture.stops, abs=0.2)


def test_small_drawings_stay_in_their_box(view_of: Callable[[str], View], situation: str) -> None:
    view = view_of(situation)
    for small in (*smalls(view), *sparks(view).values()):
        places = re.findall(r"([\d.]+) ([\d.]+)", small.line + small.control)
        assert all(0 <= float(x) <= small.width for x, _ in places)
        assert all(0 <= float(y) <= small.height for _, y in places)


def test_an_endpoint_of_few_requests_is_said_to_be_suppressed(
    view_of: Callable[[str], View],
) -> None:
    line = EndpointLine(
        label="GET /rare", point_s=1.0, p95_s=(None, None, None), control_p95_s=(),
        failed=(False, True, False),
    )  # fmt: skip
    view = view_of("pass")
    view = replace(view, distribution=replace(view.distribution, lines=(line,)))
    (small,) = smalls(view)
    assert (small.line, small.said) == ("", "p95 suppressed: too few requests in any point")
    assert len(small.failed) == 1


def test_nothing_recorded_draws_nothing(view_of: Callable[[str], View]) -> None:
    view = view_of("zero_requests")
    assert tail.draw(view) is None
    assert heat.draw(view) is None
    assert smalls(view) == ()
    empty = Measured(window_s=1.0, spans=(), open_model=True, series={}, scenarios={})
    assert build_distribution(empty, "all", endpoint_rows(empty, "all", ()), 0).heat is None
    assert Histogram().n == 0
