"""The ready plan for ingress-nginx, against a kubectl that only remembers."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from perf_canary.weights.command import Runner
from perf_documents.redact import Redactor
from perf_documents.rollout_plan import parse_percent
from perf_documents.rollout_plan_load import load_rollout_plan
from repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from perf_canary.weights.command import Ran
    from perf_documents.rollout_plan import PlanCommand, RolloutPlan

READY = ROOT / "deploy/rollout/kubernetes"
KUBECTL = """
import json, pathlib, sys
here = pathlib.Path(__file__).parent
state = json.loads((here / "state.json").read_text())
words = [word for word in sys.argv[1:] if not word.startswith("--")]
assert sys.argv[1] == "--namespace=shop"
verb, place, *rest = words
if verb == "get":
    print(state[place], end="")
elif verb == "annotate":
    name, _, value = rest[0].partition("=")
    assert name == "nginx.ingress.kubernetes.io/canary-weight" and "--overwrite" in sys.argv
    state[place] = value
elif verb == "set":
    state[rest[0]] = rest[1].partition("=")[2]
elif (verb, place) == ("rollout", "undo"):
    state[rest[0]] = "image:old"
elif state.get("stuck"):
    sys.exit("error: timed out waiting for the condition")
(here / "state.json").write_text(json.dumps(state))
"""


class Cluster:
    """The plan beside a kubectl of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for path in READY.iterdir():
            shutil.copy(path, folder / path.name)
        tool = folder / "kubectl"
        tool.write_text(f"#!{sys.executable} -IS\n{KUBECTL}")
        tool.chmod(0o755)
        self.write(
            {
                "ingress/web-canary": "0",
                "deployment/web-green": "image:new",
                "deployment/web-blue": "image:old",
            }
        )
        self.plan: RolloutPlan = load_rollout_plan(folder / "plan.yaml")

    def write(self, state: dict[str, str]) -> None:
        (self.folder / "state.json").write_text(json.dumps(state))

    def state(self) -> dict[str, str]:
        found = json.loads((self.folder / "state.json").read_text())
        assert isinstance(found, dict)
        return found

    def run(self, command: PlanCommand | None, percent: Fraction) -> Ran:
        assert command is not None
        environ = {"PATH": f"{self.folder}:{os.environ['PATH']}"}
        runner = Runner(
            folder=self.folder, environ=environ, redactor=Redactor(), clock=time.monotonic
        )
        return runner.run(command.arguments(percent), 60.0, lambda: False)


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


def test_a_weight_is_set_read_back_and_taken_away(cluster: Cluster) -> None:
    plan = cluster.plan
    for command, percent, live in ((plan.shift, 25, 25), (plan.rollback, 0, 0)):
        ran = cluster.run(command, Fraction(percent))
        assert ran.why == "", ran.err
        assert parse_percent(cluster.run(plan.status, Fraction(0)).out) == live


def test_a_promotion_gives_the_stable_deployment_the_new_image_and_all_traffic(
    cluster: Cluster,
) -> None:
    for _ in range(2):
        ran = cluster.run(cluster.plan.promote, Fraction(100))
        assert ran.why == "", ran.err
        assert cluster.state() == {
            "ingress/web-canary": "0",
            "deployment/web-green": "image:new",
            "deployment/web-blue": "image:new",
        }


def test_a_promotion_that_does_not_come_up_is_undone_and_fails(cluster: Cluster) -> None:
    cluster.write({**cluster.state(), "ingress/web-canary": "100", "stuck": "yes"})
    assert cluster.run(cluster.plan.promote, Fraction(100)).status == 1
    assert cluster.state()["deployment/web-blue"] == "image:old"
    # the canary still serves: taking its traffic away is the rollback's work
    assert cluster.state()["ingress/web-canary"] == "100"


def test_a_container_that_is_not_there_changes_nothing(cluster: Cluster) -> None:
    cluster.write({**cluster.state(), "deployment/web-green": ""})
    ran = cluster.run(cluster.plan.promote, Fraction(100))
    assert ran.status == 1
    assert "has no container web" in ran.said
    assert cluster.state()["deployment/web-blue"] == "image:old"
