"""What ships for deployments: budgets, order, and the interface that a user fills in."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import front
import service
from deployments import SHIPPED
from perf_documents.rollout_plan_load import load_rollout_plan

if TYPE_CHECKING:
    from pathlib import Path

GIVEN = {"DEPLOY_TOKEN": "t"}
WORKFLOWS = ("development.yml", "staging.yml", "production.yml", "rollback.yml")
GATES = re.compile(r"perfproof\" (run|rollout)\b")


def loaded(name: str) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load((SHIPPED / name).read_text())
    return found


def steps(name: str, job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = loaded(name)["jobs"][job]["steps"]
    return found


def verbs_asked() -> set[str]:
    """Verbs that workflows and plan ask of the service."""
    text = "".join((SHIPPED / name).read_text() for name in (*WORKFLOWS, "plan.yaml"))
    return set(re.findall(r'"\$SERVICE" (\w+)', text)) | set(
        re.findall(r"\./service, -*(\w+)", text)
    )


def asked(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """What the script says as it ships."""
    return subprocess.run(
        [str(SHIPPED / "service"), *arguments], env={"PATH": "/usr/bin:/bin", **environ},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_simulation_runs_the_same_steps_by_another_script(name: str) -> None:
    document = loaded(name)
    assert document[True]["workflow_dispatch"]["inputs"]["simulation"]["default"] is False
    assert document["env"]["SERVICE"] == (
        "${{ inputs.simulation && 'deploy/github/simulation/service.py' || "
        "'deploy/github/service' }}"
    )
    conditions = [
        (step["name"], step["if"])
        for job in document["jobs"].values()
        for step in job["steps"]
        if "inputs" in step.get("if", "")
    ]
    # what it adds is its own preparation; nothing is left out
    assert {name.split()[0] for name, _ in conditions} <= {"Install", "Simulate"}
    assert {condition for _, condition in conditions} <= {"${{ inputs.simulation }}"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_simulation_gets_no_secrets_and_stands_in_nobodys_way(name: str) -> None:
    document = loaded(name)
    assert document["concurrency"]["group"].endswith(
        "${{ inputs.simulation && '-simulation' || '' }}"
    )
    for job in document["jobs"].values():
        uses = {key for step in job["steps"] for key in step.get("env", {}) if "TOKEN" in key}
        if uses - {"GH_TOKEN"}:
            assert job["environment"].startswith("${{ inputs.simulation && 'simulation' || ")


@pytest.mark.parametrize("name", WORKFLOWS)
def test_only_a_release_writes(name: str) -> None:
    for job, one in loaded(name)["jobs"].items():
        wanted = "write" if job == "release" else "read"
        assert one["permissions"] == {"contents": wanted}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_gate_has_no_condition_and_its_exit_code_is_the_steps(name: str) -> None:
    for job in loaded(name)["jobs"].values():
        for step in job["steps"]:
            if GATES.search(step.get("run", "")):
                last = step["run"].strip().splitlines()[-1]
                assert last.startswith('exec "$RUNNER_TEMP/perfproof/bin/perfproof" ')
                assert "if" not in step
            assert "continue-on-error" not in step


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_end_is_told_and_what_may_have_been_deployed_is_taken_back(name: str) -> None:
    for job in loaded(name)["jobs"].values():
        named = {step["name"]: step for step in job["steps"]}
        assert named["Tell"]["if"] == "${{ always() }}"
        if "Deploy" in " ".join(named):
            assert named["Roll back"]["if"] == (
                "${{ !success() && steps.deploy.outcome != 'skipped' }}"
            )


def test_budgets_of_staging_stay_below_20_minutes_and_of_a_rollback_below_2() -> None:
    given = [step["timeout-minutes"] for step in steps("staging.yml", "deploy")[:-1]]
    assert sum(given) <= 20
    assert loaded("staging.yml")["jobs"]["deploy"]["timeout-minutes"] == 20
    for name, job in (("rollback.yml", "rollback"), ("production.yml", "rollout")):
        (undo,) = (step for step in steps(name, job) if step.get("id") == "rollback")
        assert undo["timeout-minutes"] == 2
    plan = load_rollout_plan(SHIPPED / "plan.yaml")
    assert plan.rollback.timeout_s < 120


def test_a_rollback_by_hand_ends_the_rollout_that_is_running() -> None:
    rollback, production = (
        loaded(name)["concurrency"] for name in ("rollback.yml", "production.yml")
    )
    assert rollback["group"] == production["group"]
    assert (rollback["cancel-in-progress"], production["cancel-in-progress"]) == (True, False)


def test_the_plan_is_five_per_cent_for_ten_minutes_and_all_for_five() -> None:
    plan = load_rollout_plan(SHIPPED / "plan.yaml")
    assert [(float(step.percent), step.hold_s) for step in plan.steps] == [(5, 600), (100, 300)]
    (roll,) = (step for step in steps("production.yml", "rollout") if step["name"] == "Roll out")
    longest_s = len(plan.steps) * plan.rules.max_hold_s
    assert longest_s < roll["timeout-minutes"] * 60


@pytest.mark.parametrize("factor", [front.LEAST_SCALE, 0.1, 0.5, 1.0])
def test_a_shorter_plan_is_still_a_plan(tmp_path: Path, factor: float) -> None:
    for name in ("plan.yaml", "rules.yaml"):
        (tmp_path / name).write_text(front.scaled((SHIPPED / name).read_text(), factor))
    plan = load_rollout_plan(tmp_path / "plan.yaml")
    assert [step.hold_s for step in plan.steps] == pytest.approx([600 * factor, 300 * factor])
    assert plan.rules.max_hold_s == 900
    assert plan.shift.timeout_s == 30


def test_both_scripts_know_every_verb_that_is_asked_for() -> None:
    assert verbs_asked() <= service.VERBS.keys()
    shipped = (SHIPPED / "service").read_text()
    assert set(re.findall(r"^  (\w+)\)", shipped, re.MULTILINE)) == service.VERBS.keys()


@pytest.mark.parametrize("verb", sorted(service.VERBS.keys() - {"up", "down", "target", "plan"}))
def test_what_is_not_written_yet_stops_the_workflow(verb: str) -> None:
    done = asked(verb, "staging", "v1", **GIVEN)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"service {verb}: not written yet; nothing was changed; next: " in done.stderr


def test_a_missing_secret_stops_it_before_anything_is_deployed() -> None:
    done = asked("up", "staging")
    assert done.returncode == 2
    assert "DEPLOY_TOKEN is not set" in done.stderr
    assert "(a fork has none)" in done.stderr
    assert asked("up", "staging", **GIVEN).returncode == 0
    assert steps("staging.yml", "deploy")[3]["name"] == "Prepare"


def test_an_unknown_verb_names_the_known_ones() -> None:
    done = asked("destroy")
    assert done.returncode == 2
    assert all(verb in done.stderr for verb in service.VERBS)


def test_a_deployment_of_ci_takes_this_repositorys_own_pushes_alone() -> None:
    (job,) = loaded("development.yml")["jobs"].values()
    for part in (
        "workflow_run.conclusion == 'success'", "workflow_run.event == 'push'",
        "workflow_run.head_repository.full_name == github.repository",
    ):  # fmt: skip
        assert part in job["if"]
