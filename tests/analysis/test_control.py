"""Both arms of a run as rows: what is gated, what is barred, and what nobody may hide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from perf_analysis.compared import PROOF, Demands, RowVerdict
from perf_analysis.control import compare_control
from perf_analysis.filling import build
from perf_analysis.gating import gate
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

DEMANDS = Demands(
    margins={"p95": 0.1, "error_rate": 0.005},
    tolerance={"p95": 0.05, "error_rate": 0.0025},
    mode=PROOF,
)
WINDOWS, EACH = 60, 100


def measured(
    seed: int = 1,
    *,
    slowness: float = 1.0,
    failing: float = 0.0,
    names: tuple[str, ...] = ("/a", "/b"),
    missing: str = "",
) -> Measured:
    """Two arms under one drift; `missing` is a name that the candidate does not ask for."""
    rng = np.random.default_rng(seed)
    series: dict[SeriesKey, dict[Slot, Cell]] = {}
    for window in range(WINDOWS):
        level = -3.0 + float(rng.normal(0.0, 0.1))
        for target in (CANDIDATE, CONTROL):
            for name in names:
                if target == CANDIDATE and name == missing:
                    continue
                factor = slowness if target == CANDIDATE else 1.0
                values = list(rng.lognormal(level, 0.2, EACH) * factor)
                bad = round(failing * EACH) if target == CANDIDATE else 0
                for error, some in (("", values[bad:]), ("http_5xx", values[:bad])):
                    if some:
                        key = SeriesKey(target, "S", "GET", name, 500 if error else 200, error)
                        cell = Cell(n=len(some), service=build(some))
                        series.setdefault(key, {})[Slot(SUSTAINED, window)] = cell
    return Measured(
        window_s=1.0, spans=(Span(phase=SUSTAINED, start_s=0.0, end_s=float(WINDOWS)),),
        open_model=True, series=series, scenarios={},
    )  # fmt: skip


def verdicts(one: Measured, **options: float) -> dict[tuple[str, str], RowVerdict]:
    rows = compare_control([one], DEMANDS, restarted=False, **options)
    return {(row.label, row.metric): row.verdict for row in rows}


def test_equal_arms_pass_and_unequal_ones_fail() -> None:
    assert set(verdicts(measured()).values()) == {RowVerdict.PASS}
    slow = compare_control([measured(slowness=1.3)], DEMANDS, restarted=False)
    assert gate(slow) is RowVerdict.FAIL
    assert slow[0].low is not None
    assert slow[0].high is not None
    assert slow[0].low < 0.3 < slow[0].high


def test_failures_of_the_candidate_are_found() -> None:
    found = verdicts(measured(failing=0.03))
    assert found["", "error_rate"] is RowVerdict.FAIL


def test_durations_of_mostly_failed_requests_prove_nothing() -> None:
    found = verdicts(measured(failing=0.6, slowness=0.5))
    assert found["", "p95"] is RowVerdict.INCONCLUSIVE
    assert found["", "error_rate"] is RowVerdict.FAIL


def test_a_name_that_only_the_control_has_is_not_hidden() -> None:
    found = verdicts(measured(missing="/b"))
    assert found["GET /b", "p95"] is RowVerdict.INCONCLUSIVE
    rows = compare_control([measured(missing="/b")], DEMANDS, restarted=False)
    assert gate(rows) is RowVerdict.INCONCLUSIVE


def test_an_empty_arm_is_no_pass() -> None:
    one = measured()
    alone = replace(one, series={k: v for k, v in one.series.items() if k.target == CONTROL})
    assert set(verdicts(alone).values()) == {RowVerdict.INCONCLUSIVE}


def test_the_only_name_is_all_requests_together() -> None:
    assert set(verdicts(measured(names=("/a",)))) == {("", "p95"), ("", "error_rate")}


def test_a_coarse_source_is_not_judged_finer() -> None:
    assert verdicts(measured(), resolution_s=0.02)["", "p95"] is RowVerdict.INCONCLUSIVE


@pytest.mark.parametrize(("restarted", "fewer"), [(False, True), (True, False)])
def test_rounds_lengthen_or_replicate(restarted: bool, fewer: bool) -> None:  # noqa: FBT001  # a row
    one = compare_control([measured(1)], DEMANDS, restarted=restarted)
    three = compare_control([measured(n) for n in (1, 2, 3)], DEMANDS, restarted=restarted)

    def width(rows: tuple[object, ...]) -> float:
        row = next(r for r in rows if r.label == "" and r.metric == "p95")  # type: ignore[attr-defined]  # rows
        return float(row.high - row.low)  # type: ignore[attr-defined]  # known

    # three replicates have two degrees of freedom: honest, and wide
    assert (width(three) < width(one)) is fewer
