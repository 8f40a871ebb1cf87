"""Other tools' results into the history: all files are read before anything is stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TypedDict

from perf_analysis.judgement import judge
from perf_baselines.comparing import figures_of_run
from perf_cli.outcome import Code
from perf_cli.output import result, say
from perf_documents.codec import read_run
from perf_documents.errors import DocumentError, UsageError
from perf_documents.files import check_name
from perf_documents.redact import visible
from perf_importers.criterion import is_criterion
from perf_importers.formats import RUN, read_runs, recognise
from perf_importers.nodes import stamp_s
from perf_importers.reading import Options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Unpack

    from perf_baselines.history import History
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
    chosen = form or recognise(path)
    return (RUN, [read_run(path)]) if chosen == RUN else read_runs(path, options, chosen)


def import_files(paths: Sequence[Path], form: str, options: Options, history: History) -> Code:
    """Store the runs of files; those that are stored already stay as they are.

    Raises
    ------
    DocumentError
        For the first file that cannot be read; then nothing was stored.
    """
    read = [(path, *read_any(path, options, form)) for path in paths]
    codes: list[Code] = []
    for path, chosen, runs in read:
        say(f"perf: {path}: {chosen}, {len(runs)} {'run' if len(runs) == 1 else 'runs'}")
        stored = [_store(run, history, quiet=len(runs) > _NAMED) for run in runs]
        codes += [code for code, _ in stored]
        if len(runs) > _NAMED:
            new = sum(is_new for _, is_new in stored)
            say(f"perf: {path}: {new} stored, {len(runs) - new} already stored")
    return max(codes, default=Code.PASS)


def _store(run: Run, history: History, *, quiet: bool) -> tuple[Code, bool]:
    """Store one run unless it is there; what became of it, and whether it is new."""
    kept = _kept(run, history)
    if kept is not None:
        if not quiet:
            say(f"perf: {kept.run_id} already stored; nothing changed")
        return result(kept.run_id), False
    figures = run.figures or (figures_of_run(run) if run.measured.series else None)
    judgement = run.judgement or judge(run.facts(), run.measured, run.plan.thresholds)
    stored = history.store(replace(run, figures=figures, judgement=judgement))
    if not stored.equal:
        say(f"perf: {stored.run_id} could not be read back as it was stored")
        return Code.INFRA, stored.new
    if not quiet:
        for note in run.client_notes:
            say(f"perf: {stored.run_id}: {note}")
        unknown = ", ".join(run.engine.unknown_rules)
        rules = f"; unknown: {unknown}: never a baseline" if unknown else ""
        say(f"perf: {stored.run_id} stored in profile {run.plan.profile}{rules}")
    return result(stored.run_id), stored.new


def _kept(run: Run, history: History) -> Run | None:
    """Return the stored run of the same content; the id ends with its hash.

    Raises
    ------
    DocumentError
        If it was stored under other facts: stored runs are never changed.
    """
    if not run.engine.unknown_rules:
        return None
    try:
        run_id = history.resolve(run.run_id.rpartition("-")[2])
    except UsageError:
        return None
    kept = history.load(run_id)
    for what, mine, theirs in (
        ("profile", run.plan.profile, kept.plan.profile),
        ("environment", run.target.environment, kept.target.environment),
        ("commit", run.git.get("commit", ""), kept.git.get("commit", "")),
        ("branch", run.git.get("branch", ""), kept.git.get("branch", "")),
    ):
        if mine != theirs:
            raise DocumentError(
                f"run {run_id}: refused: is stored already with {what} {theirs or 'unknown'}, "
                f"not {mine or 'unknown'}; stored runs are never changed"
            )
    return kept
