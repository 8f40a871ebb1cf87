"""The wall clock is set while a run goes on: no figure moves, and the run says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import wall_clock
from engine_runs import HEALTH, requests_of
from perf_analysis.grammar import parse_threshold
from perf_analysis.judgement import judge

if TYPE_CHECKING:
    from engine_runs import Bench
    from perf_documents.events import Notice, Progress

THRESHOLDS = (parse_threshold("http_req_failed", "rate<0.01"),)
HOUR_S, YEAR_S = 3_600, 31_557_600

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(wall_clock.COMPILER is None, reason="no C compiler to make a clock with"),
]


@pytest.mark.parametrize("step_s", [-HOUR_S, HOUR_S, 10 * YEAR_S])
def test_e01_a_wall_clock_that_steps_moves_no_figure_and_is_no_proof(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, step_s: int
) -> None:
    clock = wall_clock.build(bench.folder)
    for name, value in clock.environ.items():
        monkeypatch.setenv(name, value)
    seconds: list[object] = []

    def step(event: Progress | Notice) -> None:
        seconds.append(event)
        if len(seconds) == 2:
            clock.set(step_s)

    run = bench.run(HEALTH, emit=step, rate=100, duration_s=4, thresholds=THRESHOLDS)
    judgement = judge(run.facts(), run.measured, run.plan.thresholds)
    assert judgement.exit_code == 3
    assert [check.rule for check in judgement.checks if check.outcome == "broken"] == ["V8"]
    assert run.engine.wall_step_s == pytest.approx(abs(step_s), abs=1.0)
    assert run.engine.accounts.planned == run.engine.accounts.started == requests_of(run) == 400
    for cell in run.measured.cells("sustained").values():
        assert 0.0 < (cell.latency.quantile_s(0.99) or 0.0) < 1.0


def test_e01_a_wall_clock_that_is_only_wrong_changes_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = wall_clock.build(bench.folder)
    clock.set(20 * YEAR_S)
    for name, value in clock.environ.items():
        monkeypatch.setenv(name, value)
    run = bench.run(HEALTH, rate=120, duration_s=2, thresholds=THRESHOLDS)
    assert judge(run.facts(), run.measured, run.plan.thresholds).exit_code == 0
