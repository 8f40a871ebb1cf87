"""A run that is going on, judged as a canary: its record is read while its engine writes it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from perf_analysis.facts import EndState
from perf_analysis.judgement import judge
from perf_analysis.verdict import Outcome
from perf_canary.following import Following
from perf_canary.sources.running import RunningSource, Second
from perf_canary.watch import Watch
from perf_cli.canary import ended, rest
from perf_cli.signals import Signals
from perf_documents.canary_looks import Answer
from perf_documents.canary_rules import stepped
from perf_documents.cells import decode_scenarios, decode_series
from perf_documents.errors import DocumentError, UsageError
from perf_loadtests.assemble import Ending, build_run
from perf_loadtests.recover import going_on, is_owned, opened
from perf_loadtests.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perf_cli.canary_output import Output
    from perf_cli.outcome import Code
    from perf_documents.canary_looks import Look
    from perf_documents.canary_rules import Rules
    from perf_loadtests.assemble import Record
    from perf_loadtests.protocol import Order, SecondRecord

RUNNING = "running"
# a second is on record this long after its end
_DELAY_S = 1.0
# rules about the end of a run, which has not come yet
_OF_THE_END = frozenset({"V1", "V3", "V4", "V5", "V7"})


def running_run(spec: str) -> Path | None:
    """Spool of the run that is going on here under an id, its beginning, or `running`.

    Raises
    ------
    UsageError
        If `running` is not one run.
    """
    folders = going_on(Workspace(Path.cwd()).state / "spool")
    if spec == RUNNING:
        if len(folders) != 1:
            known = ", ".join(folder.name for folder in folders) or "none"
            raise UsageError(f"--run: running: expected one run going on here; found {known}")
        return folders[0]
    found = [folder for folder in folders if spec and folder.name.startswith(spec)]
    return found[0] if len(found) == 1 else None


@dataclass(slots=True, kw_only=True)
class _Going:
    """A record while it is written, and the run's own time.

    `seconds` are those nobody has taken yet.
    """

    folder: Path
    order: Order
    record: Record
    seconds: list[Second]
    _at_s: float = 0.0
    _seen_s: float = field(default_factory=time.monotonic)

    def poll(self) -> list[Second]:
        """Seconds recorded since the last call."""
        self._read()
        taken = self.seconds[:]
        self.seconds.clear()
        return taken

    def now_s(self) -> float:
        """The run's own time: of the newest record, and what has gone by since."""
        self._read()
        if self.is_over():
            return self._at_s + _DELAY_S
        return self._at_s + (time.monotonic() - self._seen_s)

    def _read(self) -> None:
        while self.record.poll():
            pass
        last = self.record.sum.last
        if last is not None and last.at_s > self._at_s:
            self._at_s, self._seen_s = last.at_s, time.monotonic()

    def is_over(self) -> bool:
        """Whether nothing more will be recorded."""
        return self.record.sum.final is not None or not is_owned(self.folder)

    def invalid(self) -> str:
        """What a rule that can be judged before the end says against the run."""
        run = build_run(self.order, self.record, Ending(asked=EndState.COMPLETED))
        checks = judge(run.facts(), run.measured, run.plan.thresholds).checks
        broken = [
            one for one in checks
            if one.outcome is Outcome.BROKEN and one.rule not in _OF_THE_END
        ]  # fmt: skip
        if not broken:
            return ""
        one = broken[0]
        return f"{one.rule} {one.title}: {one.figure}, limit {one.limit}"


@contextmanager
def _opened(folder: Path) -> Iterator[_Going]:
    seconds: list[Second] = []

    def keep(second: SecondRecord) -> None:
        if second.at_s > 0.0:
            series = decode_series(second.cells.series)
            seconds.append(Second(second.at_s, series, decode_scenarios(second.cells.scenarios)))

    with opened(folder, keep) as (order, record):
        yield _Going(folder=folder, order=order, record=record, seconds=seconds)


def check_running(rules: Rules, folder: Path, every_s: float, output: Output) -> Code:
    """Judge a run while it is going on, until it is decided or the run ends."""
    signals = Signals()
    signals.install()
    step_s = stepped(every_s, 1.0)
    with _opened(folder) as going:
        source = RunningSource(poll=going.poll, has_control=going.order.control is not None)
        watch = Watch(rules=rules, began_s=0.0, every_s=step_s)

        def wait(seconds: float) -> tuple[Answer, str] | None:
            if going.is_over() and seconds > 0.0:
                return Answer.HOLD, f"the run ended undecided; next: perf check RULES --run {name}"
            return rest(seconds, signals, None)

        name = folder.name
        following = Following(
            watch=watch, source=source, until_s=going.record.plan.duration_s, delay_s=_DELAY_S,
            now=going.now_s, rest=wait,
        )  # fmt: skip
        looks: list[Look] = []
        for look in following.looks():
            looks.append(_proven(look, going))
            output.show(looks[-1])
    if signals.code is not None:
        output.finish(looks)
        return signals.code
    if not looks:
        raise DocumentError(f"{folder}: nothing was recorded yet; next: try again in a second")
    return ended(looks, output)


def _proven(look: Look, going: _Going) -> Look:
    """A look that promotes only if the load so far was what it claims to be."""
    if look.answer is not Answer.PROMOTE or not (why := going.invalid()):
        return look
    return replace(look, answer=Answer.HOLD, reason=f"the run is not valid: {why}")
