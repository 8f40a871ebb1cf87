"""A PLAN file read strictly, its RULES file with it: every mistake at once, each with its place."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from perf_documents.canary_rules import stepped
from perf_documents.canary_rules_load import load_canary_rules
from perf_documents.errors import ProfileError
from perf_documents.problems import Problems
from perf_documents.rollout_plan import (
    DEFAULT_EVERY_S,
    DEFAULT_TIMEOUT_S,
    DEFAULT_TRIES,
    WEIGHT,
    PlanCommand,
    RolloutPlan,
    Step,
    show_percent,
)
from perf_documents.strict_yaml import load_yaml
from perf_documents.yaml_fields import Field, keys, require, settled
from perf_documents.yaml_nodes import Mapping as MappingNode
from perf_documents.yaml_nodes import Refused
from perf_documents.yaml_nodes import Sequence as SequenceNode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from perf_documents.canary_rules import Rules

_REQUIRED = ("rules", "steps", "shift", "promote", "rollback")
_KEYS = keys(
    *_REQUIRED, "status", "every", "abort", "audit",
    elsewhere={
        "weight": "in a step", "hold": "in a step", "file": "in abort", "port": "in abort",
        "max_hold": "in the RULES file", "warm_up": "in the RULES file",
        "evidence": "in the RULES file", "metrics": "in the RULES file",
    },
)  # fmt: skip
_MAX_S = 7 * 24 * 3600
_MAX_EVERY_S = 600
_MAX_TIMEOUT_S = 3600
_MAX_TRIES = 10
_MAX_STEPS = 100
_MAX_ARGUMENTS = 100
_MAX_PORT = 65535
# a breach from the first moment on fires so many looks after its `for`
_LOOKS_TO_FIRE = 2
_TINY = 1e-6


def load_rollout_plan(path: Path) -> RolloutPlan:
    """Return what a PLAN file and the RULES file it names say.

    Raises
    ------
    ProfileError
        With every problem of both, each with file:line:column.
    """
    problems = Problems(str(path))
    root = Field("", load_yaml(path, problems), problems)
    members = root.members(_KEYS) or {}
    require(root, members, _REQUIRED)
    rules_path = _read_path(members.get("rules"), path.parent)
    rules, others = _load_rules(rules_path)
    every_s = _read_every(members.get("every"), rules)
    steps = _read_steps(members.get("steps"), rules, every_s)
    commands = {name: _read_command(name, members.get(name)) for name in _COMMANDS}
    abort_file, abort_port = _read_abort(members.get("abort"), path.parent)
    audit = _read_path(members.get("audit"), path.parent)
    try:
        problems.raise_if_any()
    except ProfileError as error:
        raise ProfileError([*error.problems, *others]) from error
    if others:
        raise ProfileError(others)
    return RolloutPlan(
        path=path,
        rules_path=settled(rules_path),
        rules=settled(rules),
        steps=tuple(steps),
        shift=settled(commands["shift"]),
        promote=settled(commands["promote"]),
        rollback=settled(commands["rollback"]),
        status=commands["status"],
        every_s=every_s,
        abort_file=abort_file,
        abort_port=abort_port,
        audit=audit,
    )


def _load_rules(path: Path | None) -> tuple[Rules | None, list[str]]:
    if path is None:
        return None, []
    try:
        return load_canary_rules(path), []
    except ProfileError as error:
        return None, error.problems


def _read_path(value: Field | None, folder: Path) -> Path | None:
    text = value.text() if value is not None else None
    if value is not None and text == "":
        value.refuse("an empty path", expected="a path, from the plan's folder")
    return folder / text if text else None


def _read_every(value: Field | None, rules: Rules | None) -> float:
    """Time between looks, in whole scrapes: others would see two of them, or none."""
    asked = value.duration(1, _MAX_EVERY_S) if value is not None else None
    every_s = DEFAULT_EVERY_S if asked is None else float(asked)
    if rules is None or rules.source is None:
        return every_s
    scrape_s = rules.source.scrape_interval_s
    return stepped(every_s, scrape_s)


def _read_steps(value: Field | None, rules: Rules | None, every_s: float) -> list[Step]:
    if value is None:
        return []
    items = value.items()
    if items is None:
        return []
    if not 0 < len(items) <= _MAX_STEPS:
        value.refuse("not a number of steps", expected=f"1 to {_MAX_STEPS}", found=str(len(items)))
        return []
    steps: list[Step] = []
    for item in items:
        step = _read_step(item, rules, every_s)
        if step is None:
            continue
        if steps and step.percent <= steps[-1].percent:
            item.refuse(
                "the weight does not rise",
                expected=f"more than the {show_percent(steps[-1].percent)} % before it",
                found=f"{show_percent(step.percent)} %",
            )
        steps.append(step)
    first = steps[0] if steps else None
    if first is not None and first.is_all and rules is not None and rules.evidence is not None:
        items[0].refuse(
            "all traffic at once leaves no control for the evidence",
            expected="a smaller weight first, or RULES without evidence",
            found="100 %",
        )
    return steps


def _read_step(item: Field, rules: Rules | None, every_s: float) -> Step | None:
    members = item.members(keys("weight", "hold"))
    if members is None:
        return None
    require(item, members, ("weight",))
    share = members["weight"].share("%", 100, or_zero=True) if "weight" in members else None
    if share is not None and share == 0:
        members["weight"].refuse(
            "a step without traffic: nothing could be judged, so nothing may be promoted",
            expected="above 0 to 100%",
        )
    hold = members["hold"].duration(1, _MAX_S) if "hold" in members else None
    if "hold" in members and hold is None:
        return None
    hold_s = _hold_s(hold, rules)
    if rules is not None:
        _check_hold(members.get("hold") or item, hold_s, rules, every_s)
    return Step(percent=share * 100, hold_s=hold_s) if share else None


def _hold_s(hold: Fraction | None, rules: Rules | None) -> float:
    if hold is not None:
        return float(hold)
    return rules.shortest_span_s if rules is not None else 0.0


def _check_hold(place: Field, hold_s: float, rules: Rules, every_s: float) -> None:
    """Refuse a step that ends before a rule could have fired, or that can only be rolled back."""
    longest_s = max((rule.for_s for rule in rules.rules), default=0.0)
    if rules.evidence is not None:
        longest_s = max(longest_s, rules.warm_up_s)
    least_s = longest_s + _LOOKS_TO_FIRE * every_s
    if hold_s < least_s - _TINY:
        place.refuse(
            "hold is too short: the step would end before every rule could fire",
            expected=f"at least {least_s:g} s: the longest for or warm_up, and two looks",
            found=f"{hold_s:g} s",
        )
    if hold_s > rules.max_hold_s:
        place.refuse(
            "hold is longer than max_hold: the step could only be rolled back",
            expected=f"at most {rules.max_hold_s:g} s, or a longer max_hold in the RULES file",
            found=f"{hold_s:g} s",
        )


_COMMANDS = ("shift", "promote", "rollback", "status")


def _read_command(name: str, value: Field | None) -> PlanCommand | None:
    if value is None:
        return None
    members: Mapping[str, Field] = {"run": value}
    if isinstance(value.node, MappingNode):
        members = value.members(keys("run", "timeout", "tries")) or {}
        require(value, members, ("run",))
    arguments = _read_arguments(members["run"]) if "run" in members else None
    limit = Fraction(1, 10)
    timeout = members["timeout"].duration(limit, _MAX_TIMEOUT_S) if "timeout" in members else None
    tries = members["tries"].integer(1, _MAX_TRIES) if "tries" in members else None
    if arguments is None:
        return None
    _check_weight(name, members["run"], arguments)
    return PlanCommand(
        name=name,
        run=arguments,
        timeout_s=DEFAULT_TIMEOUT_S if timeout is None else float(timeout),
        tries=DEFAULT_TRIES if tries is None else tries,
    )


def _check_weight(name: str, place: Field, arguments: tuple[str, ...]) -> None:
    has_weight = any(WEIGHT in argument for argument in arguments)
    if name == "shift" and not has_weight:
        place.refuse(
            f"no {WEIGHT} in it: every step would do the same",
            expected=f"an argument with '{WEIGHT}'",
            found="none",
        )
    if name == "status" and has_weight:
        place.refuse(
            f"{WEIGHT} in a command that asks for it",
            expected="arguments without it",
            found=WEIGHT,
        )


def _read_arguments(value: Field) -> tuple[str, ...] | None:
    """Arguments as they are written: no shell reads them, so nothing in them is special."""
    if not isinstance(value.node, SequenceNode):
        if not isinstance(value.node, Refused):
            value.refuse(
                "not a list of arguments: no shell is used",
                expected=f"such as [./shift, '{WEIGHT}']",
            )
        return None
    items = value.items() or []
    if not 0 < len(items) <= _MAX_ARGUMENTS:
        wanted = f"1 to {_MAX_ARGUMENTS} arguments"
        value.refuse("not a command", expected=wanted, found=str(len(items)))
        return None
    found: list[str] = []
    for item in items:
        if isinstance(item.node, MappingNode):
            item.refuse("braces without quotes are a mapping", expected=f"'{WEIGHT}' in quotes")
            continue
        text = item.text(literal=True)
        if text is not None:
            found.append(text)
    if found and not found[0].strip():
        items[0].refuse("an empty command", expected="a program")
    return tuple(found) if len(found) == len(items) else None


def _read_abort(value: Field | None, folder: Path) -> tuple[Path | None, int | None]:
    members = value.members(keys("file", "port")) if value is not None else None
    if members is None:
        return None, None
    if value is not None and not members:
        value.refuse("nothing in it", expected="file, port or both", found="nothing")
    port = members["port"].integer(0, _MAX_PORT) if "port" in members else None
    return _read_path(members.get("file"), folder), port
