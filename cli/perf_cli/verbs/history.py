"""`perf history`: stored runs, and spools of runs whose supervisor is gone."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perf_analysis.judgement import judge
from perf_baselines.record_codec import dump_record
from perf_cli.outcome import Code, by_precedence
from perf_cli.output import look_of, result, say
from perf_cli.registry import VERBS
from perf_cli.verb import Verb
from perf_cli.wiring import history_of
from perf_loadtests.recover import recover, unfinished
from perf_loadtests.workspace import Workspace
from perf_reports.json_view import render_json
from perf_reports.terminal import Style, render_terminal
from perf_reports.view import build_view

if TYPE_CHECKING:
    from typing import Unpack

    from perf_baselines.history import History
    from perf_baselines.record import Record
    from perf_cli.importing import ImportFlags


DEFAULT_LIMIT = 20
_GLYPHS = {"pass": "✓", "fail": "✗", "inconclusive": "?"}


@click.group("history", help=VERBS["history"])
def command() -> None:
    """Sub-verbs over the stored runs."""
    for folder in unfinished(Workspace(Path.cwd()).state / "spool"):
        say(f"perf: unfinished run {folder.name}; next: perf history import {folder}")


@command.command("list", cls=Verb)
@click.option("--limit", type=click.IntRange(1, 100_000), default=DEFAULT_LIMIT, show_default=True)
@click.option("--profile", metavar="NAME")
@click.option("--environment", metavar="NAME")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def list_runs(limit: int, profile: str | None, environment: str | None, *, as_json: bool) -> int:
    """List the newest runs, newest first."""
    history = history_of(Workspace(Path.cwd()))
    records = history.list(limit, profile, environment)
    if as_json:
        rows = [json.loads(dump_record(record)) for record in records]
        return result(json.dumps({"runs": rows}, indent=2, sort_keys=True))
    if not records:
        say("perf: no run is stored here yet; next: perf run --profile smoke --target demo")
        return Code.PASS
    return result("\n".join(_row(record) for record in records))


@command.command("show", cls=Verb)
@click.argument("run", default="latest")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def show(run: str, *, as_json: bool) -> int:
    """Show a stored run as it was judged."""
    stored = history_of(Workspace(Path.cwd())).load(run)
    if stored.judgement is None:
        judgement = judge(stored.facts(), stored.measured, stored.plan.thresholds)
        stored = replace(stored, judgement=judgement)
    code = stored.judgement.exit_code if stored.judgement else Code.INCONCLUSIVE
    view = build_view(stored, exit_code=code, over_time=False)
    look = look_of(os.environ)
    style = Style(colour=look.colour, ascii_only=look.ascii_only)
    return result(render_json(view, stored) if as_json else render_terminal(view, style))


@command.command("import", cls=Verb)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH")
@click.option("--format", "form", default="", metavar="F", help="Told by the content if not given.")
@click.option("--profile", metavar="NAME", help="To keep the runs under; else the tool's name.")
@click.option("--environment", metavar="NAME", help="Where it was measured; else `imported`.")
@click.option("--commit", metavar="SHA", help="What was measured, where the file does not say.")
@click.option("--branch", metavar="NAME", help="Where the commit belongs.")
@click.option("--at", metavar="TIME", help="When it was measured, where the file does not say.")
@click.option(
    "--direction",
    type=click.Choice(["higher", "lower"]),
    help="Which is better, for measures whose format does not say.",
)
def import_paths(paths: tuple[Path, ...], form: str, **flags: Unpack[ImportFlags]) -> int:
    """Store other tools' results, run documents, or the runs of unfinished spools."""
    from perf_cli.importing import are_results, import_files, options_of  # noqa: PLC0415  # only here

    options = options_of(**flags)
    history = history_of(Workspace(Path.cwd()))
    history.open_for_writing()
    files = [path for path in paths if form or are_results(path)]
    spools = [path for path in paths if path not in files]
    return by_precedence(
        [
            import_files(files, form, options, history),
            *(_recover(folder, history) for folder in spools),
        ]
    )


def _recover(folder: Path, history: History) -> int:
    """Store the run of a spool whose supervisor is gone; it is never valid."""
    found = recover(folder)
    judgement = judge(found.run.facts(), found.run.measured, found.run.plan.thresholds)
    stored = history.store(replace(found.run, judgement=judgement))
    what = "stored" if stored.new else "already stored"
    if not stored.equal:
        return Code.INFRA
    shutil.rmtree(folder, ignore_errors=True)
    lost = f"; {found.lost_bytes} bytes of an unfinished record dropped" * bool(found.lost_bytes)
    say(f"perf: {stored.run_id} {what} as {found.run.state}{lost}")
    return result(stored.run_id)


def _row(record: Record) -> str:
    commit = (record.commit or "-")[:10]
    return (
        f"{_GLYPHS.get(record.verdict or '', '?')} {record.run_id}  {record.profile:<12} "
        f"{record.environment:<12} {record.verdict or '-':<12} {record.started_at}  {commit}  "
        f"{record.reason[:80]}"
    )
