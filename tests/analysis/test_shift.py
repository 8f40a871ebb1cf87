"""The change by quantile: equal to what the gate computes, and open where nothing is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from perf_analysis.compared import Demands, QuantileShift
from perf_analysis.comparison import compare_runs
from perf_analysis.control import compare_control, total_pairs
from perf_analysis.figures import QuantileFigure, RunFigures, SeriesFigures
from perf_analysis.filling import build
from perf_analysis.series import (
    CANDIDATE,
    CONTROL,
    SUSTAINED,
    Cell,
    Measured,
    SeriesKey,
    Slot,
    Span,
)
from perf_analysis.shift import PAIRED_QUANTILES, shift_against_control, shift_between_runs

ALPHA = 0.01
DEMANDS = Demands(margins={"p95": 0.1}, tolerance={"p95": 0.0}, alpha=ALPHA)


def figure(q: float, level_s: float) -> QuantileFigure:
    ln_s = math.log(level_s)
    return QuantileFigure(
        q=q, ln_s=ln_s, ln_high_s=ln_s, error=0.01, dof=29, n=9000, n_effective=900.0
    )


def run(number: int, factor: float, quantiles: tuple[float, ...] = (0.5, 0.95)) -> RunFigures:
    figures = tuple(figure(q, q * 0.1 * factor) for q in quantiles)
    series = SeriesFigures(label="", n=9000, failed=0, finished=9000, quantiles=figures)
    return RunFigures(run_id=f"r{number}", phase_s=90.0, series=(series,))


REFERENCE = [run(i, factor) for i, factor in enumerate((0.98, 1.0, 1.03, 0.99, 1.01))]


def test_it_equals_the_row_of_the_gate() -> None:
    candidate = [run(9, 1.2)]
    row = compare_runs(candidate, REFERENCE, DEMANDS)[0]
    shift = {s.q: s for s in shift_between_runs(candidate, REFERENCE, ALPHA)}[0.95]
    assert (shift.effect, shift.low, shift.high) == pytest.approx((row.effect, row.low, row.high))
    assert shift.reference_s == pytest.approx(row.reference)
    assert (shift.lowest_s, shift.highest_s) == pytest.approx((0.0931, 0.09785))


def test_only_what_all_runs_hold_is_shown_in_order() -> None:
    candidate = [run(9, 1.2, (0.5, 0.95, 0.99))]
    assert [s.q for s in shift_between_runs(candidate, REFERENCE, ALPHA)] == [0.5, 0.95]
    nameless = replace(REFERENCE[0], series=())
    assert shift_between_runs(candidate, [nameless, *REFERENCE], ALPHA) == ()


@pytest.mark.parametrize("count", [1, 2])
def test_few_runs_have_an_effect_and_no_interval(count: int) -> None:
    for shift in shift_between_runs([run(9, 1.1)], REFERENCE[1 : 1 + count], ALPHA):
        assert shift.effect == pytest.approx(0.1, abs=0.05)
        assert (shift.low, shift.high) == (None, None)


def two_arms(slowness: float) -> Measured:
    rng = np.random.default_rng(3)
    series: dict[SeriesKey, dict[Slot, Cell]] = {}
    for window in range(60):
        for target, factor in ((CANDIDATE, slowness), (CONTROL, 1.0)):
            key = SeriesKey(target, "S", "GET", "/a", 200, "")
            values = rng.lognormal(-3.0, 0.3, 100) * factor
            series.setdefault(key, {})[Slot(SUSTAINED, window)] = Cell(n=100, service=build(values))
    return Measured(
        window_s=1.0, spans=(Span(phase=SUSTAINED, start_s=0.0, end_s=60.0),), open_model=True,
        series=series, scenarios={},
    )  # fmt: skip


def test_against_a_control_the_whole_distribution_is_seen() -> None:
    measured = two_arms(1.2)
    shifts = shift_against_control(total_pairs([measured], lengthen=True), ALPHA, restarted=False)
    assert tuple(shift.q for shift in shifts) == PAIRED_QUANTILES
    assert all(shift.low is not None and shift.low < 0.2 for shift in shifts)
    assert all(shift.high is not None and shift.high > 0.2 for shift in shifts)
    row = next(
        r for r in compare_control([measured], DEMANDS, restarted=False) if r.metric == "p95"
    )
    assert {s.q: s.effect for s in shifts}[0.95] == row.effect


def test_a_quantile_that_an_arm_has_too_few_requests_for_is_left_out() -> None:
    measured = two_arms(1.0)
    series = {key: {s: c for s, c in slots.items() if s.window < 8} for key, slots in
              measured.series.items()}  # fmt: skip
    pairs = total_pairs([replace(measured, series=series)], lengthen=True)
    shown = [shift.q for shift in shift_against_control(pairs, ALPHA, restarted=False)]
    assert shown == [q for q in PAIRED_QUANTILES if q < 0.99]
    assert shift_against_control([], ALPHA, restarted=False) == ()


def test_rounds_with_restarts_show_their_lowest_and_highest_level() -> None:
    rounds = [two_arms(1.0), two_arms(1.0), two_arms(1.0)]
    shifts = shift_against_control(total_pairs(rounds, lengthen=False), ALPHA, restarted=True)
    assert all(isinstance(shift, QuantileShift) for shift in shifts)
    assert all(shift.lowest_s == pytest.approx(shift.highest_s) for shift in shifts)
