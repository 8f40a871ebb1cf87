"""Other tools' results into the history: all files are read before anything is stored."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

from perf_analysis.judgement import NOTHING_COMPARED
from perf_baselines.comparing import compare_with_baselines, figures_of_run
from perf_baselines.history_source import earlier_runs
from perf_cli import moving
from perf_cli.outcome import Code
from perf_cli.output import result, say
from perf_documents.codec import read_run
from perf_documents.errors import DocumentError, UsageError
from perf_documents.files import check_name
from perf_documents.git import default_branch
from perf_documents.judging import judged
from perf_documents.redact import visible
from perf_importers.criterion import is_criterion
from perf_importers.formats import RUN, read_runs, recognise
from perf_importers.nodes import stamp_s
from perf_importers.reading import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Unpack

    from perf_analysis.compared import Comparison
    from perf_baselines.history import History
    from perf_baselines.record import Record
    from perf_documents.run import Run

_NAMED = 20


class ImportFlags(TypedDict):
    """What click hands over of files that other tools wrote."""

    profile: str | None
    environment: str | None
    commit: str | None
    branch: str | None
    at: str | None
    direction: Literal["higher", "lower"] | None


def now_s() -> float:
    """Present time: what claims to be later is refused."""
    return datetime.now(UTC).timestamp()


def options_of(**flags: Unpack[ImportFlags]) -> Options:
    """What the command line says of files."""
    at = flags["at"]
    try:
        at_s = None if at is None else stamp_s(at)
    except ValueError as error:
        raise UsageError(f"--at: {error}") from error
    for option in ("profile", "environment"):
        if flags[option]:
            check_name(flags[option] or "", f"--{option}")
    return Options(
        profile=flags["profile"] or "",
        environment=flags["environment"] or "imported",
        commit=visible(flags["commit"] or "", 100),
        branch=visible(flags["branch"] or "", 200),
        at_s=at_s,
        better=flags["direction"],
        now_s=now_s(),
    )


def are_results(path: Path) -> bool:
    """Whether a path holds another tool's results: any file, or Criterion's folder."""
    return not path.is_dir() or is_criterion(path)


def read_any(path: Path, options: Options, form: str = "") -> tuple[str, list[Run]]:
    """Runs of a file: our own document, or whatever other tool wrote it."""
    chosen = RUN if form == RUN else recognise(path, form)
    return (RUN, [read_run(path)]) if chosen == RUN else read_runs(path, options, chosen)


def import_files(paths: Sequence[Path], form: str, options: Options, history: History) -> Code:
    """Store the runs of files; those that are stored already stay as they are.

    Raises
    ------
    DocumentError
        For the first file that cannot be read; then nothing was stored.
    """
    chosen_of = {path: form or recognise(path) for path in paths}
    own = [path for path, chosen in chosen_of.items() if chosen == RUN]
    read = [
        (path, *read_any(path, options, chosen))
        for path, chosen in chosen_of.items()
        if chosen != RUN
    ]
    # before anything is stored: what would refuse a later file
    for path in own:
        read_run(path)
    for run in (run for _, _, runs in read for run in runs):
        _kept(run, options, history)
    codes = [moving.import_document(path, history) for path in own]
    for path, chosen, runs in read:
        say(f"perf: {path}: {chosen}, {len(runs)} {'run' if len(runs) == 1 else 'runs'}")
        newest = max(runs, key=lambda run: run.started_at)
        stored = [
            _store(run, options, history, quiet=len(runs) > _NAMED, newest=run is newest)
            for run in sorted(runs, key=lambda run: run.started_at)
        ]
        codes += [code for code, _ in stored]
        if len(runs) > _NAMED:
            new = sum(is_new for _, is_new in stored)
            say(f"perf: {path}: {new} stored, {len(runs) - new} already stored")
    return max(codes, default=Code.PASS)


def import_folder(path: Path, history: History, recover: Callable[[Path, History], int]) -> int:
    """Store the runs of another history, or the run of an unfinished spool."""
    if moving.is_history(path):
        return moving.import_history(path, history)
    return recover(path, history)


def _store(
    run: Run, options: Options, history: History, *, quiet: bool, newest: bool
) -> tuple[Code, bool]:
    """Store one run unless it is there; what became of it, and whether it is new.

    The newest of a file is held against the runs before it; a whole history is not, run by run.
    """
    kept = _kept(run, options, history)
    if kept is not None:
        if not quiet:
            say(f"perf: {kept.run_id} already stored; nothing changed")
        return result(kept.run_id), False
    figures = run.figures or (figures_of_run(run) if run.measured.series else None)
    run = replace(run, figures=figures)
    comparison = _among_earlier(run, history) if newest else NOTHING_COMPARED
    run = replace(run, judgement=judged(run, comparison))
    stored = history.store(run)
    if not stored.equal:
        return moving.not_kept(stored.run_id), stored.new
    if not quiet:
        for note in run.client_notes:
            say(f"perf: {stored.run_id}: {note}")
        unknown = ", ".join(run.engine.unknown_rules)
        said = f"stored in profile {run.plan.profile}; unknown: {unknown}: never a baseline"
        say(f"perf: {stored.run_id} {said}")
        if newest:
            say(f"perf: {stored.run_id}: {comparison.sentence}")
    return result(stored.run_id), stored.new


def _among_earlier(run: Run, history: History) -> Comparison:
    """Comparison with the runs of the same tool before it, where anything can be compared."""
    if run.figures is None:
        return NOTHING_COMPARED
    branch = default_branch(Path.cwd(), os.environ)
    earlier = earlier_runs(history, run, branch)
    return compare_with_baselines([run], earlier, datetime.now(UTC), noun="earlier run")


def _kept(run: Run, options: Options, history: History) -> Record | None:
    """Return the record of the same content; the id ends with its hash.

    Raises
    ------
    DocumentError
        If it was stored under other facts: stored runs are never changed.
    """
    try:
        run_id = history.resolve(run.run_id.rpartition("-")[2])
    except UsageError:
        return None
    kept = history.record(run_id)
    facts = [
        ("profile", run.plan.profile, kept.profile),
        ("environment", run.target.environment, kept.environment),
        ("commit", run.git.get("commit", ""), kept.commit),
        ("branch", run.git.get("branch", ""), kept.branch),
    ]
    # a copy of a file that says no time has a date of its own
    facts += [("start", run.started_at, kept.started_at)] if options.at_s is not None else []
    better = {measure.name: measure.better for measure in kept.measures}
    facts += [
        (f"better of {visible(one.name, 80)}", one.better, better.get(one.name, ""))
        for one in run.measures
    ]
    for what, mine, theirs in facts:
        if mine != theirs:
            raise DocumentError(
                f"run {run_id}: refused: is stored already with {what} {theirs or 'unknown'}, "
                f"not {mine or 'unknown'}; stored runs are never changed"
            )
    return kept
