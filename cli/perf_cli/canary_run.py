"""A run that is going on, judged as a canary."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from perf_canary.following import Following
from perf_canary.sources.running import RunningSource, Second
from perf_canary.watch import Watch
from perf_cli.canary import follow, rest
from perf_cli.signals import Signals
from perf_documents.canary_looks import Answer
from perf_documents.canary_rules import stepped
from perf_documents.errors import UsageError
from perf_loadtests.live import DELAY_S, live_run
from perf_loadtests.recover import going_on
from perf_loadtests.workspace import Workspace

if TYPE_CHECKING:
    from perf_cli.canary_output import Output
    from perf_cli.outcome import Code
    from perf_documents.canary_rules import Rules
    from perf_loadtests.live import LiveRun

RUNNING = "running"
_GLANCE_S = 0.25


def running_run(spec: str) -> Path | None:
    """Spool of the run that is going on here under an id, its beginning, or `running`.

    Raises
    ------
    UsageError
        If `running` is not one run, or a beginning fits several.
    """
    folders = going_on(Workspace(Path.cwd()).state / "spool")
    wanted = "" if spec == RUNNING else spec
    found = [folder for folder in folders if folder.name.startswith(wanted)]
    if len(found) == 1 and (spec or len(folders) == 1):
        return found[0]
    if found or spec == RUNNING:
        known = ", ".join(folder.name for folder in found) or "none"
        raise UsageError(f"--run: {spec}: expected one run going on here; found {known}")
    return None


def check_running(rules: Rules, folder: Path, every_s: float, output: Output) -> Code:
    """Judge a run while it is going on, until it is decided or the run ends."""
    signals = Signals()
    signals.install()
    step_s = stepped(every_s, 1.0)
    with live_run(folder, time.monotonic) as live:

        def objection(answer: Answer, t_s: float) -> str:
            """Promote only by the newest look; by no look of a run that is not valid."""
            if answer is Answer.PROMOTE and t_s + step_s + DELAY_S < live.now_s():
                return "later seconds are on record, and have not been looked at"
            why = live.objection()
            return f"the run is not valid: {why}" if why else ""

        following = Following(
            watch=Watch(rules=rules, began_s=0.0, every_s=step_s, objection=objection),
            source=RunningSource(
                poll=lambda: [Second(*second) for second in live.poll()],
                has_control=live.order.control is not None,
            ),
            until_s=live.record.plan.duration_s,
            delay_s=DELAY_S,
            now=live.now_s,
            rest=lambda seconds: _rest(live, seconds, signals),
        )
        return follow(
            following, output, signals,
            f"--run: {folder.name}: nothing was recorded; next: perf history list",
        )  # fmt: skip


def _rest(live: LiveRun, seconds: float, signals: Signals) -> tuple[Answer, str] | None:
    """Wait for so many seconds of the run's own time: it stands still before the load begins."""
    until_s = live.now_s() + seconds
    while live.now_s() < until_s:
        if live.is_over():
            name = live.folder.name
            return Answer.HOLD, f"the run ended undecided; next: perf check RULES --run {name}"
        asked = rest(min(_GLANCE_S, max(0.0, until_s - live.now_s())), signals, None)
        if asked is not None:
            return asked
    return rest(0.0, signals, None)
