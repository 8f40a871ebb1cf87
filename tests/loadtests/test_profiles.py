"""The profiles and scenarios that ship: each must be able to pass, at full length and scaled."""

from __future__ import annotations

import ast
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

import pytest

from perf_analysis.series import SUSTAINED
from perf_analysis.thresholds import minimum_n
from perf_documents.plan_codec import decode_plan, encode_plan
from perf_documents.profile import load_profile
from perf_loadtests.workspace import Workspace, shipped_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from perf_documents.plan import Plan, Stage

THINK_TIME_S = 1
NAMES = ("benchmark", "ramp", "smoke", "soak", "spike", "stress", "sustained")
TENTH = Fraction(1, 10)
SCALED = [(name, Fraction(1)) for name in NAMES] + [(n, TENTH) for n in NAMES if n != "smoke"]
# one request per iteration; health is drawn twice in ten
HEALTH_SHARE = Fraction(2, 10)


def load(name: str, time_scale: Fraction = Fraction(1)) -> Plan:
    path = shipped_folder("profiles") / f"{name}.yaml"
    return load_profile(path, name=name, time_scale=time_scale)


def iterations(stages: Sequence[Stage]) -> Fraction:
    """Return the area under the line: arrivals, or VU-seconds of which each thinks for one."""
    return sum((s.duration_s * (s.start + s.target) / 2 for s in stages), Fraction(0))


def test_seven_profiles_ship(tmp_path: Path) -> None:
    assert Workspace(tmp_path).profiles() == NAMES


@pytest.mark.parametrize(("name", "time_scale"), SCALED)
def test_every_threshold_gets_the_samples_that_v2_asks_for(name: str, time_scale: Fraction) -> None:
    plan = load(name, time_scale)
    # a slow service makes fewer iterations per VU: half of them must do
    closed = 1 if plan.open_model else Fraction(THINK_TIME_S, 2)
    planned = iterations([s for s in plan.stages if s.phase == SUSTAINED]) * closed
    for threshold in plan.thresholds:
        share = HEALTH_SHARE if "name" in threshold.selector else Fraction(1)
        assert planned * share >= minimum_n(threshold), threshold.expression
    assert plan.notes == ()


@pytest.mark.parametrize("name", NAMES)
def test_plateaus_are_judged_and_failures_are_gated(name: str) -> None:
    plan = load(name)
    assert plan.has_sustained
    assert any(t.metric == "http_req_failed" for t in plan.thresholds)
    assert decode_plan(encode_plan(plan)) == plan


def test_sustained_is_the_one_of_the_manual() -> None:
    plan = load("sustained")
    phases = [(key, float(sum(s.duration_s for s in group)))
              for key, group in groupby(plan.stages, key=lambda s: s.phase)]  # fmt: skip
    assert phases == [("ramp", 60), (SUSTAINED, 180), ("ramp", 60)]
    assert (plan.executor, plan.peak) == ("ramping-arrival-rate", 100)


def test_ramp_has_the_shape_of_the_manual() -> None:
    rows = [(int(s.duration_s), int(s.target)) for s in load("ramp").stages]
    assert rows == [(30, 50), (60, 100), (180, 100), (30, 200), (60, 200), (30, 0)]


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_says_what_it_is_for(name: str) -> None:
    text = (shipped_folder("profiles") / f"{name}.yaml").read_text()
    assert text.startswith("# ")


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_names_a_scenario_that_ships(name: str, tmp_path: Path) -> None:
    assert Workspace(tmp_path).find_scenario(load(name).scenario, tmp_path).shipped


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("health_check", {"health": 1}),
        ("api_endpoints",
         {"health": 2, "list_traces": 4, "metrics_analytics": 2, "cost_analytics": 2}),
    ],
)  # fmt: skip
def test_scenarios_have_the_weights_of_the_manual(name: str, weights: dict[str, int]) -> None:
    tree = ast.parse((shipped_folder("scenarios") / f"{name}.py").read_text())
    found = {}
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and function.decorator_list:
            (decorator,) = function.decorator_list
            weight = ast.literal_eval(decorator.args[0]) if isinstance(decorator, ast.Call) else 1
            found[function.name] = weight
    assert found == weights
