"""The PLAN file: what it may say, and every mistake with its place."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from perf_canary.rollout_state import outline
from perf_documents.errors import ProfileError
from perf_documents.rollout_plan import parse_percent, show_percent
from perf_documents.rollout_plan_load import load_rollout_plan
from repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from perf_documents.rollout_plan import RolloutPlan

RULES = """
rules:
  - {name: errors, metric: error_rate, when: '> 1%', for: 2m}
evidence:
  error_ratio: {tolerance: 1.0, margin: 2.0}
warm_up: 60s
promote: {after: 5m, needs: rules}
max_hold: 30m
"""
PLAN = {
    "rules": "rules.yaml",
    "steps": "[{weight: 5%, hold: 10m}, {weight: 12.5%}, {weight: 100%, hold: 5m}]",
    "shift": "[./shift, '{weight}']",
    "promote": "{run: [./shift, '{weight}'], timeout: 1m30s, tries: 1}",
    "rollback": "{run: [./shift, '{weight}', 'x={weight}%'], tries: 5}",
    "status": "[./shift, --status]",
}


def write(folder: Path, **changes: str | None) -> Path:
    values = {**PLAN, **changes}
    lines = [f"{name}: {value}\n" for name, value in values.items() if value is not None]
    (folder / "plan.yaml").write_text("".join(lines))
    if not (folder / "rules.yaml").exists():
        (folder / "rules.yaml").write_text(RULES)
    return folder / "plan.yaml"


def load(folder: Path, **changes: str | None) -> RolloutPlan:
    return load_rollout_plan(write(folder, **changes))


def problems(folder: Path, **changes: str | None) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        load(folder, **changes)
    return caught.value.problems


def test_a_plan_is_read_with_its_rules_and_defaults(tmp_path: Path) -> None:
    plan = load(tmp_path)
    assert [(step.percent, step.hold_s) for step in plan.steps] == [
        (5, 600.0),
        (Fraction(25, 2), 300.0),
        (100, 300.0),
    ]
    assert [step.is_all for step in plan.steps] == [False, False, True]
    assert (plan.shift.timeout_s, plan.shift.tries) == (30.0, 3)
    assert (plan.promote.timeout_s, plan.promote.tries) == (90.0, 1)
    assert plan.rules.max_hold_s == 1800.0
    assert plan.every_s == 10.0
    assert (plan.abort_file, plan.abort_port, plan.audit) == (None, None, None)


def test_the_weight_is_filled_in_as_a_plain_number(tmp_path: Path) -> None:
    plan = load(tmp_path)
    assert plan.shift.arguments(plan.steps[1].percent) == ("./shift", "12.5")
    assert plan.rollback.arguments(Fraction(0)) == ("./shift", "0", "x=0%")


def test_paths_start_from_the_plans_folder(tmp_path: Path) -> None:
    plan = load(tmp_path, audit="log/audit.jsonl", abort="{file: ABORT, port: 0}")
    assert plan.audit == tmp_path / "log/audit.jsonl"
    assert (plan.abort_file, plan.abort_port) == (tmp_path / "ABORT", 0)


def test_looks_are_whole_scrapes_apart(tmp_path: Path) -> None:
    source = "source: {scrape_interval: 15s, canary: 'a=\"b\"', control: 'a=\"c\"'}\n"
    metrics = "metrics: {requests: 'sum(r{$arm})', errors: 'sum(e{$arm})'}\n"
    (tmp_path / "rules.yaml").write_text(source + metrics + RULES)
    assert load(tmp_path, every="20s").every_s == 30.0


@pytest.mark.parametrize(
    ("changes", "place", "part"),
    [
        pytest.param({"steps": "[{weight: 0%}]"}, "2:18", "nothing could be judged", id="0 %"),
        pytest.param({"steps": "[{weight: 101%}]"}, "2:18", "out of range", id="101 %"),
        pytest.param({"steps": "[{weight: -5%}]"}, "2:18", "out of range", id="negative"),
        pytest.param({"steps": "[{weight: 5}]"}, "2:18", "unit %", id="no unit"),
        pytest.param({"steps": "[{weight: .nan}]"}, "2:18", "not finite", id="nan"),
        pytest.param({"steps": "[]"}, "2:8", "not a number of steps", id="no step"),
        pytest.param({"steps": "{weight: 5%}"}, "2:8", "expected a list", id="no list"),
        pytest.param(
            {"steps": "[{weight: 5%}, {weight: 5%}]"}, "2:23", "does not rise", id="equal"
        ),
        pytest.param(
            {"steps": "[{weight: 100%}, {weight: 5%}]"}, "2:25", "does not rise", id="falling"
        ),
        pytest.param({"steps": "[{weight: 100%}]"}, "2:9", "no control", id="all at once"),
        pytest.param({"steps": "[{hold: 10m}]"}, "2:9", "weight", id="no weight"),
        pytest.param({"steps": "[{weight: 5%, hold: 10}]"}, "2:28", "no unit", id="bare hold"),
        pytest.param({"steps": "[{weight: 5%, hold: 1m}]"}, "2:28", "too short", id="short"),
        pytest.param({"steps": "[{weight: 5%, hold: 31m}]"}, "2:28", "max_hold", id="long"),
        pytest.param({"steps": "[{weigth: 5%}]"}, "2:10", "did you mean", id="unknown key"),
        pytest.param({"shift": "[./shift]"}, "3:8", "no {weight}", id="no weight in shift"),
        pytest.param({"shift": "[./shift, {weight}]"}, "3:18", "quotes", id="bare braces"),
        pytest.param({"shift": "./shift {weight}"}, "3:8", "no shell", id="a line for a shell"),
        pytest.param(
            {"shift": "{run: './shift {weight}'}"}, "3:14", "no shell", id="a line in run"
        ),
        pytest.param({"shift": "[]"}, "3:8", "not a command", id="no argument"),
        pytest.param({"shift": "['', '{weight}']"}, "3:9", "empty command", id="empty"),
        pytest.param({"shift": "[x, '{weight}', 5]"}, "3:24", "quote it", id="a number"),
        pytest.param({"shift": "{timeout: 5s}"}, "3:8", "run", id="no run"),
        pytest.param({"shift": None}, "1:1", "shift", id="no shift"),
        pytest.param({"rollback": None}, "1:1", "rollback", id="no rollback"),
        pytest.param({"promote": None}, "1:1", "promote", id="no promote"),
        pytest.param({"promote": "{run: [x], tries: 0}"}, "4:28", "out of range", id="no try"),
        pytest.param({"promote": "{run: [x], timeout: 0s}"}, "4:30", "out of", id="no time"),
        pytest.param({"status": "[x, '{weight}']"}, "6:9", "asks for it", id="weight in status"),
        pytest.param({"every": "0s"}, "7:8", "out of range", id="always looking"),
        pytest.param({"abort": "{}"}, "7:8", "nothing in it", id="empty abort"),
        pytest.param({"abort": "{port: 65536}"}, "7:15", "out of range", id="port"),
        pytest.param({"max_hold": "1h"}, "7:1", "in the RULES file", id="a key of the rules"),
        pytest.param({"rules": "''"}, "1:8", "empty path", id="no path"),
    ],
)
def test_a_mistake_is_refused_with_its_place(
    tmp_path: Path, changes: dict[str, str | None], place: str, part: str
) -> None:
    found = problems(tmp_path, **changes)
    assert any(f"plan.yaml:{place}" in line and part in line for line in found), found


def test_all_mistakes_of_both_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("rules: []\nmax_hold: 5\n")
    found = problems(tmp_path, steps="[{weight: 0%}, {weight: 200%}]", shift="[x]", tries="3")
    assert [line.split("/")[-1].split(":")[0] for line in found] == ["plan.yaml"] * 4 + [
        "rules.yaml"
    ] * 2


def test_rules_that_are_not_there_are_told(tmp_path: Path) -> None:
    (line,) = problems(tmp_path, rules="other.yaml")
    assert "other.yaml:1:1: no such file" in line


def test_all_at_once_is_allowed_where_nothing_is_compared(tmp_path: Path) -> None:
    lines = [line for line in RULES.splitlines() if "evidence" not in line and "ratio" not in line]
    (tmp_path / "rules.yaml").write_text("\n".join(lines))
    assert load(tmp_path, steps="[{weight: 100%}]").steps[0].is_all


def test_the_outline_names_each_command_and_how_long_a_step_takes(tmp_path: Path) -> None:
    text = "\n".join(outline(load(tmp_path)))
    for part in ("./shift 12.5", "watch 5 % for 600 s, at most 1800 s", "./shift --status"):
        assert part in text
    assert "total    1200 s at the least, 5400 s at the most" in text


@pytest.mark.parametrize(
    ("text", "percent"),
    [("5", 5), ("12.50 %\n", Fraction(25, 2)), ("0%", 0), ("100", 100), ("101", None), ("", None)],
)
def test_a_printed_weight_is_read_strictly(text: str, percent: Fraction | None) -> None:
    assert parse_percent(text) == percent


def test_a_weight_is_shown_without_rounding() -> None:
    assert [show_percent(Fraction(n)) for n in ("5", "12.5", "0.25")] == ["5", "12.5", "0.25"]


@pytest.mark.parametrize("folder", ["nginx", "kubernetes"])
def test_the_ready_plans_are_right(folder: str) -> None:
    plan = load_rollout_plan(ROOT / "deploy/rollout" / folder / "plan.yaml")
    assert [step.percent for step in plan.steps] == [5, 25, 50, 100]
    assert plan.status is not None
    assert plan.rules.evidence is not None
