"""A rollout on a stage: real commands that record their calls, a fake clock, a tame source."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from perf_canary.aborts import Abort, Aborts
from perf_canary.audit import Audit
from perf_canary.reading import Counters, NoData, Reading
from perf_canary.rollout import Outside, Rollout
from perf_canary.weights.command import Runner
from perf_canary.weights.orders import Orders
from perf_documents.redact import Redactor
from perf_documents.rollout_plan_load import load_rollout_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perf_canary.rollout_state import RolloutResult

# what each command does at its first, second ... call; the last is repeated
TOOL = """
import json, os, pathlib, subprocess, sys, time
here = pathlib.Path(__file__).parent
if "PERF_ABORT_TOKEN" in os.environ:
    (here / "token").touch()
name, *rest = sys.argv[1:]
log = here / "calls.log"
before = log.read_text().splitlines() if log.exists() else []
with log.open("a") as file:
    file.write(" ".join([name, *rest]) + "\\n")
modes = json.loads((here / "modes.json").read_text()).get(name, ["ok"])
mode = modes[min(sum(line.split()[0] == name for line in before), len(modes) - 1)]
if mode == "fail":
    sys.exit("the cluster said no")
if mode == "lie":
    print("99")
    sys.exit()
weight = here / "weight"
if name == "status":
    print(weight.read_text() + "%")
elif mode != "hang":
    weight.write_text({"shift": rest[0] if rest else "", "promote": "100", "rollback": "0"}[name])
if mode == "half":
    sys.exit(4)
if mode in ("hang", "abort"):
    child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
    (here / "child.pid").write_text(str(child.pid))
    if mode == "abort":
        (here / "ABORT").touch()
    time.sleep(600)
"""
RULES = """
rules:
  - {name: errors, metric: error_rate, when: '> 5%', for: 20s}
evidence:
  error_ratio: {tolerance: 1.0, margin: 2.0}
warm_up: 10s
promote: {after: 60s, needs: rules}
max_hold: 120s
"""
STEPS = "[{weight: 5%, hold: 60s}, {weight: 50%, hold: 60s}, {weight: 100%, hold: 60s}]"
BEGAN_S = 10_000.0
PER_S = 400.0


@dataclass(slots=True)
class StageClock:
    """Time that passes only while somebody sleeps; what is due then happens."""

    now_s: float = BEGAN_S
    due: list[tuple[float, Callable[[], object]]] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, wait_s: float) -> None:
        self.now_s += wait_s
        for at in [at for at in self.due if at[0] <= self.now_s]:
            self.due.remove(at)
            at[1]()

    def after(self, wait_s: float, action: Callable[[], object]) -> None:
        """Do something so long after the beginning."""
        self.due.append((BEGAN_S + wait_s, action))


@dataclass(slots=True)
class StageSource:
    """Counters that grow by the weight that is live; each reads the file that `shift` writes."""

    weight: Path
    errors: Callable[[float], float] = lambda percent: 0.001  # noqa: ARG005  # the same for every weight
    silent: bool = False
    broken: bool = False
    reads: list[tuple[float, float]] = field(default_factory=list)
    _at_s: float = 0.0
    _canary: tuple[float, float] = (0.0, 0.0)
    _control: tuple[float, float] = (0.0, 0.0)

    def read(self, t_s: float) -> Reading:
        """Return what has been counted until then."""
        if self.broken:
            raise RuntimeError("a bug in the source")
        passed_s = t_s - self._at_s
        if passed_s < 0.0 or self.silent:
            gone = NoData(why="no samples")
            return Reading(t_s=t_s, canary=gone, control=gone)
        percent = float(self.weight.read_text())
        self.reads.append((t_s, percent))
        ours = PER_S * passed_s * percent / 100.0
        theirs = PER_S * passed_s - ours
        requests, errors = self._canary
        self._canary = requests + ours, errors + ours * self.errors(percent)
        requests, errors = self._control
        self._control = requests + theirs, errors + theirs * 0.001
        self._at_s = t_s
        return Reading(t_s=t_s, canary=_counters(self._canary), control=_counters(self._control))


def _counters(pair: tuple[float, float]) -> Counters:
    return Counters(requests=pair[0], errors=pair[1])


@dataclass(slots=True)
class Stage:
    """A folder with a plan, its rules and its commands, and everything around a rollout."""

    folder: Path
    clock: StageClock = field(default_factory=StageClock)
    source: StageSource = field(init=False)
    signal_code: int | None = None
    told: list[str] = field(default_factory=list)
    shown: list[Mapping[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.source = StageSource(self.folder / "weight")
        (self.folder / "tool.py").write_text(TOOL)
        (self.folder / "rules.yaml").write_text(RULES)
        (self.folder / "weight").write_text("0")
        self.modes()
        self.write()

    @property
    def plan(self) -> Path:
        """File of the plan."""
        return self.folder / "plan.yaml"

    def write(self, *without: str, **changes: str) -> None:
        """Write the plan, without some keys or with other values where given."""
        values = {"rules": "rules.yaml", "steps": STEPS, "every": "10s"}
        values |= {
            "shift": self.command("shift", "'{weight}'"),
            "promote": self.command("promote"),
            "rollback": self.command("rollback"),
            "status": self.command("status"),
            "abort": "{file: ABORT}",
        }
        lines = [f"{k}: {v}\n" for k, v in (values | changes).items() if k not in without]
        self.plan.write_text("".join(lines))

    def command(self, name: str, *arguments: str, more: str = "timeout: 20s, tries: 3") -> str:
        """One of the tool's commands, as YAML."""
        parts = [sys.executable, "-I", "-S", "tool.py", name, *arguments]
        return f"{{run: [{', '.join(parts)}], {more}}}"

    def modes(self, **modes: list[str]) -> None:
        """What each command does, call by call."""
        (self.folder / "modes.json").write_text(json.dumps(modes))

    def calls(self) -> list[str]:
        """Commands that were run, in order."""
        log = self.folder / "calls.log"
        return log.read_text().splitlines() if log.exists() else []

    def weight(self) -> str:
        """Live weight."""
        return (self.folder / "weight").read_text()

    def roll(self) -> RolloutResult:
        """Walk through the plan."""
        plan = load_rollout_plan(self.plan)
        files = (plan.abort_file,) if plan.abort_file else ()
        aborts = Aborts(signal_code=lambda: self.signal_code, files=files)
        redactor = Redactor({"hush-hush-token"})
        audit = Audit(
            path=self.folder / "audit.jsonl",
            rollout="staged",
            now=lambda: datetime.fromtimestamp(self.clock.now_s, UTC),
            redactor=redactor,
        )
        audit.open()
        try:
            return self._rollout(aborts, audit).run()
        finally:
            audit.close()

    def _rollout(self, aborts: Callable[[], Abort | None], audit: Audit) -> Rollout:
        plan = load_rollout_plan(self.plan)
        orders = Orders(
            plan=plan,
            runner=Runner(
                folder=plan.folder,
                environ=dict(os.environ),
                redactor=audit.redactor,
                clock=time.monotonic,
            ),
            audit=audit,
            sleep=self.clock.sleep,
            stop=lambda: aborts() is not None,
            tell=self.told.append,
        )
        outside = Outside(
            clock=self.clock,
            sleep=self.clock.sleep,
            aborted=aborts,
            tell=self.told.append,
            show=self.shown.append,
        )
        return Rollout(plan=plan, source=self.source, orders=orders, audit=audit, outside=outside)

    def audited(self) -> list[dict[str, object]]:
        """Lines of the audit log."""
        return [json.loads(line) for line in (self.folder / "audit.jsonl").read_text().splitlines()]

    def child_is_gone(self) -> bool:
        """Whether the grandchild of a command that hung has ended."""
        return is_gone(int((self.folder / "child.pid").read_text()))


def is_gone(pid: int) -> bool:
    """Whether a process that was killed ends: a kill takes its moment."""
    for _ in range(200):
        if not _is_running(pid):
            return True
        time.sleep(0.05)
    return False


def _is_running(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be reaped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}
