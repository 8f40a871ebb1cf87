"""V1 to V12: each held, broken and unknown, with its figure and its next step."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from perf_analysis.facts import Accounts, EndState
from perf_analysis.grammar import parse_threshold
from perf_analysis.series import Cell, Measured, ScenarioCell
from perf_analysis.thresholds import evaluate_all
from perf_analysis.validity import RULES, check_stored, check_validity
from perf_analysis.verdict import Check, Outcome

if TYPE_CHECKING:
    from tests.analysis.conftest import Make

HELD, BROKEN, UNKNOWN = Outcome.HELD, Outcome.BROKEN, Outcome.UNKNOWN


@pytest.fixture(scope="module")
def good(make: Make) -> Measured:
    return make.measured(make.row(make.cell([0.1] * 18_000)))


def check(make: Make, rule: str, measured: Measured, **changes: object) -> Check:
    """The row of one rule; `accounts` may be a mapping of changed fields."""
    facts = make.facts(measured)
    accounts = changes.pop("accounts", {})
    assert isinstance(accounts, dict)
    facts = make.facts(measured, accounts=replace(facts.accounts, **accounts), **changes)
    thresholds = [parse_threshold("http_req_duration", "p(99)<500")]
    rows = check_validity(facts, measured, evaluate_all(thresholds, measured))
    return next(row for row in rows if row.rule == rule)


def test_a_good_run_holds_every_rule_in_order(make: Make, good: Measured) -> None:
    rows = check_validity(make.facts(good), good, ())
    assert [row.rule for row in rows] == [f"V{number}" for number in range(1, 12)]
    assert {row.outcome for row in rows} == {HELD}
    assert all(row.title and row.figure and row.limit and not row.advice for row in rows)


HELD_ROWS = [
    pytest.param("V1", {"state": EndState.ABORTED, "reached_s": 12.3}, "aborted", id="V1 abort"),
    pytest.param("V1", {"state": EndState.STOPPED, "reached_s": 0.0}, "stopped", id="V1 stop"),
    pytest.param("V4", {"accounts": {"requests_abandoned": 180}}, "180 of 18,000", id="V4 1 %"),
    pytest.param("V5", {"accounts": {"started": 17_820}}, "17,820 of 18,000", id="V5 99 %"),
    pytest.param(
        "V5", {"accounts": {"started": 1, "dropped": 17_999}}, "18,000 of", id="V5 dropped"
    ),
    pytest.param(
        "V5",
        {"open_model": False, "vu_seconds": 594.0},
        "594 of 600 VU-seconds",
        id="V5 closed",
    ),
    pytest.param("V6", {"cpu_p95_ratio": 0.849}, "CPU p95 84.9 %", id="V6 CPU"),
    pytest.param("V6", {"lag_p99_s": 0.00999}, "lag p99 9.99 ms", id="V6 lag"),
    pytest.param("V6", {"open_model": False, "lag_p99_s": None}, "CPU p95 40 %", id="V6 closed"),
    pytest.param("V6", {"accounts": {"late_drops": 18}}, "CPU", id="V6 late drops"),
    pytest.param("V6", {"silent_s": 4.9}, "CPU", id="V6 silence"),
    pytest.param("V6", {"local_errors": {"local_ports": 0}}, "CPU", id="V6 no errors"),
    pytest.param("V7", {"processes_planned": 4, "processes_final": 4}, "4 of 4", id="V7 many"),
    pytest.param("V8", {"wall_step_s": -0.5}, "largest step 500 ms", id="V8 slewed"),
    pytest.param("V9", {"exceptions": {"TypeError in a.py:1": 0}}, "none", id="V9 none"),
    pytest.param("V10", {}, "not judged: nothing was chosen for comparison", id="V10"),
    pytest.param("V11", {"names": 500}, "500 request names", id="V11"),
]


@pytest.mark.parametrize(("rule", "changes", "figure"), HELD_ROWS)
def test_at_its_limit_a_rule_is_held(
    *, make: Make, good: Measured, rule: str, changes: dict[str, object], figure: str
) -> None:
    row = check(make, rule, good, **dict(changes))
    assert (row.outcome, row.advice) == (HELD, "")
    assert figure in row.figure


BROKEN_ROWS = [
    pytest.param(
        "V1",
        {"state": EndState.INTERRUPTED, "reached_s": 12.3, "end_detail": "SIGINT"},
        "interrupted at 12.3 s of 60 s: SIGINT",
        id="V1 interrupted",
    ),
    pytest.param("V1", {"state": EndState.INTERRUPTED}, "interrupted", id="V1 at the very end"),
    pytest.param("V1", {"state": EndState.INCOMPLETE}, "incomplete", id="V1 no record"),
    pytest.param("V1", {"reached_s": 59.9}, "completed at 59.9 s", id="V1 short"),
    pytest.param("V1", {"reached_s": math.nan}, "completed", id="V1 NaN"),
    pytest.param(
        "V1", {"state": EndState.ABORTED, "reached_s": math.nan}, "aborted", id="V1 NaN abort"
    ),
    pytest.param("V4", {"accounts": {"requests_abandoned": 181}}, "181 of 18,000", id="V4"),
    pytest.param("V5", {"accounts": {"started": 17_819}}, "17,819 of 18,000", id="V5 under 99 %"),
    pytest.param("V5", {"accounts": {"planned": 0}}, "of 0", id="V5 nothing planned"),
    pytest.param("V5", {"open_model": False, "vu_seconds": 593.9}, "594", id="V5 closed"),
    pytest.param("V5", {"open_model": False, "vu_seconds": math.nan}, "no number", id="V5 NaN"),
    pytest.param("V6", {"cpu_p95_ratio": 0.85}, "CPU p95 85 %", id="V6 CPU"),
    pytest.param("V6", {"cpu_p95_ratio": None}, "no figure", id="V6 no CPU"),
    pytest.param("V6", {"cpu_p95_ratio": math.nan}, "CPU", id="V6 NaN"),
    pytest.param("V6", {"lag_p99_s": 0.010}, "lag p99 10 ms", id="V6 lag"),
    pytest.param("V6", {"lag_p99_s": None}, "no figure", id="V6 no lag"),
    pytest.param("V6", {"accounts": {"late_drops": 19}}, "19 arrivals dropped", id="V6 late"),
    pytest.param("V6", {"silent_s": 5.0}, "silent for 5 s", id="V6 P20 suspended"),
    pytest.param("V6", {"local_errors": {"local_ports": 3}}, "3 local_ports", id="V6 T34 ports"),
    pytest.param("V7", {"processes_planned": 2}, "1 of 2", id="V7 one lost"),
    pytest.param("V7", {"processes_planned": 0, "processes_final": 0}, "0 of 0", id="V7 none"),
    pytest.param("V7", {"sequence_problem": "gap after 7"}, "gap after 7", id="V7 gap"),
    pytest.param("V8", {"wall_step_s": 0.51}, "510 ms", id="V8 step"),
    pytest.param("V8", {"wall_step_s": -2.0}, "2 s", id="V8 back"),
    pytest.param("V8", {"wall_step_s": None}, "no figure", id="V8 no figure"),
    pytest.param("V8", {"wall_step_s": math.nan}, "step", id="V8 NaN"),
    pytest.param(
        "V9", {"exceptions": {"TypeError in a.py:1": 2}}, "2 x TypeError in a.py:1", id="V9"
    ),
    pytest.param("V9", {"accounts": {"faulted": 2}}, "2 iterations ended", id="V9 faulted"),
    pytest.param("V9", {"invalid_samples": 1}, "1 invalid samples", id="V9 P25 invalid"),
    pytest.param("V11", {"names": 501}, "501 request names", id="V11 P22"),
]


@pytest.mark.parametrize(("rule", "changes", "figure"), BROKEN_ROWS)
def test_beyond_its_limit_a_rule_is_broken_and_says_what_to_do(
    *, make: Make, good: Measured, rule: str, changes: dict[str, object], figure: str
) -> None:
    row = check(make, rule, good, **dict(changes))
    assert row.outcome is BROKEN
    assert figure in row.figure
    assert row.advice


@pytest.mark.parametrize("rule", RULES)
def test_only_what_a_source_cannot_show_is_unknown(make: Make, good: Measured, rule: str) -> None:
    facts = make.facts(good, unknown=frozenset({rule}), cpu_p95_ratio=None, wall_step_s=None)
    rows = {row.rule: row.outcome for row in check_validity(facts, good, ())}
    assert rows[rule] is UNKNOWN
    assert [name for name, outcome in rows.items() if outcome is UNKNOWN] == [rule]
    assert {rows[name] for name in {"V6", "V8"} - {rule}} == {BROKEN}


@pytest.mark.parametrize(
    "changes",
    [
        {name: 1}
        for name in ("planned", "dropped", "unsent", "finished", "failed", "abandoned",
                     "late_drops", "faulted", "requests_started", "requests_ended",
                     "requests_abandoned")
    ] + [{"started": 1, "finished": 1}, {"started": 1, "planned": 1}, {"failed": -1, "finished": 1},
         {"requests_started": 1, "requests_ended": 1}],
    ids=str,
)  # fmt: skip
def test_an_account_that_is_one_off_does_not_close(
    make: Make, good: Measured, changes: dict[str, int]
) -> None:
    accounts = make.facts(good).accounts
    moved = {name: getattr(accounts, name) + by for name, by in changes.items()}
    assert check(make, "V3", good, accounts=moved).outcome is BROKEN


def test_unknown_request_starts_are_no_account(make: Make, good: Measured) -> None:
    unknown = {"requests_known": False, "requests_started": 0, "requests_ended": 0}
    assert check(make, "V3", good, accounts=unknown).outcome is HELD
    row = check(make, "V4", good, accounts=unknown | {"abandoned": 181})
    assert (row.outcome, row.figure) == (BROKEN, "181 of 18,000 iterations abandoned")


@pytest.mark.parametrize(
    ("n", "subject", "expression", "outcome"),
    [
        pytest.param(1000, "http_req_duration", "p(99)<500", HELD, id="just enough"),
        pytest.param(999, "http_req_duration", "p(99)<500", BROKEN, id="one too few"),
        pytest.param(999, "http_req_duration", "p(95)<500", HELD, id="lower quantile"),
        pytest.param(199, "http_req_failed", "rate<0.1", BROKEN, id="rate"),
        pytest.param(0, "http_req_duration", "p(95)<500", BROKEN, id="none at all"),
        pytest.param(5, "http_reqs", "count>1", HELD, id="counter"),
        pytest.param(199, "iteration_duration", "p(95)<500", BROKEN, id="iterations"),
        pytest.param(300, "http_req_duration{name:/x}", "p(95)<500", HELD, id="left to its row"),
        pytest.param(
            300, "http_req_duration{status:500}", "p(95)<500", HELD, id="outcome left aside"
        ),
    ],
)
def test_v2_counts_finished_requests(
    *, make: Make, n: int, subject: str, expression: str, outcome: Outcome
) -> None:
    measured = make.measured(make.row(make.cell([0.1] * n)))
    results = evaluate_all([parse_threshold(subject, expression)], measured)
    rows = check_validity(make.facts(measured), measured, results)
    assert rows[1].outcome is outcome


def test_v2_counts_failed_requests_but_not_abandoned_ones(make: Make) -> None:
    results = evaluate_all([parse_threshold("http_req_duration", "p(95)<5")], make.nothing())
    for error_class, outcome in (("refused", HELD), ("abandoned", BROKEN)):
        key = make.key(status=0, error_class=error_class)
        measured = make.measured(make.row(make.counted(500), key=key))
        assert check_validity(make.facts(measured), measured, results)[1].outcome is outcome


def test_v2_leaves_a_run_that_was_ended_early_to_its_rows(make: Make) -> None:
    measured = make.measured(make.row(make.cell([0.1] * 10)))
    for state, outcome in ((EndState.ABORTED, HELD), (EndState.COMPLETED, BROKEN)):
        assert check(make, "V2", measured, state=state).outcome is outcome


@pytest.mark.parametrize(
    ("error_class", "rule"),
    [("local_files", "V6"), ("local_memory", "V6"), ("invalid_sample", "V9")],
)
def test_samples_speak_where_the_accounts_are_silent(
    make: Make, error_class: str, rule: str
) -> None:
    key = make.key(status=0, error_class=error_class)
    measured = make.measured(make.row(Cell(n=300), key=key))
    assert check(make, rule, measured).outcome is BROKEN


def test_no_cells_and_no_accounts_prove_nothing(make: Make) -> None:
    facts = make.facts(make.nothing(), accounts=Accounts())
    broken = {
        row.rule for row in check_validity(facts, make.nothing(), ()) if row.outcome is BROKEN
    }
    assert broken == {"V5"}


def test_dropped_arrivals_are_the_targets_failure_not_an_invalid_run(make: Make) -> None:
    cell = ScenarioCell(planned=18_000, started=600, dropped=17_400, finished=600)
    measured = make.measured(make.row(make.cell([5.0] * 600)), scenario_cell=cell)
    rows = check_validity(make.facts(measured), measured, ())
    assert {row.outcome for row in rows} == {HELD}


@pytest.mark.parametrize(("equal", "outcome"), [(True, HELD), (False, BROKEN)])
def test_v12_compares_what_was_read_back(*, equal: bool, outcome: Outcome) -> None:
    row = check_stored(equal=equal)
    assert (row.rule, row.outcome, bool(row.advice)) == ("V12", outcome, not equal)
