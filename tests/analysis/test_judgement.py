"""The precedence of verdicts, and the one sentence that says why."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_analysis.facts import EndState
from perf_analysis.grammar import parse_threshold
from perf_analysis.judgement import NOTHING_COMPARED, judge
from perf_analysis.series import Cell, Measured, ScenarioCell
from perf_analysis.verdict import Judgement, Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.analysis.conftest import Make

HELD = ("http_req_duration", "p(95)<500")
BREACHED = ("http_req_duration", "p(95)<50")
WORSE = ("http_req_duration", "p(99)<20")
UNDECIDED = ("http_req_duration{name:/x}", "p(95)<500")


def judged(
    make: Make, measured: Measured, rows: Sequence[tuple[str, str]], **changes: object
) -> Judgement:
    thresholds = [parse_threshold(*row) for row in rows]
    return judge(make.facts(measured, **changes), measured, thresholds)


@pytest.fixture(scope="module")
def good(make: Make) -> Measured:
    return make.measured(make.row(make.cell([0.1] * 2000)))


@pytest.mark.parametrize(
    ("rows", "changes", "exit_code", "reason"),
    [
        pytest.param([HELD], {}, 0, "11 of 11 rules held and 1 of 1 threshold held", id="held"),
        pytest.param(
            [BREACHED],
            {},
            1,
            "p(95) of http_req_duration is 100 ms, limit <50 ms",
            id="breached",
        ),
        pytest.param(
            [BREACHED, WORSE, HELD],
            {},
            1,
            "p(99) of http_req_duration is 100 ms, limit <20 ms (and 1 more threshold)",
            id="the worst of several",
        ),
        pytest.param(
            [UNDECIDED],
            {},
            3,
            "http_req_duration{name:/x}: p(95)<500 cannot be decided: no request in the phase "
            "sustained has name /x; seen: GET /health",
            id="undecided",
        ),
        pytest.param(
            [UNDECIDED, BREACHED], {}, 1, "p(95) of http_req_duration is", id="fail over undecided"
        ),
        pytest.param([HELD, UNDECIDED], {}, 3, "http_req_duration{name:/x}", id="one undecided"),
        pytest.param([], {}, 3, "no threshold gates this run", id="no thresholds"),
        pytest.param(
            [BREACHED],
            {"cpu_p95_ratio": 0.96},
            3,
            "V6 generator healthy: CPU p95 96 %, limit CPU < 85 %",
            id="not valid over fail",
        ),
        pytest.param(
            [HELD],
            {"state": EndState.INTERRUPTED, "reached_s": 12.0, "sequence_problem": "cut"},
            3,
            "V1 schedule completed: interrupted at 12 s of 60 s, limit the whole schedule, or an "
            "early end by perfproof itself (and 1 more rule)",
            id="the rule nearest to the cause",
        ),
        pytest.param(
            [HELD],
            {"state": EndState.ABORTED, "reached_s": 12.0, "end_detail": "by p(95)<50"},
            3,
            "the run was ended early (by p(95)<50), and what it measured breaches no threshold",
            id="early stop, all held",
        ),
        pytest.param(
            [HELD, BREACHED],
            {"state": EndState.STOPPED, "reached_s": 12.0},
            1,
            "p(95) of http_req_duration is 100 ms, limit <50 ms",
            id="early stop, breached",
        ),
        pytest.param(
            [HELD],
            {"unknown": frozenset({"V6", "V7"}), "cpu_p95_ratio": None},
            0,
            "9 of 11 rules held (2 unknown) and 1 of 1 threshold held",
            id="unknown rules are counted truthfully",
        ),
    ],
)
def test_the_worst_decides(
    *,
    make: Make,
    good: Measured,
    rows: list[tuple[str, str]],
    changes: dict[str, object],
    exit_code: int,
    reason: str,
) -> None:
    judgement = judged(make, good, rows, **changes)
    assert judgement.exit_code == exit_code
    assert judgement.reason.startswith(reason)
    assert (
        judgement.verdict is {0: Verdict.PASS, 1: Verdict.FAIL, 3: Verdict.INCONCLUSIVE}[exit_code]
    )
    assert bool(judgement.next_step) is (exit_code != 0)
    assert judgement.comparison is NOTHING_COMPARED
    assert [r.threshold for r in judgement.thresholds] == [parse_threshold(*row) for row in rows]


@pytest.mark.parametrize("state", [state for state in EndState if state is not EndState.COMPLETED])
def test_a_run_that_did_not_reach_its_end_is_never_green(
    make: Make, good: Measured, state: EndState
) -> None:
    every_row = [HELD, BREACHED, UNDECIDED, ("http_reqs", "count>0"), ("vus", "value>=0")]
    for size in range(3):
        for rows in itertools.combinations(every_row, size):
            for reached_s in (0.0, 12.0, 60.0):
                judgement = judged(make, good, rows, state=state, reached_s=reached_s)
                assert judgement.exit_code in {1, 3}
                assert judgement.verdict is not Verdict.PASS


@pytest.mark.parametrize("rows", [[HELD], [BREACHED], [HELD, BREACHED], []])
def test_a_broken_rule_is_never_green_or_red(
    make: Make, good: Measured, rows: list[tuple[str, str]]
) -> None:
    broken: dict[str, object] = {
        "reached_s": math.nan,
        "lag_p99_s": 0.2,
        "wall_step_s": 3.0,
        "processes_final": 0,
        "exceptions": {"KeyError in a.py:3": 1},
        "names": 1000,
    }
    for name, value in broken.items():
        judgement = judged(make, good, rows, **{name: value})
        assert (judgement.exit_code, judgement.valid) == (3, False)


def test_a_target_that_answers_nothing_but_errors_fails(make: Make) -> None:
    key = make.key(status=0, error_class="refused")
    measured = make.measured(make.row(make.counted(2000), key=key))
    judgement = judged(make, measured, [HELD, ("http_req_failed", "rate<0.01")])
    assert (judgement.exit_code, judgement.valid) == (1, True)
    assert judgement.reason == "rate of http_req_failed is 100 %, limit <1 %"


def test_a_target_that_never_answers_is_not_green(make: Make) -> None:
    key = make.key(status=0, error_class="abandoned")
    measured = make.measured(
        make.row(make.censored([5.0] * 50), key=key),
        scenario_cell=ScenarioCell(planned=300, started=50, dropped=250, abandoned=50),
    )
    judgement = judged(make, measured, [HELD, ("http_req_failed", "rate<0.01")])
    assert judgement.exit_code == 3
    assert judgement.reason.startswith("V4 little abandoned: 50 of 50 requests abandoned")


def test_a_target_that_collapses_under_the_plan_fails(make: Make) -> None:
    measured = make.measured(
        make.row(make.cell([5.0] * 600)),
        scenario_cell=ScenarioCell(planned=1000, started=600, dropped=400, finished=600),
    )
    judgement = judged(make, measured, [("http_req_failed", "rate<0.01")])
    assert (judgement.exit_code, judgement.reason) == (
        1,
        "rate of http_req_failed is 40 %, limit <1 %",
    )


def test_a_breach_of_a_limit_of_zero_is_the_worst(make: Make) -> None:
    measured = make.measured(
        make.row(make.cell([0.1] * 1000)),
        scenario_cell=ScenarioCell(planned=1001, started=1000, dropped=1, finished=1000),
    )
    rows = [BREACHED, ("dropped_iterations", "count==0"), ("http_reqs", "count>1500")]
    judgement = judged(make, measured, rows)
    assert judgement.reason == (
        "count of dropped_iterations is 1, limit ==0 (and 2 more thresholds)"
    )


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(0, 60), st.integers(0, 60)),
    st.tuples(st.integers(0, 60), st.integers(0, 60)),
    st.sampled_from(["p(90)<500", "p(95)<500", "p(99)<500", "max<500", "avg<500"]),
)
def test_failing_or_dropping_more_never_turns_anything_green(
    make: Make, failed: tuple[int, int], dropped: tuple[int, int], expression: str
) -> None:
    def verdict(failed: int, dropped: int) -> Verdict:
        started = 1000 + failed
        cell = ScenarioCell(
            planned=started + dropped, started=started, dropped=dropped, finished=started
        )
        measured = make.measured(
            make.row(make.cell([0.1] * 1000)),
            make.row(Cell(n=failed), key=make.key(status=0, error_class="reset")),
            scenario_cell=cell,
        )
        rows = [("http_req_failed", "rate<0.05"), ("http_req_latency", expression)]
        return judged(make, measured, rows).verdict

    assert verdict(0, 0) is Verdict.PASS
    if verdict(max(failed), max(dropped)) is Verdict.PASS:
        assert verdict(min(failed), min(dropped)) is Verdict.PASS


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.001, 1.0), min_size=1, max_size=10), st.integers(2, 60))
def test_the_same_samples_fewer_times_never_turn_green(
    make: Make, distinct: list[float], times: int
) -> None:
    def verdict(times: int) -> Verdict:
        measured = make.measured(make.row(make.cell(distinct * times, 0.5)))
        rows = [("http_req_duration", "max<500"), ("http_req_duration", "avg<500")]
        return judged(make, measured, rows).verdict

    if verdict(times // 2) is Verdict.PASS:
        assert verdict(times) is Verdict.PASS


def test_every_outcome_is_listed_whatever_decides(make: Make, good: Measured) -> None:
    judgement = judged(make, good, [HELD, BREACHED, UNDECIDED], wall_step_s=None)
    assert [r.verdict for r in judgement.thresholds] == list(Verdict)
    assert [c.outcome for c in judgement.checks].count(Outcome.BROKEN) == 1
    assert len(judgement.checks) == 11


def test_an_emptied_run_is_never_green(make: Make, good: Measured) -> None:
    rows = [HELD, ("http_reqs", "count>=0"), ("dropped_iterations", "count==0")]
    for emptied in (
        replace(good, series={}),
        replace(good, scenarios={}),
        replace(good, spans=()),
        replace(good, series={}, scenarios={}),
    ):
        assert judged(make, emptied, rows).exit_code == 3
