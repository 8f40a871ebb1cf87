"""The `run:` steps of the deployment workflows, for real and in order, among embedded services."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from deployments import SHIPPED, SIMULATION, check_out, deployed, interpreter, simulated
from nginx_site import NGINX
from real_prometheus import PROGRAM, wait_for
from workflow_steps import SHELL, jobs_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="no prometheus on this machine"),
    pytest.mark.skipif(NGINX is None, reason="no nginx on this machine"),
]
PATH = os.environ.get("PATH", "")
# the gate's p99 needs its requests
STAGING, PRODUCTION = "0.1", "0.05"
UNDONE = "Roll back"


def test_staging_approves_a_good_version(tmp_path: Path) -> None:
    given = {"version": "good", "time-scale": STAGING}
    with deployed("staging.yml", tmp_path, PATH, given) as done:
        said = done.jobs["deploy"].said()
        assert done.results() == {"deploy": "success", "approve": "success"}, said
        assert UNDONE not in done.ran("deploy")
        assert "PASS" in done.jobs["deploy"].summary
        assert "✓ staging: good deployed and proved" in done.jobs["deploy"].summary
        assert "PASS" in done.kept("staging", "comment.md")
        assert done.state("approved") == {"good": "by staging"}
        assert done.told == [
            "✓ staging: good deployed and proved", "✓ approval: good approved for production",
        ]  # fmt: skip


def test_staging_takes_a_failing_version_back_and_approves_nothing(tmp_path: Path) -> None:
    given = {"version": "failing", "time-scale": STAGING}
    with deployed("staging.yml", tmp_path, PATH, given) as done:
        said = done.jobs["deploy"].said()
        assert done.results() == {"deploy": "failure", "approve": "skipped"}, said
        assert done.jobs["deploy"].code("Gate") == 1, said
        assert done.jobs["deploy"].code(UNDONE) == 0
        assert done.state("versions")["staging"] == ["good"]
        assert "FAIL" in done.kept("staging", "comment.md")
        assert "✗ staging: failing rolled back" in done.jobs["deploy"].summary
        assert not (tmp_path / "simulation/approved.json").exists()
        assert done.told == ["✗ staging: failing rolled back"]


def test_production_promotes_and_releases_a_good_version(tmp_path: Path) -> None:
    given = {"version": "good", "time-scale": PRODUCTION}
    with deployed("production.yml", tmp_path, PATH, given) as done:
        said = done.jobs["rollout"].said()
        assert done.results() == {"rollout": "success", "release": "success"}, said
        assert UNDONE not in done.ran("rollout")
        assert json.loads(done.kept("production", "rollout.json"))["verdict"] == "PROMOTE"
        assert "PROMOTE at 100 %" in done.kept("production", "comment.md")
        assert "✓ production: good promoted" in done.jobs["rollout"].summary
        assert done.state("released") == {"good": "released"}
        assert done.told == ["✓ production: good promoted", "✓ release: good released"]
        split = (tmp_path / "simulation/split.conf").read_text()
        assert split.startswith("# weight 100\n")


def test_production_takes_a_failing_version_back_by_itself(tmp_path: Path) -> None:
    given = {"version": "failing", "time-scale": PRODUCTION}
    with deployed("production.yml", tmp_path, PATH, given) as done:
        said = done.jobs["rollout"].said()
        assert done.results() == {"rollout": "failure", "release": "skipped"}, said
        assert done.jobs["rollout"].code("Roll out") == 1, said
        document = json.loads(done.kept("production", "rollout.json"))
        assert (document["verdict"], document["rolled_back"]) == ("ROLLBACK", True)
        audit = done.kept("production", "rollout.jsonl").splitlines()
        assert json.loads(audit[-1])["rollout"] == document["id"]
        assert "ROLLBACK at 5 %" in done.kept("production", "comment.md")
        assert "✗ production: failing rolled back" in done.jobs["rollout"].summary
        assert done.told == ["✗ production: failing rolled back"]
        split = (tmp_path / "simulation/split.conf").read_text()
        assert split.startswith("# weight 0\n")


def test_production_refuses_what_staging_did_not_approve(tmp_path: Path) -> None:
    with deployed("production.yml", tmp_path, PATH, {"version": "other"}) as done:
        assert done.results() == {"rollout": "failure", "release": "skipped"}
        assert "was not approved" in done.jobs["rollout"].said()
        assert not {"Deploy green", "Roll out", UNDONE} & set(done.ran("rollout"))
        assert done.told == ["✗ production: other not promoted"]


def test_a_promotion_can_be_taken_back_by_hand(tmp_path: Path) -> None:
    with deployed("rollback.yml", tmp_path, PATH, {}) as done:
        assert done.results() == {"rollback": "success"}, done.jobs["rollback"].said()
        assert done.told == ["✓ rollback: rolled back by hand"]
        split = (tmp_path / "simulation/split.conf").read_text()
        assert split.startswith("# weight 0\n")


@pytest.mark.parametrize(
    ("version", "result", "told"),
    [
        ("good", "success", "✓ development: good deployed"),
        ("slow", "failure", "✗ development: slow rolled back"),
    ],
)
def test_development_keeps_what_answers_in_time(
    tmp_path: Path, version: str, result: str, told: str
) -> None:
    with deployed("development.yml", tmp_path, PATH, {"version": version}) as done:
        assert done.results() == {"deploy": result}, done.jobs["deploy"].said()
        assert done.state("versions")["development"][-1:] == ["good"]  # type: ignore[index]  # a list
        assert done.told == [told]


def test_a_cancelled_job_rolls_back(tmp_path: Path) -> None:
    """G17: the host signals the step's first process alone, which is a shell."""
    (step,) = (
        step
        for step in jobs_of(SHIPPED / "production.yml")["rollout"]["steps"]  # type: ignore[attr-defined]  # a list
        if step["name"] == "Roll out"
    )
    check_out({}, tmp_path)
    environ = {
        "PATH": f"{interpreter(tmp_path)}:{PATH}", "RUNNER_TEMP": str(tmp_path),
        "TIME_SCALE": PRODUCTION, "SERVICE": str(SIMULATION),
    }  # fmt: skip
    prepare = (
        'python -m venv "$RUNNER_TEMP/perfproof" && "$SERVICE" up production && '
        '"$SERVICE" deploy green good && "$SERVICE" health green'
    )
    split = tmp_path / "simulation/split.conf"
    with simulated(tmp_path):
        subprocess.run([*SHELL, prepare], cwd=tmp_path, env=environ, check=True, timeout=120)
        with subprocess.Popen([*SHELL, step["run"]], cwd=tmp_path, env=environ) as shell:
            wait_for(lambda: split.read_text().startswith("# weight 5\n"), "users at green", 60.0)
            shell.send_signal(signal.SIGINT)
            assert shell.wait(60) == 130
        assert split.read_text().startswith("# weight 0\n")
    document = json.loads((tmp_path / "out/rollout.json").read_text())
    assert (document["verdict"], document["rolled_back"]) == ("ROLLBACK", True)
