"""Rows, family and gate: every case has one verdict, said in one sentence."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_analysis.compared import Comparison, Demands, RowVerdict
from perf_analysis.comparison import compare_runs
from perf_analysis.comparison_wording import change, detection, interval, sentence
from perf_analysis.figures import TAIL_THIN, THIN, QuantileFigure, RunFigures, SeriesFigures
from perf_analysis.gating import conclude, gate, nothing_compared

DEMANDS = Demands(
    margins={"p95": 0.1, "error_rate": 0.005},
    tolerance={"p95": 0.05, "error_rate": 0.0025},
    must_detect={"p95": 0.5, "error_rate": 0.02},
)
PASS, FAIL = RowVerdict.PASS, RowVerdict.FAIL
INCONCLUSIVE, NOT_JUDGED = RowVerdict.INCONCLUSIVE, RowVerdict.NOT_JUDGED
N = 20_000


def series(
    label: str = "",
    p95_s: float = 0.1,
    *,
    failed: int = 0,
    error: float = 0.01,
    flags: tuple[str, ...] = (),
    high: bool = True,
) -> SeriesFigures:
    ln_s = math.log(p95_s)
    figure = QuantileFigure(
        q=0.95, ln_s=ln_s, ln_high_s=ln_s if high else None, error=error, dof=29, n=N,
        n_effective=N / 2, flags=flags,
    )  # fmt: skip
    return SeriesFigures(label=label, n=N, failed=failed, finished=N, quantiles=(figure,))


def run(number: int, *rows: SeriesFigures, resolution_s: float = 0.0) -> RunFigures:
    return RunFigures(run_id=f"run-{number}", phase_s=180.0, resolution_s=resolution_s, series=rows)


def baselines(count: int, *, sd: float = 0.01, **options: object) -> list[RunFigures]:
    """Runs whose p95 spreads evenly around 100 ms."""
    steps = np.linspace(-1.0, 1.0, count) * sd if count > 1 else [0.0]
    return [
        run(i, series(p95_s=0.1 * math.exp(step), **options))  # type: ignore[arg-type]  # by name
        for i, step in enumerate(steps)
    ]


@pytest.mark.parametrize(
    ("candidate", "reference", "metric", "verdict", "says"),
    [
        pytest.param(series(), baselines(8), "p95", PASS, "", id="equal"),
        pytest.param(series(p95_s=0.2), baselines(8), "p95", FAIL, "", id="twice-as-slow"),
        pytest.param(series(p95_s=0.105), baselines(8), "p95", PASS, "", id="under-the-margin"),
        pytest.param(
            series(p95_s=0.115), baselines(3, sd=0.1), "p95", INCONCLUSIVE, "neither", id="noisy"
        ),
        pytest.param(series(), baselines(1), "p95", INCONCLUSIVE, "1 of 3", id="one-baseline"),
        pytest.param(series(), baselines(2), "p95", INCONCLUSIVE, "2 of 3", id="two-baselines"),
        pytest.param(
            series(p95_s=0.5), baselines(2), "p95", INCONCLUSIVE, "2 of 3", id="two-and-slow"
        ),
        pytest.param(series(), baselines(8), "error_rate", PASS, "", id="no-errors"),
        pytest.param(
            series(failed=400), baselines(8), "error_rate", FAIL, "", id="errors-from-none"
        ),
        pytest.param(
            series(failed=30), baselines(8, failed=30), "error_rate", PASS, "", id="same-errors"
        ),
        pytest.param(series(failed=N), baselines(8), "error_rate", FAIL, "", id="all-errors"),
        pytest.param(
            series(failed=N // 2 + 1),
            baselines(8),
            "p95",
            INCONCLUSIVE,
            "more than half failed",
            id="mostly-errors",
        ),
        pytest.param(
            series(flags=(THIN,)), baselines(8), "p95", INCONCLUSIVE, "disappeared", id="thin-now"
        ),
        pytest.param(
            series(), baselines(8, flags=(THIN,)), "p95", NOT_JUDGED, "too few", id="thin-before"
        ),
        pytest.param(
            series(flags=(TAIL_THIN,)),
            baselines(8),
            "p95",
            INCONCLUSIVE,
            "neither",
            id="tail-thin",
        ),
        pytest.param(
            series(high=False), baselines(8), "p95", INCONCLUSIVE, "neither", id="never-answered"
        ),
        pytest.param(
            series(p95_s=1.0, high=False),
            baselines(8),
            "p95",
            FAIL,
            "",
            id="never-answered-and-slow",
        ),
    ],
)
def test_each_case_has_its_verdict(
    candidate: SeriesFigures,
    reference: list[RunFigures],
    metric: str,
    verdict: RowVerdict,
    says: str,
) -> None:
    rows = compare_runs([run(99, candidate)], reference, DEMANDS)
    row = next(row for row in rows if row.metric == metric)
    assert row.verdict is verdict
    assert all(word in row.reason for word in says.split(" "))
    for value in (row.effect, row.low, row.high, row.detectable, row.p, row.p_adjusted):
        assert value is None or math.isfinite(value)


def test_no_requests_at_all_is_no_pass() -> None:
    nothing = SeriesFigures(label="", n=0, failed=0, finished=0)
    rows = compare_runs([run(99, nothing)], baselines(8), DEMANDS)
    assert {row.verdict for row in rows} == {INCONCLUSIVE}
    assert gate(rows) is INCONCLUSIVE


def test_a_rounded_source_is_not_judged_finer_than_it_is() -> None:
    reference = [replace(one, resolution_s=0.02) for one in baselines(8)]
    rows = compare_runs([run(99, series(), resolution_s=0.02)], reference, DEMANDS)
    (row,) = (row for row in rows if row.metric == "p95")
    assert row.verdict is INCONCLUSIVE
    assert "source resolution" in row.reason


def test_endpoints_that_come_and_go() -> None:
    reference = [run(i, series(), series("GET /old"), series("GET /both")) for i in range(5)]
    candidate = run(99, series(), series("GET /new"), series("GET /both"))
    rows = {
        row.label: row for row in compare_runs([candidate], reference, DEMANDS)
        if row.metric == "p95"
    }  # fmt: skip
    assert rows["GET /new"].verdict is NOT_JUDGED
    assert rows["GET /old"].verdict is INCONCLUSIVE
    assert rows["GET /both"].verdict is PASS
    assert not rows["GET /new"].gated
    assert rows["GET /old"].gated


def test_a_changed_mix_keeps_the_names_that_remain() -> None:
    reference = [run(i, series(), series("GET /a"), series("GET /b")) for i in range(5)]
    candidate = run(99, series(p95_s=0.3), series("GET /a"), series("GET /c"))
    rows = compare_runs([candidate], reference, DEMANDS, same_mix=False)
    verdicts = {row.label: row.verdict for row in rows if row.metric == "p95"}
    assert verdicts[""] is NOT_JUDGED
    assert verdicts["GET /a"] is PASS


def test_one_failing_endpoint_of_fifty_is_named() -> None:
    labels = [f"GET /{i}" for i in range(50)]
    reference = [run(i, series(), *(series(label) for label in labels)) for i in range(8)]
    slow = [series(label, 0.2 if label == "GET /7" else 0.1) for label in labels]
    rows = compare_runs([run(99, series(), *slow)], reference, DEMANDS)
    assert rows[0].label == "GET /7"
    assert rows[0].verdict is FAIL
    assert [row.verdict for row in rows].count(FAIL) == 1
    assert gate(rows) is FAIL


@pytest.mark.parametrize(
    ("p95_s", "sd", "mode", "must", "verdict"),
    [
        (0.1, 0.01, "regression", 0.5, PASS),
        (0.1, 0.01, "proof", 0.5, PASS),
        (0.1, 0.06, "regression", 0.5, PASS),
        (0.1, 0.06, "proof", 0.5, INCONCLUSIVE),
        (0.1, 0.06, "regression", 0.1, INCONCLUSIVE),
        (0.1, 0.3, "regression", 0.5, INCONCLUSIVE),
        (0.3, 0.01, "regression", 0.5, FAIL),
        (0.3, 0.01, "proof", 0.5, FAIL),
        (0.3, 0.01, "advisory", 0.5, FAIL),
    ],
)
def test_what_the_gate_asks_for(
    p95_s: float, sd: float, mode: str, must: float, verdict: RowVerdict
) -> None:
    demands = replace(
        DEMANDS, mode=mode, must_detect={"p95": must, "error_rate": 0.02},
        margins={"p95": 0.1}, tolerance={"p95": 0.05},
    )  # fmt: skip
    rows = compare_runs([run(99, series(p95_s=p95_s))], baselines(8, sd=sd), demands)
    assert gate(rows) is verdict
    made = conclude(rows, demands, source="baselines", reference=["a"], against="8 baselines")
    assert made.verdict is verdict
    assert made.gates is (mode != "advisory")
    assert "8 baselines" in made.sentence


def test_a_pass_says_what_would_have_been_found() -> None:
    rows = compare_runs([run(99, series())], baselines(8, sd=0.05), DEMANDS)
    made = conclude(rows, DEMANDS, source="baselines", reference=["a"], against="8 baselines")
    (p95,) = (row for row in rows if row.metric == "p95")
    assert detection(p95).startswith("a rise of ")
    assert detection(p95).endswith(" % would be found 4 times in 5")
    assert "would be found 4 times in 5" in made.sentence
    assert f"{change('p95', p95.detectable or 0.0, signed=False)} in p95 of all requests" in (
        made.sentence
    )


def test_the_sentences() -> None:
    rows = compare_runs([run(99, series(p95_s=0.2))], baselines(8), DEMANDS)
    said = sentence(FAIL, rows, [], DEMANDS, against="8 baselines")
    assert said.startswith("p95 of all requests rose by 100 % (")
    assert said.endswith(") against 8 baselines, tolerated 5 %")
    assert interval(replace(rows[0], high=None)).endswith("beyond any bound")


@pytest.mark.parametrize(("required", "verdict"), [(False, NOT_JUDGED), (True, INCONCLUSIVE)])
def test_a_missing_baseline(required: bool, verdict: RowVerdict) -> None:  # noqa: FBT001  # a row
    made = nothing_compared(replace(DEMANDS, required=required), "no baseline of x", "accept one")
    assert made.verdict is verdict
    assert "no baseline of x" in made.sentence


def test_a_wild_baseline_is_noted_beside_the_verdict() -> None:
    reference = [*baselines(7, sd=0.005), run(50, series(p95_s=3.0))]
    rows = compare_runs([run(99, series(p95_s=0.1))], reference, DEMANDS)
    (p95,) = (row for row in rows if row.metric == "p95")
    assert p95.verdict is INCONCLUSIVE
    assert p95.detectable is not None
    assert p95.detectable > 0.5


@given(
    st.lists(st.floats(0.01, 10.0), min_size=0, max_size=8),
    st.floats(0.01, 10.0),
    st.integers(0, N),
)
def test_every_comparison_ends_in_one_of_four_verdicts(
    levels: list[float], p95_s: float, failed: int
) -> None:
    reference = [run(i, series(p95_s=level)) for i, level in enumerate(levels)]
    if not reference:
        return
    rows = compare_runs([run(99, series(p95_s=p95_s, failed=failed))], reference, DEMANDS)
    assert gate(rows) in set(RowVerdict)
    made = conclude(rows, DEMANDS, source="runs", reference=["a"], against="others")
    assert "nan" not in f"{made}".lower()


def test_the_order_of_baselines_and_series_changes_nothing() -> None:
    labels = ["GET /a", "GET /b", "GET /c"]
    reference = [
        run(i, series(p95_s=0.1 + i / 1000), *(series(label) for label in labels)) for i in range(6)
    ]
    candidate = run(99, series(), *(series(label, 0.12) for label in labels))
    one = compare_runs([candidate], reference, DEMANDS)
    mixed = [replace(r, series=tuple(reversed(r.series))) for r in reversed(reference)]
    assert compare_runs([candidate], mixed, DEMANDS) == one


def test_improvements_are_noted() -> None:
    rows = compare_runs([run(99, series(p95_s=0.05))], baselines(8), DEMANDS)
    (p95,) = (row for row in rows if row.metric == "p95")
    assert p95.notes == ("improved",)
    assert Comparison(rows=rows).gates
