"""`perf changes`: where the level of any series of numbers moved."""

from __future__ import annotations

import os
import re
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perf_analysis.changes import Better, find_changes
from perf_baselines.trend_series import series_of
from perf_cli.output import look_of, result
from perf_cli.registry import VERBS
from perf_cli.verb import Verb
from perf_cli.wiring import history_of
from perf_documents.errors import DocumentError, UsageError
from perf_documents.files import read_bounded
from perf_documents.redact import visible
from perf_importers.number_series import MAX_BYTES, parse_series
from perf_loadtests.workspace import Workspace
from perf_reports.changes import ChangedSeries, changes_as_json, render_changes
from perf_reports.terminal import Style

if TYPE_CHECKING:
    from perf_baselines.trend_series import TrendSeries

STDIN = "-"
_LINE = re.compile(r"\d+: ")
_MOST_RUNS = 100_000
_MOST_NAMED = 8


@click.command("changes", cls=Verb, help=VERBS["changes"])
@click.argument("files", nargs=-1, metavar="[FILE.csv|FILE.json|-]...")
@click.option("--series", "pattern", metavar="NAME", help="Series of the history; * matches any.")
@click.option("--profile", metavar="NAME", help="Only this profile's runs, with --series.")
@click.option("--environment", metavar="NAME", help="Only this environment's, with --series.")
@click.option(
    "--better",
    type=click.Choice([one.value for one in Better]),
    help="Which direction is the good one, for files.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(
    files: tuple[str, ...],
    *,
    pattern: str | None,
    profile: str | None,
    environment: str | None,
    better: str | None,
    as_json: bool,
) -> int:
    """Find change points in columns of numbers, or in the stored history."""
    if bool(files) == (pattern is not None):
        raise UsageError("changes: expected files, or --series NAME for the stored history")
    if files and (profile or environment):
        raise UsageError("changes: --profile and --environment go with --series")
    if pattern is None:
        found = _of_files(files, Better(better) if better else None)
    elif better:
        raise UsageError("changes: --better goes with files; stored series know their direction")
    else:
        found = _of_history(pattern, profile, environment)
    look = look_of(os.environ)
    style = Style(colour=look.colour, ascii_only=look.ascii_only)
    return result(changes_as_json(found) if as_json else render_changes(found, style))


def _of_files(files: tuple[str, ...], better: Better | None) -> list[ChangedSeries]:
    """Series of files; those of several files are called by their file as well."""
    twice = sorted({name for name in files if files.count(name) > 1})
    if twice:
        raise UsageError(f"changes: {visible(twice[0], 80)} is named twice")
    found: list[ChangedSeries] = []
    for file in files:
        stem = "stdin" if file == STDIN else Path(file).stem
        try:
            listed = parse_series(_content(file), stem)
        except DocumentError as error:
            raise DocumentError(_located(file, str(error))) from error
        found += [
            ChangedSeries(
                name=series.name,
                changes=find_changes(series.values, better=better),
                about={"file": file} if len(files) > 1 else {},
                labels=series.labels,
            )
            for series in listed
        ]
    return found


def _content(file: str) -> bytes:
    if file != STDIN:
        return read_bounded(Path(file), MAX_BYTES, follow=True)
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise DocumentError(f"more than {MAX_BYTES} bytes; at most so many are read")
    return data


def _located(file: str, problems: str) -> str:
    """Problems with their file: `history.csv:7: ...`, or `history.json: p95[7]: ...`."""
    return "\n".join(
        problem
        if problem.startswith(f"{file}: ")
        else f"{file}:{'' if _LINE.match(problem) else ' '}{problem}"
        for problem in problems.splitlines()
    )


def _of_history(pattern: str, profile: str | None, environment: str | None) -> list[ChangedSeries]:
    records = history_of(Workspace(Path.cwd())).list(_MOST_RUNS, profile, environment)
    every = series_of(records)
    if not every:
        raise UsageError(
            "changes: no run is stored here yet; next: perf run --profile smoke --target demo"
        )
    found = [series for series in every if fnmatchcase(series.name, pattern)]
    if not found:
        names = sorted({series.name for series in every})
        more = f" and {len(names) - _MOST_NAMED} more" * (len(names) > _MOST_NAMED)
        known = ", ".join(visible(name, 60) for name in names[:_MOST_NAMED])
        raise UsageError(f"changes: no series {visible(pattern, 80)!r}; known: {known}{more}")
    return [_changed(series) for series in found]


def _changed(series: TrendSeries) -> ChangedSeries:
    return ChangedSeries(
        name=series.name,
        changes=find_changes(series.values, better=series.better, breaks=series.breaks),
        about={
            "profile": series.profile,
            "environment": series.environment,
            "branch": series.branch,
        },
        labels=tuple(record.commit[:10] or record.run_id for record in series.records),
        unit=series.unit,
        kind=series.of.kind,
    )
