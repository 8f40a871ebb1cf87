"""Seconds of several processes: the worst counts, and accounts add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine_runs import plan_of
from perf_loadtests.accumulate import Accumulator
from perf_loadtests.protocol import CountsModel, HealthModel, SecondRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

HEALTH = HealthModel(
    cpu_ratio=0.1, loop_lag_s=0.0, loop_probes=10, loop_late=0, rss_bytes=1, open_files=1,
    gc_pause_s=0.0, wall_offset_s=0.0,
)  # fmt: skip
ZERO = CountsModel(
    **{name: 0 for name in CountsModel.model_fields if name != "requests_known"},
    requests_known=True,
)


def second(
    worker: int | None, at_s: float, *, started: int = 0, vus: int = 0, **health: float
) -> SecondRecord:
    """One second of one process, with one scenario's cell."""
    cell = {"started": started, "vus": vus}
    rows = [("S", "sustained", 0, cell)] if worker != 0 else []
    raw = {
        "type": "second", "worker": worker, "at_s": at_s, "phase": "load", "vus": vus,
        "cells": {"series": [], "scenarios": rows, "ended": []},
        "health": HEALTH.model_copy(update=health).model_dump(),
        "counts": ZERO.model_copy(update={"started": started}).model_dump(),
    }  # fmt: skip
    return SecondRecord.model_validate(raw, strict=False)


def summed(seconds: Sequence[SecondRecord], workers: int = 2) -> Accumulator:
    """Accumulator that was fed."""
    total = Accumulator(plan_of(rate=10), workers=workers)
    for record in seconds:
        total.feed(record)
    return total


def test_the_busiest_process_is_the_one_that_counts() -> None:
    total = summed([
        second(worker, at_s, cpu_ratio=0.9 if worker == 2 else 0.1)
        for at_s in range(1, 30) for worker in (1, 2, 0)
    ])  # fmt: skip
    assert total.pulses.cpu_p95_ratio() == pytest.approx(0.9)
    assert total.pulses.too_busy() == ["worker 2 was too busy: 90 % of a core"]


def test_a_step_or_a_silence_of_one_process_is_not_lost_among_the_others() -> None:
    total = summed([
        second(1, 1.0, wall_offset_s=0.0), second(2, 1.0, wall_offset_s=5.0), second(0, 1.0),
        second(1, 2.0, wall_offset_s=0.0), second(0, 2.0), second(1, 3.0), second(0, 3.0),
        second(2, 4.5, wall_offset_s=5.75),
    ])  # fmt: skip
    assert total.pulses.wall_step_s == pytest.approx(0.75)
    assert total.pulses.silent_s == pytest.approx(3.5)


def test_a_run_s_second_is_its_master_s_with_the_sum_of_all() -> None:
    total = summed([second(1, 1.0, started=3, vus=2), second(2, 1.0, started=4, vus=5)])
    assert total.progress() is None
    total.feed(second(0, 1.1, vus=7))
    assert total.last is not None
    assert total.last.counts.started == 7
    assert total.measured(None).scenario_cell("sustained").vus == 7


def test_the_accounts_agree_with_the_cells_though_the_master_died_before_its_next_second() -> None:
    total = summed([second(1, 1.0, started=3), second(2, 1.0, started=4), second(0, 1.1)])
    total.feed(second(1, 2.0, started=5))
    assert total.counts is not None
    assert total.counts.started == 9
    assert total.last is not None
    assert total.last.counts.started == 7


def test_parts_of_one_second_count_as_one() -> None:
    total = summed([second(1, 1.0), second(1, 1.0), second(1, 2.0)])
    assert [window.loop_probes for window in total.pulses.windows()] == [10, 10]
