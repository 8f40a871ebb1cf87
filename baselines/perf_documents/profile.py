"""A profile's YAML to a `Plan`: every key checked, every default filled in, all errors at once."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from perf_analysis.grammar import METRICS
from perf_documents.errors import UsageError
from perf_documents.names import parse_scenario
from perf_documents.plan import Plan
from perf_documents.problems import Problems
from perf_documents.profile_checks import check_thresholds, describe_doubts
from perf_documents.profile_gate import read_gate, read_regression
from perf_documents.profile_load import LOAD_KEYS, LONGEST_S, read_load
from perf_documents.profile_tags import read_tags
from perf_documents.profile_thresholds import read_thresholds
from perf_documents.strict_yaml import load_yaml, parse_yaml
from perf_documents.yaml_fields import Field, Keys, require, settled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from perf_analysis.verdict import Threshold
    from perf_documents.plan import Arrivals, Executor
    from perf_documents.yaml_nodes import Mapping as MappingNode

DEFAULT_SEED = 1
DEFAULT_TIMEOUT_S = Fraction(30)
DEFAULT_GRACEFUL_S = Fraction(30)
_MAX_SEED = 2**63 - 1
_SHORTEST_TIMEOUT_S = Fraction(1, 1_000)
_LONGEST_TIMEOUT_S = Fraction(3_600)
_OWN_KEYS = ("scenario", "executor", "seed", "timeout", "insecure", "graceful_stop",
             "thresholds", "tags", "regression", "gate")  # fmt: skip
_K6_SPELLINGS = {
    "preAllocatedVUs": "pre_allocated_vus",
    "maxVUs": "max_vus",
    "startRate": "start_rate",
    "startVUs": "start_vus",
    "timeUnit": "time_unit",
    "gracefulStop": "graceful_stop",
    "gracefulRampDown": "graceful_ramp_down",
}
_ELSEWHERE = (
    dict.fromkeys(METRICS, "in thresholds")
    | dict.fromkeys(("target", "phase"), "in an item of stages")
    | dict.fromkeys(("p50", "p95", "p99", "error_rate", "tolerance", "alpha"), "in regression")
    | dict.fromkeys(("comparison", "must_detect", "baseline", "baseline_source"), "in gate")
    | dict.fromkeys(("abortOnFail", "abort_on_fail"), "in an item of thresholds")
    | dict.fromkeys(("delayAbortEval", "delay_abort_eval"), "in an item of thresholds")
    | dict.fromkeys(("targets", "url", "max_rate", "token_env", "history"), "in perf.yaml")
)
PROFILE_KEYS = Keys(
    known={name: name for name in (*_OWN_KEYS, *sorted(LOAD_KEYS))} | _K6_SPELLINGS,
    elsewhere=_ELSEWHERE,
)


def load_profile(path: Path, *, name: str, time_scale: Fraction = Fraction(1)) -> Plan:
    """Return the plan of a profile file; `ProfileError` lists all that is wrong with it."""
    problems = Problems(str(path))
    return _read_plan(load_yaml(path, problems), problems, name, time_scale)


def load_profile_text(
    text: str, source_name: str, *, name: str, time_scale: Fraction = Fraction(1)
) -> Plan:
    """Return the plan of a profile's text; `source_name` stands in messages."""
    problems = Problems(source_name)
    return _read_plan(parse_yaml(text, problems), problems, name, time_scale)


def load_rules(path: Path) -> tuple[Threshold, ...]:
    """Return the thresholds of any profile-like YAML, with the one on failures all have."""
    problems = Problems(str(path))
    root = Field("", load_yaml(path, problems), problems)
    members = root.members(PROFILE_KEYS) or {}
    require(root, members, ("thresholds",))
    tags = read_tags(members.get("tags"))
    block = read_thresholds(members.get("thresholds"), Fraction(1), tags)
    thresholds = block.thresholds()
    if "thresholds" in members and all(threshold.is_default for threshold in thresholds):
        members["thresholds"].refuse("no threshold to judge by", expected="at least one")
    problems.raise_if_any()
    return thresholds


def _read_plan(tree: MappingNode, problems: Problems, name: str, time_scale: Fraction) -> Plan:
    if time_scale <= 0:
        raise UsageError(f"the time scale is above 0, not {time_scale}")
    root = Field("", tree, problems)
    members = root.members(PROFILE_KEYS) or {}
    load = read_load(root, members, time_scale)
    scenario = _read_scenario(members.get("scenario"))
    tags = read_tags(members.get("tags"))
    block = read_thresholds(members.get("thresholds"), time_scale, tags)
    check_thresholds(block.placed, load)
    regression = read_regression(members.get("regression"))
    gate = read_gate(members.get("gate"), regression.margins)
    seed = members["seed"].integer(0, _MAX_SEED) if "seed" in members else DEFAULT_SEED
    insecure = members["insecure"].boolean() if "insecure" in members else False
    timeout_s = _duration(members, "timeout", DEFAULT_TIMEOUT_S)
    stop_s = _duration(members, "graceful_stop", DEFAULT_GRACEFUL_S)
    ramp_down_s = _duration(members, "graceful_ramp_down", DEFAULT_GRACEFUL_S)
    problems.raise_if_any()
    plan = Plan(
        profile=name,
        scenario=settled(scenario),
        executor=cast("Executor", settled(load.executor)),
        stages=settled(load.stages),
        arrivals=cast("Arrivals", settled(load.arrivals)),
        pre_allocated_vus=settled(load.pre_allocated_vus),
        max_vus=settled(load.max_vus),
        seed=settled(seed),
        timeout_s=float(settled(timeout_s)),
        graceful_stop_s=float(settled(stop_s) * time_scale),
        graceful_ramp_down_s=float(settled(ramp_down_s) * time_scale),
        time_scale=time_scale,
        insecure=settled(insecure),
        thresholds=block.thresholds(),
        tags=tags,
        regression=regression.margins,
        tolerance=regression.tolerance,
        alpha=regression.alpha,
        gate=gate,
        notes=block.notes,
    )
    return replace(plan, notes=(*plan.notes, *describe_doubts(plan)))


def _duration(members: Mapping[str, Field], name: str, default_s: Fraction) -> Fraction | None:
    if name not in members:
        return default_s
    if name == "timeout":
        return members[name].duration(_SHORTEST_TIMEOUT_S, _LONGEST_TIMEOUT_S)
    return members[name].duration(0, LONGEST_S)


def _read_scenario(field: Field | None) -> str | None:
    text = field.text() if field is not None else None
    if field is None or text is None:
        return None
    try:
        parse_scenario(text)
    except ValueError as error:
        field.refuse(str(error), expected="NAME, NAME:Class or a path that ends in .py")
        return None
    return text
