"""What a profile that is fine becomes."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from perf_documents.errors import ProfileError, UsageError
from perf_documents.plan import Gate
from perf_documents.profile import load_profile, load_profile_text, load_rules
from profile_texts import CLOSED, CONSTANT, OPEN, read

if TYPE_CHECKING:
    from pathlib import Path

    from perf_analysis.verdict import Threshold
    from perf_documents.plan import Plan

K6_BLOCK = """\
  preAllocatedVUs: 50
  maxVUs: 200
  startRate: 300
  timeUnit: 1m
  gracefulStop: 10s
  stages: [{duration: 30s, target: 600}, {duration: 1m, target: 600}]
  thresholds:
    http_req_duration:
      - p(95)<500
      - {threshold: p(99)<1000, abortOnFail: true, delayAbortEval: 30s}
"""
K6 = "  scenario: shop\n  executor: ramping-arrival-rate\n" + K6_BLOCK


def rows(plan: Plan) -> list[tuple[float, float, float, str]]:
    return [(float(s.duration_s), float(s.start), float(s.target), s.phase) for s in plan.stages]


def scaled(text: str, time_scale: Fraction) -> Plan:
    return load_profile_text(text, "p.yaml", name="p", time_scale=time_scale)


def test_a_stage_ramps_from_the_previous_target_and_names_its_phase() -> None:
    assert rows(read(OPEN)) == [
        (60, 0, 100, "ramp"),
        (180, 100, 100, "sustained"),
        (60, 100, 0, "ramp"),
    ]


def test_a_jump_a_given_phase_and_a_level_of_zero() -> None:
    stages = (
        "[{duration: 0s, target: 20}, {duration: 1m, target: 20, phase: warm-up}, "
        "{duration: 1m, target: 40, phase: sustained}, {duration: 0s, target: 0}, "
        "{duration: 5s, target: 0}]"
    )
    text = f"scenario: x\nexecutor: ramping-arrival-rate\npre_allocated_vus: 5\nstages: {stages}\n"
    assert rows(read(text)) == [
        (0, 0, 20, "ramp"),
        (60, 20, 20, "warm-up"),
        (60, 20, 40, "sustained"),
        (0, 40, 0, "ramp"),
        (5, 0, 0, "ramp"),
    ]


def test_constant_executors_are_one_sustained_stage() -> None:
    assert rows(read(CONSTANT)) == [(300, 100, 100, "sustained")]
    closed = read("scenario: x\nexecutor: constant-vus\nvus: 20\nduration: 1m\n")
    assert rows(closed) == [(60, 20, 20, "sustained")]
    assert (closed.pre_allocated_vus, closed.max_vus) == (20, 20)


def test_start_vus_and_the_highest_number_of_vus() -> None:
    plan = read(CLOSED + "startVUs: 60\ngracefulRampDown: 5s\n")
    assert rows(plan)[0] == (30, 60, 50, "ramp")
    assert (plan.pre_allocated_vus, plan.max_vus) == (60, 60)
    assert plan.graceful_ramp_down_s == 5.0


@pytest.mark.parametrize(
    "text",
    [
        K6,
        K6.replace("preAllocatedVUs", "pre_allocated_vus")
        .replace("maxVUs", "max_vus")
        .replace("startRate", "start_rate")
        .replace("timeUnit", "time_unit")
        .replace("gracefulStop", "graceful_stop")
        .replace("abortOnFail", "abort_on_fail")
        .replace("delayAbortEval", "delay_abort_eval"),
    ],
    ids=["camelCase", "snake_case"],
)
def test_a_pasted_k6_block_keeps_its_meaning(text: str) -> None:
    plan = read(text)
    assert rows(plan) == [(30, 5, 10, "ramp"), (60, 10, 10, "sustained")]
    assert (plan.pre_allocated_vus, plan.max_vus, plan.graceful_stop_s) == (50, 200, 10.0)
    assert plan.thresholds[1].abort_on_fail
    assert plan.thresholds[1].delay_abort_eval_s == 30.0


def test_rates_are_exact() -> None:
    text = CONSTANT.replace("rate: 100", "rate: 100\ntime_unit: 7m")
    assert read(text).stages[0].target == Fraction(100, 420)
    assert read(CONSTANT.replace("rate: 100", "rate: 0.1")).stages[0].target == Fraction(1, 10)


def test_defaults_are_filled_in() -> None:
    plan = read(CONSTANT)
    assert (plan.profile, plan.scenario) == ("p", "api_endpoints")
    assert (plan.arrivals, plan.seed, plan.timeout_s, plan.insecure) == ("constant", 1, 30.0, False)
    assert (plan.graceful_stop_s, plan.graceful_ramp_down_s) == (30.0, 30.0)
    assert (plan.pre_allocated_vus, plan.max_vus) == (50, 50)
    assert plan.regression == {"p95": 0.1, "error_rate": 0.005}
    assert plan.tolerance == {"p95": 0.05, "error_rate": 0.0025}
    assert plan.alpha == 0.01
    assert plan.gate == Gate(
        comparison="regression",
        must_detect={"p95": 0.5, "error_rate": 0.02},
        baseline="optional",
        baseline_source="files",
    )


def test_regression_and_gate_override_their_defaults() -> None:
    plan = read(
        CONSTANT + "regression: {p99: 20%, error_rate: 1pp, alpha: 0.05, tolerance: {p99: 5%}}\n"
        "gate: {comparison: proof, must_detect: {p99: 80%}, baseline: required, "
        "baseline_source: history}\n"
    )
    assert plan.regression == {"p95": 0.1, "error_rate": 0.01, "p99": 0.2}
    assert plan.tolerance == {"p95": 0.05, "error_rate": 0.005, "p99": 0.05}
    assert plan.alpha == 0.05
    assert plan.gate.must_detect == {"p95": 0.5, "error_rate": 0.02, "p99": 0.8}
    assert (plan.gate.comparison, plan.gate.baseline) == ("proof", "required")
    assert plan.gate.baseline_source == "history"


def test_other_keys_are_read() -> None:
    plan = read(CONSTANT + "seed: 7\narrivals: poisson\ntimeout: 1500ms\ninsecure: true\n")
    assert (plan.seed, plan.arrivals, plan.timeout_s, plan.insecure) == (7, "poisson", 1.5, True)


def test_time_scale_multiplies_durations_and_nothing_else() -> None:
    plan, tenth = read(K6), scaled(K6, Fraction(1, 10))
    assert rows(tenth) == [(3, 5, 10, "ramp"), (6, 10, 10, "sustained")]
    assert (tenth.graceful_stop_s, tenth.thresholds[1].delay_abort_eval_s) == (1.0, 3.0)
    assert (tenth.timeout_s, tenth.max_vus) == (plan.timeout_s, plan.max_vus)
    assert tenth.load_hash("", "") != plan.load_hash("", "")


def test_time_scale_keeps_to_the_limits_of_a_schedule() -> None:
    with pytest.raises(ProfileError, match="too short after --time-scale 1/1000"):
        scaled(CONSTANT, Fraction(1, 1_000))
    with pytest.raises(ProfileError, match="too long after --time-scale 10000"):
        scaled(CONSTANT, Fraction(10_000))
    for scale in (0, -1):
        with pytest.raises(UsageError, match="above 0"):
            scaled(CONSTANT, Fraction(scale))


def test_merged_keys_show_in_the_plan() -> None:
    text = (
        "scenario: x\nexecutor: ramping-arrival-rate\npre_allocated_vus: 5\n"
        "stages: [&a {duration: 1m, target: 5}, {<<: *a, target: 10}]\n"
    )
    assert rows(read(text)) == [(60, 0, 5, "ramp"), (60, 5, 10, "ramp")]


def test_a_file_is_read_and_named_in_messages(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(CONSTANT)
    assert load_profile(path, name="mine").profile == "mine"
    path.write_text(CONSTANT + "x: 1\n")
    with pytest.raises(ProfileError, match=r"mine\.yaml:6:1: unknown key x"):
        load_profile(path, name="mine")


def test_line_ends_and_byte_order_mark_do_not_change_the_load() -> None:
    other = read("\ufeff" + CONSTANT.replace("\n", "\r\n"))
    assert other == read(CONSTANT)


def rules_of(path: Path, text: str) -> list[Threshold]:
    path.write_text(text)
    return list(load_rules(path))


def test_rules_need_nothing_but_thresholds(tmp_path: Path) -> None:
    block = "thresholds:\n  http_req_duration: [p(95)<5]\n"
    path = tmp_path / "rules.yaml"
    found = rules_of(path, block)
    assert [t.subject for t in found] == ["http_req_duration", "http_req_failed"]
    assert [t.is_default for t in found] == [False, True]
    assert rules_of(path, CONSTANT + block) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scenario: x\n", "a required key is missing; expected thresholds"),
        ("thresholds: {http_reqs: [rate>5]}\nsource: {}\n", "unknown key source"),
        ("thresholds: {http_reqs: [rate>5x]}\n", "after the number"),
        ("thresholds: [x]\n", "expected a mapping"),
    ],
)
def test_rules_that_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ProfileError) as caught:
        rules_of(tmp_path / "rules.yaml", text)
    assert said in str(caught.value)
