"""`perf history export`, and import of what it wrote: run documents and whole histories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_baselines.history import History
from perf_cli.outcome import Code
from perf_cli.output import result, say
from perf_documents.errors import DocumentError, UsageError
from perf_documents.files import make_private_folder, read_bounded, write_atomic
from perf_documents.judging import as_judged
from perf_documents.strict_json import MAX_JSON_BYTES, unpack
from perf_reports.exports import render_bmf, render_csv
from perf_reports.junit import render_junit
from perf_reports.view import build_view

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from perf_documents.run import Run
    from perf_reports.parts import View

HISTORY, CSV, BMF, JUNIT = "history", "csv", "bmf", "junit"


def export_runs(history: History, form: str, specs: Sequence[str], out: Path | None) -> Code:
    """Write stored runs to a folder, or the one that is asked for to stdout.

    Raises
    ------
    UsageError
        If the form needs a folder or runs, and none is named.
    """
    if form == HISTORY:
        if out is None:
            raise UsageError("export: a history is a folder; next: --out DIR")
        run_ids = [history.resolve(spec) for spec in specs] or sorted(history.ids())
        return _copy(history, History(out), run_ids)
    run_ids = [history.resolve(spec) for spec in specs]
    if not run_ids:
        raise UsageError("export: names no run; expected RUN..., such as latest")
    if out is None and len(run_ids) > 1 and form != CSV:
        raise UsageError(f"export: {len(run_ids)} documents do not fit on stdout; next: --out DIR")
    if form == CSV:
        runs = [history.load(run_id) for run_id in run_ids]
        return _put(out, "runs.csv", render_csv([(run, view_of(run)) for run in runs]).encode())
    return max(_export_one(history, form, run_id, out) for run_id in run_ids)


def import_history(folder: Path, history: History) -> Code:
    """Store all runs of a folder that is a history, byte for byte; those that are stored stay."""
    source = History(folder)
    return _copy(source, history, sorted(source.ids()))


def import_document(path: Path, history: History) -> Code:
    """Store the run of a document, which is kept byte for byte."""
    document = unpack(read_bounded(path, MAX_JSON_BYTES, follow=True))
    stored = history.store_document(document, str(path))
    if not stored.equal:
        return not_kept(stored.run_id)
    say(f"perf: {stored.run_id} {'stored' if stored.new else 'already stored'}")
    return result(stored.run_id)


def not_kept(run_id: str) -> Code:
    """Say that what is stored is not what was to be, and end in that."""
    say(f"perf: {run_id} could not be read back as it was stored")
    return Code.INFRA


def is_history(path: Path) -> bool:
    """Whether a path looks like a history's folder."""
    return (path / "records").is_dir()


def view_of(run: Run, *, over_time: bool = False) -> View:
    """Run as it was judged, for renderers; one that never was is judged by its thresholds now."""
    run = as_judged(run)
    code = run.judgement.exit_code if run.judgement else Code.INCONCLUSIVE
    return build_view(run, exit_code=code, over_time=over_time)


def _copy(source: History, target: History, run_ids: Sequence[str]) -> Code:
    """Copy records and documents; what cannot be read is named, and the rest is copied."""
    target.open_for_writing()
    copied = damaged = 0
    for run_id in run_ids:
        try:
            text, document = source.texts(run_id)
            copied += target.store_text(text, document)
        except DocumentError as error:
            damaged += 1
            say(f"perf: left out: {error}")
    there = len(run_ids) - copied - damaged
    told = result(f"{target.place}: {copied} runs copied, {there} were there, {damaged} left out")
    return Code.USAGE if damaged else told


def _export_one(history: History, form: str, run_id: str, out: Path | None) -> Code:
    run = history.load(run_id)  # checked: what is damaged is not handed on
    if form == BMF:
        return _put(out, f"{run_id}.bmf.json", render_bmf(view_of(run)).encode())
    if form == JUNIT:
        return _put(out, f"{run_id}.junit.xml", render_junit(view_of(run)).encode())
    packed = history.texts(run_id)[1] or b""
    return _put(out, f"{run_id}.json.gz", packed if out else unpack(packed))


def _put(out: Path | None, name: str, data: bytes) -> Code:
    if out is None:
        return result(data.decode())
    make_private_folder(out)
    write_atomic(out / name, data)
    return result(str(out / name))
