"""`perf history`: stored runs, and spools of runs whose supervisor is gone."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perf_baselines.baseline_files import KEPT
from perf_baselines.record_codec import dump_record
from perf_cli.options import DURATION, FOLDER, WholeRange
from perf_cli.outcome import Code, by_precedence
from perf_cli.output import look_of, result, say
from perf_cli.registry import VERBS
from perf_cli.verb import Verb
from perf_cli.wiring import history_of
from perf_documents.errors import UsageError
from perf_documents.judging import as_judged
from perf_loadtests.recover import recover, unfinished
from perf_loadtests.workspace import Workspace
from perf_reports.json_view import render_json
from perf_reports.terminal import Style, render_terminal

if TYPE_CHECKING:
    from typing import Unpack

    from perf_baselines.history import History
    from perf_baselines.record import Record
    from perf_cli.importing import ImportFlags


DEFAULT_LIMIT = 20
FORMATS = ("run", "history", "csv", "bmf", "junit")
_GLYPHS = {"pass": "✓", "fail": "✗", "inconclusive": "?"}


@click.group("history", help=VERBS["history"])
def command() -> None:
    """Sub-verbs over the stored runs."""
    for folder in unfinished(Workspace(Path.cwd()).state / "spool"):
        say(f"perf: unfinished run {folder.name}; next: perf history import {folder}")


@command.command("list", cls=Verb)
@click.option("--limit", type=WholeRange(1, 100_000), default=DEFAULT_LIMIT, show_default=True)
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
    from perf_cli.moving import view_of  # noqa: PLC0415  # the other sub-verbs need it not

    stored = as_judged(history_of(Workspace(Path.cwd())).load(run))
    view = view_of(stored)
    look = look_of(os.environ)
    style = Style(colour=look.colour, ascii_only=look.ascii_only)
    return result(render_json(view, stored) if as_json else render_terminal(view, style))


@command.command("import", cls=Verb)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH")
@click.option("--format", "form", default="", metavar="F", help="Told by the content if not given.")
@click.option("--profile", metavar="NAME", help="To keep the runs under; else the tool's name.")
@click.option("--environment", metavar="NAME", help="Where it was measured; else `imported`.")
@click.option(
    "--commit", metavar="SHA", help="What was measured, above what a file of one run says."
)
@click.option("--branch", metavar="NAME", help="Where the commit belongs.")
@click.option(
    "--at", metavar="TIME", help="When it was measured, above what a file of one run says."
)
@click.option(
    "--direction",
    type=click.Choice(["higher", "lower"]),
    help="Which is better, for measures whose format does not say.",
)
def import_paths(paths: tuple[Path, ...], form: str, **flags: Unpack[ImportFlags]) -> int:
    """Store other tools' results, run documents, whole histories, or runs of unfinished spools."""
    from perf_cli import importing  # noqa: PLC0415  # the other sub-verbs need it not

    options = importing.options_of(**flags)
    history = history_of(Workspace(Path.cwd()))
    history.open_for_writing()
    files = [path for path in paths if form or importing.are_results(path)]
    folders = [path for path in paths if path not in files]
    codes: list[int] = [importing.import_files(files, form, options, history)]
    codes += [importing.import_folder(path, history, _recover) for path in folders]
    return by_precedence(codes)


def _recover(folder: Path, history: History) -> int:
    """Store the run of a spool whose supervisor is gone; it is never valid."""
    from perf_cli.moving import not_kept  # noqa: PLC0415  # the other sub-verbs need it not

    found = recover(folder)
    stored = history.store(as_judged(found.run))
    what = "stored" if stored.new else "already stored"
    if not stored.equal:
        return not_kept(stored.run_id)
    shutil.rmtree(folder, ignore_errors=True)
    lost = f"; {found.lost_bytes} bytes of an unfinished record dropped" * bool(found.lost_bytes)
    say(f"perf: {stored.run_id} {what} as {found.run.state}{lost}")
    return result(stored.run_id)


@command.command("export", cls=Verb)
@click.option("--format", "form", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True)
@click.option("--out", type=FOLDER, metavar="DIR")
@click.argument("runs", nargs=-1, metavar="RUN...")
def export(form: str, out: Path | None, runs: tuple[str, ...]) -> int:
    """Write stored runs as documents, as another history, or for other programs."""
    from perf_cli.moving import export_runs  # noqa: PLC0415  # the other sub-verbs need it not

    return export_runs(history_of(Workspace(Path.cwd())), form, runs, out)


@command.command("prune", cls=Verb)
@click.option("--older-than", type=DURATION, metavar="AGE", help="Such as 90d: younger runs stay.")
@click.option(
    "--keep",
    "--keep-last",
    "keep",
    type=WholeRange(0),
    default=None,
    metavar="N",
    help="Newest runs of each profile and environment that stay. [default: 20]",
)
@click.option("--documents-only", is_flag=True, help="Keep the records, which trends need.")
@click.option("--yes", is_flag=True, help="Remove; without it, only say what would be removed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def prune(
    older_than: float | None, keep: int | None, *, documents_only: bool, yes: bool, as_json: bool
) -> int:
    """Remove old runs, except those that a baseline or the last change point refers to."""
    from perf_cli.pruning import Wish, prune_history  # noqa: PLC0415  # the other sub-verbs need it not

    if older_than is None and keep is None:
        raise UsageError("history prune: says nothing of age or count; next: --older-than 90d")
    wish = Wish(
        keep=KEPT if keep is None else keep,
        older_than_s=older_than or 0.0,
        documents_only=documents_only,
        yes=yes,
        as_json=as_json,
    )
    return prune_history(Workspace(Path.cwd()), wish)


@command.command("sync", cls=Verb)
@click.option("--branch", required=True, metavar="NAME", help="Such as perfproof-history.")
@click.option("--remote", default="origin", show_default=True, metavar="NAME")
@click.option("--no-push", is_flag=True, help="Only take what is there.")
@click.option("--restore", is_flag=True, help="Put back what a rewritten branch lacks.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def sync(branch: str, remote: str, *, no_push: bool, restore: bool, as_json: bool) -> int:
    """Keep the records in a git branch; nothing is lost, however many do so at once."""
    from perf_cli.keeping import sync_branch  # noqa: PLC0415  # the other sub-verbs need it not

    workspace = Workspace(Path.cwd())
    return sync_branch(
        workspace, remote, branch, push=not no_push, restore=restore, as_json=as_json
    )


def _row(record: Record) -> str:
    commit = (record.commit or "-")[:10]
    return (
        f"{_GLYPHS.get(record.verdict or '', '?')} {record.run_id}  {record.profile:<12} "
        f"{record.environment:<12} {record.verdict or '-':<12} {record.started_at}  {commit}  "
        f"{record.reason[:80]}"
    )
