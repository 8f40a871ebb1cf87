"""`perf trend`: the history as a folder of pages."""

from __future__ import annotations

import gc
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perf_cli.options import FOLDER, WholeRange
from perf_cli.output import result
from perf_cli.registry import VERBS
from perf_cli.trending import Wanted, build_site
from perf_cli.verb import Verb
from perf_cli.wiring import SITE
from perf_loadtests.workspace import Workspace
from perf_reports.trend.links import INDEX, links_of

if TYPE_CHECKING:
    from perf_reports.trend.folder import Written

REPORTS = 20


@click.command("trend", cls=Verb, help=VERBS["trend"])
@click.option(
    "--out",
    type=FOLDER,
    metavar="DIR",
    help="Where the site goes (.perf/trend).",
)
@click.option(
    "--reports",
    type=WholeRange(0, 1000),
    default=REPORTS,
    show_default=True,
    metavar="N",
    help="Reports of so many newest runs of each profile and environment.",
)
@click.option(
    "--commit-url",
    metavar="TEMPLATE",
    help="Where a commit is read: an address with {commit} in it (by the repository's remote).",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(out: Path | None, reports: int, commit_url: str | None, *, as_json: bool) -> int:
    """Parse, build, say where it lies."""
    # millions of numbers are read, nothing in circles: looking for those takes most of the time
    gc.disable()
    workspace = Workspace(Path.cwd())
    folder = out or workspace.state / SITE
    if commit_url is not None:
        links_of(commit_url, "")  # wrong ones before anything is read
    wanted = Wanted(
        folder=folder,
        reports=reports,
        commit_url=commit_url,
        environ=os.environ,
        now=datetime.now(UTC),
    )
    written = build_site(workspace, wanted)
    return result(_said(folder / INDEX, written, as_json=as_json))


def _said(index: Path, written: Written, *, as_json: bool) -> str:
    if as_json:
        return json.dumps({
            "index": str(index), "written": written.new, "kept": written.kept,
            "removed": written.removed,
        })  # fmt: skip
    removed = f", {len(written.removed)} removed" if written.removed else ""
    return f"{index}: {len(written.new)} files written, {written.kept} unchanged{removed}"
