"""The command as people run it: a process of its own in a workspace of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from engine_runs import counts_of, post

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import IO

    from perf_loadtests.target.launch import DemoTarget

PERF = [sys.executable, "-P", "-m", "perf_cli"]
RETRIES = 3
FOREIGN = ("CI", "GITHUB_", "NO_COLOR", "PERF_", "LOCUST_", "TERM")
SHORT = {
    "scenario": "health_check",
    "executor": "constant-arrival-rate",
    "rate": "120",
    "duration": "2s",
    "pre_allocated_vus": "20",
    "max_vus": "300",
    "thresholds": "{http_req_duration: ['p(95)<500']}",
}


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Both streams, for what must occur in neither."""
        return self.out + self.err


@dataclass(slots=True)
class Desk:
    """A workspace, a running demo service, and the command between them."""

    folder: Path
    demo: DemoTarget
    before: dict[str, int] = field(default_factory=dict)

    @property
    def profile(self) -> Path:
        """File of the profile `short`."""
        return self.folder / "loadtests" / "profiles" / "short.yaml"

    @property
    def state(self) -> Path:
        """Folder of everything the command writes unasked."""
        return self.folder / ".perf"

    def write(self, **changes: str) -> None:
        """Write the profile `short`, with other values where given."""
        lines = [f"{key}: {value}\n" for key, value in (SHORT | changes).items()]
        self.profile.parent.mkdir(parents=True, exist_ok=True)
        self.profile.write_text("".join(lines), encoding="utf-8")

    def scenario(self, name: str, source: str) -> None:
        """Write a scenario of the workspace."""
        path = self.folder / "loadtests" / "scenarios" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")

    def faults(self, **faults: object) -> None:
        """Set the service's faults; none at all without arguments."""
        post(f"{self.demo.url}/admin/faults", faults)

    def served(self) -> int:
        """Requests that the service itself counted since this desk was made."""
        return sum(counts_of(self.demo.url).values()) - sum(self.before.values())

    def perf(
        self,
        *arguments: str,
        stdout: IO[bytes] | int = subprocess.PIPE,
        environ: Mapping[str, str] | None = None,
    ) -> Done:
        """Run the command to its end."""
        ended = subprocess.run(
            [*PERF, *arguments],
            cwd=self.folder,
            env=environment(environ),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
        return Done(ended.returncode, (ended.stdout or b"").decode(), ended.stderr.decode())

    def run(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Done:
        """Run the profile `short` against the demo service, again if the machine was too busy."""
        return self.steady(lambda: self.perf(*self.order(*arguments), environ=environ))

    def steady(self, run: Callable[[], Done]) -> Done:
        """Run, and run anew where V6 broke: it speaks of this machine, not of the command."""
        for _ in range(RETRIES):
            with tempfile.TemporaryDirectory() as kept:
                before = self.results()
                shutil.copytree(self.folder, kept, symlinks=True, dirs_exist_ok=True)
                done = run()
                if not any(was_busy(path) for path, _ in self.results() - before):
                    return done
                shutil.rmtree(self.folder)
                shutil.copytree(kept, self.folder, symlinks=True)
        return run()

    def results(self) -> set[tuple[Path, int]]:
        """Every result that lies in the folder, with the time at which it was written."""
        return {(path, path.stat().st_mtime_ns) for path in self.folder.glob("**/result.json")}

    def order(self, *arguments: str) -> list[str]:
        """Arguments of a run of the profile `short`, against the demo service if no other."""
        target = [] if "--target" in arguments else ["--target", self.demo.url]
        return ["run", "--profile", "short", *target, *arguments]

    def launch(self, *command: str, more: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """Begin a run of `short`, through another command where one is given."""
        return subprocess.Popen(
            [*command, *PERF, *self.order(*more)],
            cwd=self.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Begin a run of `short` and wait until it loads the service."""
        loaded = self.served() + 100
        process = self.launch(*command)
        wait_for(lambda: self.served() >= loaded or process.poll() is not None)
        return process

    def stored(self) -> list[str]:
        """Ids of the runs in the history's folder."""
        return sorted(path.stem for path in self.state.glob("history/records/*.json"))

    def spools(self) -> list[Path]:
        """Spools that lie in the workspace."""
        return sorted(self.state.glob("spool/*"))

    def processes(self) -> list[str]:
        """Command lines that name this workspace."""
        lines = (command_of(path) for path in Path("/proc").iterdir() if path.name.isdigit())
        return [line for line in lines if str(self.folder) in line]

    def engine_pid(self) -> int:
        """Process id of the engine that works for this workspace; 0 if there is none."""
        for path in Path("/proc").iterdir():
            line = command_of(path) if path.name.isdigit() else ""
            if "perf_loadtests.engine" in line and str(self.folder) in line:
                return int(path.name)
        return 0


@dataclass(frozen=True, slots=True)
class Passed:
    """A workspace in which one run has passed as a job on GitHub, and what it said."""

    desk: Desk
    done: Done
    summary: Path
    output: Path


def desk_at(folder: Path, demo: DemoTarget) -> Desk:
    """Workspace with the profile `short`, and a service without faults."""
    desk = Desk(folder=folder, demo=demo)
    desk.faults()
    desk.before = counts_of(demo.url)
    desk.write()
    return desk


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Environment of a plain terminal, whatever this test runs in."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return own | dict(extra or {})


def command_of(process: Path) -> str:
    """Command line of a process, blanks between its arguments; empty if it is gone."""
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def was_busy(result: Path) -> bool:
    """Whether the run of a result was not valid because of the generator's machine."""
    checks = json.loads(result.read_bytes())["checks"]
    return any(row["rule"] == "V6" and row["outcome"] == "broken" for row in checks)


def wait_for(condition: Callable[[], bool], limit_s: float = 20.0) -> None:
    """Wait until something holds; an assertion error if it never does."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
