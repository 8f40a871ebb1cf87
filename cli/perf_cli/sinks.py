"""Where a judged run goes: history, files, GitHub, stdout; each on its own, none in the way."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from perf_analysis.validity import check_stored
from perf_baselines.trend_newest import newest_of
from perf_cli.outcome import Code, by_precedence
from perf_cli.output import Look, result, say
from perf_cli.termination import leave_message
from perf_documents.codec import dump_run
from perf_documents.errors import PerfError, StoreError, UsageError
from perf_documents.files import write_atomic
from perf_documents.redact import visible
from perf_documents.strict_json import pack
from perf_reports import github
from perf_reports.comment import render_comment
from perf_reports.html import render_html
from perf_reports.json_view import render_json
from perf_reports.junit import render_junit
from perf_reports.markdown import render_markdown
from perf_reports.parts import Places
from perf_reports.terminal import Style, render_quiet, render_terminal
from perf_reports.view import build_view

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from perf_analysis.verdict import Check
    from perf_baselines.history import History
    from perf_documents.run import Run
    from perf_reports.parts import View

T = TypeVar("T")
REPORT, DATA, SUMMARY, RESULT = "report.html", "run.json.gz", "summary.md", "result.json"
JUNIT, COMMENT = "junit.xml", "comment.md"
SUMMARY_LIMIT_BYTES = 900 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Sinks:
    """What a run is delivered to."""

    out: Path
    history: History
    spool: Path
    look: Look
    quiet: bool
    as_json: bool
    environ: Mapping[str, str]
    token_hex: Callable[[int], str]


def check_out(place: Path) -> None:
    """Refuse a place where the files of a run cannot lie, or would replace somebody else's.

    Raises
    ------
    UsageError
        If it is a file, no path at all, or holds files of these names that no run left.
    """
    try:
        names = {path.name for path in place.iterdir()} if place.exists() else set()
    except NotADirectoryError:
        raise UsageError(
            f"--out: {place} is a file; expected a folder; next: name another"
        ) from None
    except PermissionError:
        raise StoreError(
            f"--out: {place} cannot be read; before load; next: name another"
        ) from None
    except OSError as error:
        raise UsageError(
            f"--out: {visible(str(place), 120)}: {error.strerror}; expected a folder; next: name "
            "another"
        ) from error
    taken = sorted(names & {DATA, REPORT, SUMMARY, RESULT, JUNIT, COMMENT})
    if taken and DATA not in names:
        raise UsageError(
            f"--out: {place} holds {', '.join(taken)} of something else; nothing is overwritten; "
            "next: name another folder"
        )


def deliver(run: Run, sinks: Sinks, interrupted: Code | None) -> Code:
    """Store and write everything, then say the verdict; the code that all of it comes to."""
    failures: list[str] = []
    stored = _keep(partial(_store, run, sinks), failures, "history")
    if stored is None:
        stored = check_stored(equal=False)
    # whatever goes wrong there is a word less, and no failure
    untold: list[str] = []
    trend = _keep(partial(_trend, run, sinks), untold, "the trend") or ""
    codes = [Code.INFRA] if stored.outcome != "held" else []
    codes += [interrupted] if interrupted is not None else []
    view = _view(run, sinks, codes, stored, trend)
    files: dict[str, Callable[[], bytes]] = {
        DATA: lambda: pack(dump_run(run)),
        REPORT: lambda: render_html(view).encode(),
        SUMMARY: lambda: render_markdown(view).encode(),
        RESULT: lambda: render_json(view, run).encode(),
        JUNIT: lambda: render_junit(view).encode(),
        COMMENT: lambda: render_comment(view).encode(),
    }
    for name, render in files.items():
        _keep(partial(_write, sinks.out / name, render), failures, name)
    _keep(partial(_tell_github, view, sinks), failures, "GitHub files")
    if failures:
        codes.append(Code.INFRA)
        view = _view(run, sinks, codes, stored, trend)
    for failure in (*untold, *failures):
        say(f"perf: {failure}")
    text = _keep(partial(_text, view, run, sinks), failures, "the summary")
    if text is None:
        codes.append(Code.INFRA)
        text = f"{run.judgement.reason if run.judgement else 'not judged'}; {failures[-1]}\n"
    said = result(text)
    if said is not Code.PASS:
        codes.append(said)
    code = _code(run, codes)
    reason = run.judgement.reason if run.judgement else "not judged"
    leave_message(sinks.environ, code, reason, run.run_id)
    return code


def _code(run: Run, codes: list[Code]) -> Code:
    judgement = run.judgement
    if judgement is None:
        return Code.INTERNAL
    return by_precedence([*codes, judgement.exit_code], valid=judgement.valid)


def _view(run: Run, sinks: Sinks, codes: list[Code], stored: Check, trend: str) -> View:
    places = Places(report=str(sinks.out / REPORT), data=str(sinks.out / DATA))
    view = build_view(run, exit_code=_code(run, codes), stored=stored, places=places)
    return replace(view, trend=trend)


def _store(run: Run, sinks: Sinks) -> Check:
    try:
        equal = sinks.history.store(run).equal
    except PerfError as error:
        place = f".perf/spool/{sinks.spool.name}"
        raise StoreError(f"{error}; next: perf history import {place}") from error
    check = check_stored(equal=equal)
    if check.outcome == "held":
        # what the history holds, read back, is not needed a second time
        shutil.rmtree(sinks.spool, ignore_errors=True)
    return check


def _trend(run: Run, sinks: Sinks) -> str:
    """What the run does to the trend."""
    found = newest_of(sinks.history, run)
    if found is None:
        return ""
    from perf_reports.trend.newest import said  # noqa: PLC0415  # scipy, only where needed

    return said(found)


def _write(path: Path, render: Callable[[], bytes]) -> bool:
    write_atomic(path, render())
    return True


def _keep(action: Callable[[], T], failures: list[str], what: str) -> T | None:
    """Result of one delivery; whatever stops it is said, and stops nothing else."""
    try:
        return action()
    except Exception as error:  # noqa: BLE001  # one delivery: its failure is its own
        failures.append(f"{what} not kept: {error}; the verdict stands")
        return None


def _tell_github(view: View, sinks: Sinks) -> bool:
    if not sinks.look.github:
        return True
    for line in github.annotations(view):
        say(line)
    summary = sinks.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        text = render_markdown(view)
        # a summary that is too long is lost as a whole, without a word
        fits = len(text.encode()) < SUMMARY_LIMIT_BYTES
        _append(summary, (text if fits else render_comment(view)) + "\n")
    output = sinks.environ.get("GITHUB_OUTPUT")
    if output:
        _append(output, github.outputs(view, delimiter=f"perfproof-{sinks.token_hex(16)}"))
    return True


def _append(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "ab") as stream:
        stream.write(text.encode())


def _text(view: View, run: Run, sinks: Sinks) -> str:
    if sinks.as_json:
        return render_json(view, run)
    style = Style(colour=sinks.look.colour, ascii_only=sinks.look.ascii_only)
    return render_quiet(view, style) if sinks.quiet else render_terminal(view, style)
