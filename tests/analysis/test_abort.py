"""`abortOnFail`: only late enough, on enough data, and beyond doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perf_analysis.abort import breach_to_abort
from perf_analysis.grammar import parse_threshold
from perf_analysis.verdict import Verdict

if TYPE_CHECKING:
    from tests.analysis.conftest import Make


@pytest.mark.parametrize(
    ("subject", "expression", "n", "elapsed_s", "aborts"),
    [
        pytest.param("http_req_duration", "p(95)<50", 300, 20.1, True, id="breached"),
        pytest.param("http_req_duration", "p(95)<500", 300, 20.1, False, id="held"),
        pytest.param("http_req_duration", "p(95)<50", 300, 20.0, False, id="not after the delay"),
        pytest.param("http_req_duration", "p(95)<50", 199, 40.0, False, id="H20 too few"),
        pytest.param("http_req_duration", "p(99)<50", 300, 40.0, False, id="too few for p99"),
        pytest.param("checks", "rate>0.9", 300, 40.0, False, id="no data"),
        pytest.param("http_reqs", "rate>95", 300, 29.9, False, id="rate before 30 s"),
        pytest.param("http_reqs", "rate>95", 300, 30.0, True, id="rate from 30 s on"),
        pytest.param("http_reqs", "count>=1000", 300, 50.0, False, id="may still be reached"),
        pytest.param("http_reqs", "count==1000", 300, 50.0, False, id="may still be hit"),
        pytest.param("http_reqs", "count!=300", 300, 50.0, False, id="will be left again"),
        pytest.param("http_reqs", "count<100", 300, 50.0, True, id="reached for good"),
        pytest.param("http_reqs", "count==100", 300, 50.0, True, id="passed for good"),
    ],
)
def test_only_a_breach_beyond_doubt_ends_a_run(
    *, make: Make, subject: str, expression: str, n: int, elapsed_s: float, aborts: bool
) -> None:
    threshold = parse_threshold(subject, expression, abort_on_fail=True, delay_abort_eval_s=20.0)
    measured = make.measured(
        make.row(make.cell([0.1] * n, threshold.limit_s)), spans=(("sustained", elapsed_s),)
    )
    result = breach_to_abort(threshold, measured, elapsed_s)
    assert (result is not None) is aborts
    if result is not None:
        assert result.verdict is Verdict.FAIL


@pytest.mark.parametrize(("asked", "elapsed_s"), [(False, 40.0), (True, 0.0), (True, -5.0)])
def test_nothing_ends_a_run_unasked_or_before_the_judged_phase(
    *, make: Make, asked: bool, elapsed_s: float
) -> None:
    threshold = parse_threshold("http_req_duration", "p(95)<50", abort_on_fail=asked)
    measured = make.measured(make.row(make.cell([0.1] * 300)))
    assert breach_to_abort(threshold, measured, elapsed_s) is None
