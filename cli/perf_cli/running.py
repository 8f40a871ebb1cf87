"""What `perf run` does, once its options are read: load, judge, compare, deliver, accept."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from perf_analysis.compared import Comparison, RowVerdict
from perf_analysis.judgement import judge
from perf_baselines.acceptance import baseline_of, refusal
from perf_baselines.comparing import demands_of, figures_of_run
from perf_baselines.controlling import ONLY, SequentialLook, compare_with_control
from perf_cli.comparing import accepted_for, compare, keep_baseline, now_said
from perf_cli.outcome import Code, by_precedence
from perf_cli.output import say
from perf_cli.sinks import Sinks, check_out, deliver
from perf_cli.wiring import history_of
from perf_documents.errors import PerfError, StoreError, UsageError
from perf_documents.files import make_private_folder
from perf_loadtests.running import execute, prepare

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from perf_baselines.baseline import Baseline
    from perf_cli.output import Look
    from perf_cli.signals import Signals
    from perf_documents.run import Run
    from perf_loadtests.requests import Prepared, RunRequest, World
    from perf_reports.progress import ProgressDisplay


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person asked for, beside the load itself."""

    baseline: str | None = None
    repeat: int = 1
    rounds: int | None = None
    until_decided: bool = False
    max_duration_s: float | None = None
    accept: bool = False
    out: Path | None = None
    quiet: bool = False
    as_json: bool = False


@dataclass(slots=True, kw_only=True)
class Session:
    """One call of `perf run`: one run, or several of the same plan."""

    world: World
    signals: Signals
    display: ProgressDisplay
    look: Look
    wishes: Wishes
    runs: list[Run] = field(default_factory=list)
    planned: int = 1

    def work(self, request: RunRequest) -> Code:
        """Run as often as asked; the code that all of it comes to."""
        codes: list[Code] = []
        first = prepare(request, self.world)
        accepted = () if request.control else self._accepted(first)
        self.planned = self._planned(first)
        for number in range(1, self.planned + 1):
            ready = first if number == 1 else prepare(request, self.world)
            # ABBA: neither target is always started first
            ready = replace(ready, swapped=number % 4 in {2, 3})
            codes.append(self._once(ready, accepted, number))
            if self.signals.code is not None or self._is_settled():
                break
        if self.wishes.accept and self.signals.code is None:
            codes.append(self._accept(first))
        return by_precedence(codes, valid=all(_is_valid(run) for run in self.runs))

    def _planned(self, first: Prepared) -> int:
        """Runs to make at most; `--rounds` needs targets that can be restarted."""
        wishes = self.wishes
        if wishes.rounds is not None and not first.restarts:
            raise UsageError(
                "--rounds: restarts both targets, but perf.yaml does not say how; expected start "
                "beside their url; next: add it, or use --until-decided"
            )
        if wishes.until_decided and wishes.max_duration_s is not None:
            from perf_analysis.looks import looks_of  # noqa: PLC0415  # scipy

            return looks_of(wishes.max_duration_s, first.plan.duration_s)
        return wishes.rounds or wishes.repeat

    def _is_settled(self) -> bool:
        """Whether looking on is of no use: it is decided, or a run is not valid."""
        run = self.runs[-1]
        if not _is_valid(run) and self.wishes.until_decided:
            return True
        decided = run.judgement and run.judgement.comparison.verdict is not RowVerdict.NOT_JUDGED
        return self.wishes.until_decided and bool(decided)

    def _accepted(self, ready: Prepared) -> tuple[Baseline, ...]:
        """Baselines, read before any load: a damaged file is said while nothing was sent."""
        ref, environ = self.wishes.baseline, self.world.environ
        return accepted_for(ready.plan, ready.environment, ready.workspace, ref, environ)

    def _once(self, ready: Prepared, accepted: Sequence[Baseline], number: int) -> Code:
        history = history_of(ready.workspace, ready.config)
        history.open_for_writing()
        given, out = self.wishes.out, self._out_folder(ready, number)
        with self.display:
            try:
                run = execute(ready, self.world, log=out / "engine.log")
            except PerfError as error:
                with contextlib.suppress(OSError):
                    out.rmdir()  # only where nothing was written into it
                if self.signals.code is None:
                    raise
                say(f"perf run: interrupted; {error}")
                return self.signals.code
            if run.plan.has_sustained:
                run = replace(run, figures=figures_of_run(run))
            self.runs.append(run)
            comparison = self._compare(ready, accepted, number)
            judgement = judge(run.facts(), run.measured, run.plan.thresholds, comparison)
            run = self.runs[-1] = replace(run, judgement=judgement)
        is_last = number == self.planned or self._is_settled() or self.signals.code is not None
        sinks = Sinks(
            # the run that carries the verdict is found where it was asked for
            out=given if given is not None and is_last else out,
            history=history,
            spool=ready.workspace.state / "spool" / ready.run_id,
            look=self.look,
            quiet=self.wishes.quiet,
            as_json=self.wishes.as_json,
            environ=self.world.environ,
            token_hex=self.world.token_hex,
        )
        code = deliver(run, sinks, self.signals.code)
        if sinks.out != out:
            with contextlib.suppress(OSError):
                out.rmdir()  # only where nothing was written into it
        return code

    def _compare(self, ready: Prepared, accepted: Sequence[Baseline], number: int) -> Comparison:
        """Compare with the last run only, all valid ones at once: one test, one alpha.

        Where looks go on until a decision, each look spends its part of alpha.
        """
        run = self.runs[-1]
        if number < self.planned and not self.wishes.until_decided:
            return Comparison(
                mode=demands_of(run.plan).mode,
                sentence=f"not judged: run {number} of {self.planned}; "
                "all of them are compared with the last",
            )
        sound = [*(one for one in self.runs[:-1] if _is_valid(one)), run]
        if run.control is None:
            return compare(sound, accepted)
        look = SequentialLook(number, self.planned) if self.wishes.until_decided else ONLY
        return compare_with_control(sound, restarted=ready.restarts, look=look)

    def _accept(self, ready: Prepared) -> Code:
        """Accept what may be a baseline; a verdict stands whatever becomes of this."""
        code = Code.PASS
        for run in self.runs:
            judgement = run.judgement
            why_not = refusal(run, judgement) if judgement else "it was not judged"
            if not why_not and self._has_regressed():
                why_not = "the comparison of all repeats failed"
            try:
                if why_not:
                    say(f"perf: run {run.run_id} is not accepted: {why_not}")
                    code = Code.INFRA
                else:
                    figures = figures_of_run(run)
                    made = baseline_of(run, figures, accepted_at=now_said(), because="")
                    keep_baseline(made, ready.workspace)
            except PerfError as error:
                say(f"perf: run {run.run_id} is not accepted: {error}")
                code = Code.INFRA
        return code

    def _has_regressed(self) -> bool:
        last = self.runs[-1].judgement
        return last is not None and last.comparison.verdict is RowVerdict.FAIL

    def _out_folder(self, ready: Prepared, number: int) -> Path:
        """Folder of the outputs, made and tried before any load."""
        given = self.wishes.out
        folder = given or ready.workspace.state / "runs" / ready.run_id
        if given is not None and self.planned > 1:
            folder = given / str(number)
        for place in filter(None, (given, folder)):
            check_out(place)
        make_private_folder(folder)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise StoreError(f"--out: {folder} cannot be written; before load; next: name another")
        return folder


def _is_valid(run: Run) -> bool:
    return run.judgement is not None and run.judgement.valid
