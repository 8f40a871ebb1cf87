from __future__ import annotations

import json
from dataclasses import fields, replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_analysis.grammar import parse_threshold
from perf_analysis.verdict import Threshold
from perf_documents.errors import DocumentError
from perf_documents.plan import Gate, Plan, Stage
from perf_documents.plan_codec import PlanModel, decode_plan, encode_plan
from profile_texts import OPEN, read

exact = st.fractions(min_value=0, max_value=10**6, max_denominator=10**6)
seconds = st.floats(0, 1e6)
shares = st.dictionaries(st.sampled_from(["p95", "p99.9", "error_rate"]), st.floats(0, 10))
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=50)
stages = st.builds(
    Stage,
    duration_s=exact,
    start=exact,
    target=exact,
    phase=st.sampled_from(["warm-up", "ramp", "sustained"]),
)
thresholds = st.builds(
    lambda name, limit, delay_s: parse_threshold(
        f"http_req_duration{{name:{name}}}",
        f"p(95)<{limit}",
        abort_on_fail=delay_s > 0,
        delay_abort_eval_s=delay_s,
    ),
    st.text("abc/:", min_size=1, max_size=20),
    st.integers(1, 10**6),
    st.floats(0, 100),
)
plans = st.builds(
    Plan,
    profile=names,
    scenario=names,
    executor=st.sampled_from(
        ["ramping-arrival-rate", "constant-arrival-rate", "ramping-vus", "constant-vus"]
    ),
    stages=st.lists(stages, min_size=1, max_size=4)
    .filter(lambda some: any(stage.duration_s for stage in some))
    .map(tuple),
    arrivals=st.sampled_from(["constant", "poisson"]),
    pre_allocated_vus=st.integers(1, 10**5),
    max_vus=st.integers(1, 10**5),
    seed=st.integers(0, 2**63 - 1),
    timeout_s=st.floats(1e-3, 3_600),
    graceful_stop_s=seconds,
    graceful_ramp_down_s=seconds,
    time_scale=st.fractions(Fraction(1, 1_000), 1_000, max_denominator=1_000),
    insecure=st.booleans(),
    thresholds=st.lists(thresholds, max_size=4).map(tuple),
    regression=shares,
    tolerance=shares,
    alpha=st.floats(1e-6, 0.49),
    gate=st.builds(
        Gate,
        comparison=st.sampled_from(["regression", "proof", "advisory"]),
        must_detect=shares,
        baseline=st.sampled_from(["optional", "required"]),
        baseline_source=st.sampled_from(["files", "history"]),
    ),
    notes=st.lists(names, max_size=3).map(tuple),
)


def through_text(plan: Plan) -> Plan:
    return decode_plan(json.loads(json.dumps(encode_plan(plan), allow_nan=False)))


@given(plans)
def test_what_is_encoded_decodes_to_the_same(plan: Plan) -> None:
    decoded = through_text(plan)
    assert decoded == plan
    assert decoded.load_hash("scenario", "client") == plan.load_hash("scenario", "client")


def test_a_profile_survives_the_way_to_the_engine() -> None:
    plan = read(OPEN + "thresholds: {http_reqs: [rate>5]}\n")
    assert through_text(plan) == plan


def test_exact_numbers_are_text() -> None:
    stage = Stage(duration_s=Fraction(3, 2), start=Fraction(0), target=Fraction(60), phase="ramp")
    coded = encode_plan(replace(read(OPEN), stages=(stage,)))
    assert coded["stages"] == [{"duration_s": "3/2", "start": "0", "target": "60", "phase": "ramp"}]


def test_every_field_of_a_plan_is_stored() -> None:
    assert set(PlanModel.model_fields) == {field.name for field in fields(Plan)}
    coded = encode_plan(read(OPEN))["thresholds"]
    assert isinstance(coded, list)
    assert set(coded[0]) == {field.name for field in fields(Threshold)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"surprise": 1}, "surprise", id="unknown-key"),
        pytest.param({"seed": "1"}, "seed", id="text-for-number"),
        pytest.param({"seed": True}, "seed", id="boolean-for-number"),
        pytest.param({"seed": -1}, "seed", id="negative"),
        pytest.param({"timeout_s": float("nan")}, "timeout_s", id="nan"),
        pytest.param({"timeout_s": 0.0}, "timeout_s", id="no-timeout"),
        pytest.param({"executor": "externally-controlled"}, "executor", id="executor"),
        pytest.param({"time_scale": "1/0"}, "time_scale", id="zero-denominator"),
        pytest.param({"time_scale": "-1"}, "time_scale", id="negative-scale"),
        pytest.param({"time_scale": "1\n"}, "time_scale", id="newline"),
        pytest.param({"time_scale": "\u0661"}, "time_scale", id="other-digits"),
        pytest.param({"stages": []}, "a schedule lasts", id="no-stages"),
        pytest.param({"gate": None}, "gate", id="no-gate"),
    ],
)
def test_anything_else_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        decode_plan(encode_plan(read(OPEN)) | change)


@pytest.mark.parametrize("obj", [None, [], "plan", {}, 3])
def test_no_plan_at_all_is_refused(obj: object) -> None:
    with pytest.raises(DocumentError, match="not a stored plan"):
        decode_plan(obj)


def test_an_impossible_threshold_is_refused() -> None:
    coded = encode_plan(read(OPEN))
    limit = {"metric": "http_req_failed", "aggregation": "p", "operator": "<", "limit": 1.0}
    coded["thresholds"] = [limit | {"expression": "p(95)<1", "q": 2.0}]
    with pytest.raises(DocumentError, match="a quantile lies in"):
        decode_plan(coded)
