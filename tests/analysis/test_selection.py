"""Selectors on runs: what they match, and what is said of those that match nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from perf_analysis.grammar import parse_threshold
from perf_analysis.series import Measured, ScenarioCell, Slot
from perf_analysis.thresholds import evaluate
from perf_analysis.verdict import Verdict

if TYPE_CHECKING:
    from tests.analysis.conftest import Make


@pytest.fixture(scope="module")
def measured(make: Make) -> Measured:
    return make.measured(
        make.row(make.counted(1), key=make.key("GET /health")),
        make.row(make.counted(2), key=make.key("POST /health", status=201)),
        make.row(make.counted(4), key=make.key("GET /item", scenario="shop")),
        make.row(make.counted(8), key=make.key("GET /item", status=0, error_class="timeout")),
        make.row(make.counted(16), key=make.key("GET /item", target="control")),
        make.row(make.counted(32), key=make.key("GET /ramp"), phase="ramp"),
        spans=(("ramp", 10.0), ("sustained", 60.0)),
    )


@pytest.mark.parametrize(
    ("selector", "count"),
    [
        pytest.param("", 15, id="none: the candidate in the judged phase"),
        pytest.param("{name:GET /health}", 1, id="name with method"),
        pytest.param("{name:/health}", 3, id="bare name under every method"),
        pytest.param("{method:POST}", 2, id="method"),
        pytest.param("{status:0}", 8, id="no response"),
        pytest.param("{scenario:shop}", 4, id="scenario"),
        pytest.param("{error_code:timeout}", 8, id="class"),
        pytest.param("{expected_response:true}", 7, id="expected"),
        pytest.param("{expected_response:false}", 8, id="unexpected"),
        pytest.param("{target:control}", 16, id="control"),
        pytest.param("{target:candidate,name:GET /item}", 12, id="candidate by name"),
        pytest.param("{phase:ramp}", 32, id="phase"),
        pytest.param("{phase:all}", 47, id="all phases"),
    ],
)
def test_tags_are_joined_by_and(measured: Measured, selector: str, count: int) -> None:
    result = evaluate(parse_threshold(f"http_reqs{selector}", f"count=={count}"), measured)
    assert (result.observed, result.verdict) == (count, Verdict.PASS)


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        pytest.param(
            "http_reqs{name:GET /helth}",
            "no request in the phase sustained has name GET /helth; "
            "seen: GET /item, POST /health, GET /health",
            id="name, most frequent first",
        ),
        pytest.param(
            "http_reqs{name:GET /ramp}",
            "no request in the phase sustained has name GET /ramp; "
            "seen: GET /item, POST /health, GET /health",
            id="a name of another phase",
        ),
        pytest.param(
            "http_reqs{name:/health,status:404}",
            "no request in the phase sustained has status 404; seen: 0, 200, 201",
            id="the tag at fault",
        ),
        pytest.param(
            "http_reqs{error_code:reset}",
            "no request in the phase sustained has error_code reset; seen: timeout",
            id="class",
        ),
        pytest.param(
            "http_reqs{method:POST,status:200}",
            "no request in the phase sustained has all of the selected tags",
            id="each occurred, not together",
        ),
        pytest.param(
            "http_reqs{phase:warm-up}",
            "the run has no phase warm-up; seen: ramp, sustained",
            id="phase",
        ),
        pytest.param(
            "iterations{scenario:shop}",
            "no iteration has scenario shop; seen: web",
            id="scenario",
        ),
        pytest.param(
            "iterations{phase:ramp}", "nothing was recorded in the phase ramp", id="phase alone"
        ),
    ],
)
def test_a_selector_that_matches_nothing_says_what_did_occur(
    measured: Measured, subject: str, reason: str
) -> None:
    for text in ("count==0", "count<5", "rate<1"):
        result = evaluate(parse_threshold(subject, text), measured)
        assert (result.verdict, result.observed) == (Verdict.INCONCLUSIVE, None)
        assert result.reason == reason


def test_at_most_five_values_are_listed(make: Make) -> None:
    rows = [make.row(make.counted(9 - i), key=make.key(f"GET /{i}")) for i in range(8)]
    result = evaluate(parse_threshold("http_reqs{name:/x}", "count>0"), make.measured(*rows))
    assert result.reason.endswith("seen: GET /0, GET /1, GET /2, GET /3, GET /4 and 3 more")


def test_a_run_without_a_control_says_so(make: Make) -> None:
    measured = make.measured(make.row(make.cell([0.1] * 500)))
    for subject in ("http_req_duration", "http_req_failed"):
        text = "p(95)<500" if subject == "http_req_duration" else "rate<0.5"
        result = evaluate(parse_threshold(subject + "{target:control}", text), measured)
        assert (result.verdict, result.reason) == (
            Verdict.INCONCLUSIVE,
            "there is no control in this run",
        )


def test_virtual_users_of_several_scenarios_add_up(make: Make) -> None:
    cells = {
        "one": {
            Slot("ramp", 0): ScenarioCell(vus=9, vus_busy_max=4),
            Slot("sustained", 1): ScenarioCell(vus=3, vus_busy_max=2),
        },
        "two": {Slot("sustained", 1): ScenarioCell(vus=4, vus_busy_max=3)},
    }
    measured = replace(make.measured(spans=(("ramp", 1.0), ("sustained", 1.0))), scenarios=cells)
    assert measured.scenario_cell("sustained").vus == 7
    assert measured.scenario_cell("all", "one").vus == 3
    assert measured.scenario_cell("all").vus_busy_max == 4
    assert measured.scenario_cell("drain") == ScenarioCell()
    assert evaluate(parse_threshold("vus", "value==7"), measured).observed == 7
    assert evaluate(parse_threshold("vus_max", "value==9"), measured).observed == 9
    assert evaluate(parse_threshold("vus{scenario:two}", "value==4"), measured).observed == 4


def test_phases_are_as_long_as_their_spans(make: Make) -> None:
    measured = make.measured(
        spans=(("ramp", 10.0), ("sustained", 60.0), ("ramp", 5.0), ("drain", 3.0))
    )
    assert measured.phase_s("ramp") == 15.0
    assert measured.phase_s("all") == 75.0
    assert measured.phase_s("drain") == 3.0
    assert measured.phase_s("warm-up") == 0.0
