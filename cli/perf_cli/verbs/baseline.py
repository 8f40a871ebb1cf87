"""`perf baseline`: the runs that count as good."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perf_baselines.acceptance import baseline_of, refusal
from perf_baselines.baseline import dump_baseline
from perf_baselines.baseline_files import KEPT
from perf_baselines.comparable import difference
from perf_baselines.comparing import figures_of_run
from perf_cli.comparing import accepted_for, baselines_of, compare, keep_baseline, now_said
from perf_cli.finding import find_run
from perf_cli.options import WholeRange
from perf_cli.output import result, say
from perf_cli.registry import VERBS
from perf_cli.verb import Verb
from perf_documents.errors import RefusedError, UsageError
from perf_documents.judging import judged
from perf_loadtests.workspace import Workspace
from perf_reports.units import duration

if TYPE_CHECKING:
    from perf_baselines.baseline import Baseline
    from perf_documents.run import Run

NONE_YET = "perf: no baseline yet; next: perfproof baseline accept RUN"


@click.group("baseline", help=VERBS["baseline"])
def command() -> None:
    """Sub-verbs over the accepted runs."""


@command.command("accept", cls=Verb)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--because", metavar="TEXT", default="", help="Why a run that became slower is accepted."
)
def accept(runs: tuple[str, ...], because: str) -> int:
    """Accept valid runs that held their thresholds."""
    because = _reason(because)
    workspace = Workspace(Path.cwd())
    for spec in runs:
        accept_run(find_run(spec), workspace, because)
    return 0


@command.command("list", cls=Verb)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def list_baselines(*, as_json: bool) -> int:
    """List all baselines, the newest last."""
    files = baselines_of(Workspace(Path.cwd()))
    found = [baseline for place in files.names() for baseline in files.read(*place)]
    if as_json:
        rows = [json.loads(dump_baseline(baseline)) for baseline in found]
        return result(json.dumps({"baselines": rows}, indent=2, sort_keys=True))
    if not found:
        say(NONE_YET)
        return 0
    return result("\n".join(map(_row, found)))


@command.command("show", cls=Verb)
@click.argument("run")
def show(run: str) -> int:
    """Show one baseline with every figure, as JSON."""
    files = baselines_of(Workspace(Path.cwd()))
    for place in files.names():
        for baseline in files.read(*place):
            if baseline.run_id == run:
                return result(json.dumps(json.loads(dump_baseline(baseline)), indent=2))
    raise UsageError(f"baseline {run[:80]!r}: no accepted run; next: perfproof baseline list")


@command.command("prune", cls=Verb)
@click.argument("profile")
@click.argument("environment")
@click.option("--keep", type=WholeRange(1, 1000), default=KEPT, show_default=True)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def prune(profile: str, environment: str, keep: int, *, dry_run: bool) -> int:
    """Keep the newest ones of the newest load."""
    files = baselines_of(Workspace(Path.cwd()))
    known = files.read(profile, environment)
    if not known:
        raise UsageError(f"{files.path(profile, environment)}: no baseline; next: baseline list")
    comparable = [b for b in known if not difference(known[-1].load, b.load).load]
    kept = comparable[-keep:]
    removed = [baseline for baseline in known if baseline not in kept]
    if not dry_run:
        files.keep(profile, environment, kept)
    word = "would remove" if dry_run else "removed"
    say(f"perf: {word} {len(removed)} of {len(known)}")
    return result("\n".join(baseline.run_id for baseline in removed)) if removed else 0


def accept_run(run: Run, workspace: Workspace, because: str) -> None:
    """Accept one run, judged anew.

    Raises
    ------
    RefusedError
        If it may not become a baseline.
    """
    accepted = accepted_for(run.plan, run.target.environment, workspace, None, os.environ)
    comparison = compare([run], accepted)
    judgement = judged(run, comparison)
    why_not = refusal(run, judgement, because)
    if why_not:
        raise RefusedError(f"run {run.run_id} is not accepted: {why_not}")
    baseline = baseline_of(run, figures_of_run(run), accepted_at=now_said(), because=because)
    keep_baseline(baseline, workspace)


def _reason(text: str) -> str:
    """Reason on one line, fit to be reviewed."""
    if not text:
        return ""
    if not text.strip() or not text.isprintable() or len(text) > 500:  # noqa: PLR2004  # a line
        raise UsageError("--because: expected one printable line of at most 500 characters")
    return text.strip()


def _row(baseline: Baseline) -> str:
    total = baseline.figures.labelled("")
    p95 = total.quantile(0.95) if total else None
    shown = f"p95 {duration(math.exp(p95.ln_s))}" if p95 else "p95 -"
    why = f"  because: {baseline.because}" if baseline.because else ""
    return (
        f"{baseline.profile:<12} {baseline.environment:<12} {baseline.run_id}  {shown:<14} "
        f"{baseline.accepted_at}  {(baseline.commit or '-')[:10]}{why}"
    )
