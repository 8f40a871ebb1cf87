"""The deployment workflows, run on this machine in simulation mode."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fakes.answers import answering
from repository import ROOT
from workflow_steps import Machine, run_workflow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workflow_expressions import Value
    from workflow_steps import Ended

SHIPPED = ROOT / "deploy/github"
SIMULATION = SHIPPED / "simulation/service.py"
# a virtual environment of a job sees the perfproof of the tests: it is on no index
INSTALLING = """\
#!/bin/sh
if [ "$1 $2" = "-m venv" ]; then
  mkdir -p "$3/bin" && ln -s "{bin}/perfproof" "$3/bin/perfproof" && ln -s /bin/true "$3/bin/python"
  exit
fi
exec "{bin}/python" "$@"
"""


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a workflow did: its jobs, messages to Slack, and the folder with all that is left."""

    jobs: Mapping[str, Ended]
    told: list[str]
    temp: Path

    def results(self) -> dict[str, str]:
        """Result of each job."""
        return {name: one.result for name, one in self.jobs.items()}

    def ran(self, job: str) -> list[str]:
        """Names of the steps of a job that ran."""
        return [step.name for step in self.jobs[job].steps]

    def kept(self, artifact: str, name: str) -> str:
        """Text of a file in an artifact."""
        return (self.temp / "artifacts" / artifact / name).read_text()

    def state(self, name: str) -> dict[str, object]:
        """What the simulation knows."""
        found: dict[str, object] = json.loads((self.temp / f"simulation/{name}.json").read_text())
        return found


def check_out(_: Mapping[str, str], folder: Path) -> None:
    """What a repository that took the files over has."""
    for name in ("deploy/github", "deploy/rollout/nginx"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))


def interpreter(temp: Path) -> Path:
    """Folder with the programs `python` and `python3` of a job."""
    folder = temp / "bin"
    folder.mkdir()
    for name in ("python", "python3"):
        path = folder / name
        path.write_text(INSTALLING.format(bin=Path(sys.executable).parent))
        path.chmod(0o755)
    return folder


@contextmanager
def simulated(temp: Path) -> Iterator[None]:
    """Whatever a simulation left running in a folder ends with the block."""
    try:
        yield
    finally:
        subprocess.run(
            [sys.executable, str(SIMULATION), "down"],
            env={"RUNNER_TEMP": str(temp)}, check=False, timeout=120,
        )  # fmt: skip


@contextmanager
def deployed(
    workflow: str, temp: Path, path: str, inputs: Mapping[str, Value], **secrets: str
) -> Iterator[Deployed]:
    """Run a workflow by hand; what it left running ends with the block."""
    environ = {
        "PATH": f"{interpreter(temp)}:{path}", "CI": "true", "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "workflow_dispatch", "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "octo/shop", "GITHUB_RUN_ID": "17", "PERF_SLACK_HOST": "127.0.0.1",
        "NO_COLOR": "1",
    }  # fmt: skip
    context: dict[str, Value] = {
        "github.event_name": "workflow_dispatch", "github.sha": "0" * 40, "github.token": "t",
        "github.repository": "octo/shop", "github.event.workflow_run.conclusion": "",
        "github.event.workflow_run.event": "", "github.event.workflow_run.head_sha": "",
        "github.event.workflow_run.head_repository.full_name": "",
        "inputs.version": "", "inputs.simulation": True, "inputs.time-scale": "1",
        **{f"inputs.{name}": value for name, value in inputs.items()},
        **{f"secrets.{name}": value for name, value in secrets.items()},
    }  # fmt: skip
    with simulated(temp), answering(lambda _: (200, "ok", {})) as slack:
        context.setdefault("secrets.PERF_SLACK_WEBHOOK", f"{slack.url}/services/T0/B0/hush")
        machine = Machine(
            temp=temp, environ=environ, context=context, actions={"actions/checkout": check_out}
        )
        jobs = run_workflow(SHIPPED / workflow, machine)
        yield Deployed(jobs, [str(one.body["text"]) for one in slack.asked], temp)  # type: ignore[index]  # a mapping
