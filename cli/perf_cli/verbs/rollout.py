"""`perf rollout`: raise a canary's share step by step; promote it, or roll back."""

from __future__ import annotations

import os
from pathlib import Path

import click

from perf_canary.rollout_state import outline
from perf_cli.canary import live_source
from perf_cli.outcome import Code
from perf_cli.output import result
from perf_cli.registry import VERBS
from perf_cli.rolling import render_json, render_plan_json, render_text, roll
from perf_cli.signals import Signals
from perf_cli.verb import Verb
from perf_documents.rollout_plan_load import load_rollout_plan


@click.command("rollout", cls=Verb, help=VERBS["rollout"])
@click.argument("path", metavar="PLAN", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Print what would be run, and run nothing.")
@click.option("--prometheus", "url", metavar="URL", help="Address, instead of the RULES file's.")
@click.option(
    "--abort-file",
    metavar="F",
    type=click.Path(path_type=Path),
    help="Roll back when this file appears, as well as by signal and by POST /abort.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(
    path: Path, url: str | None, abort_file: Path | None, *, dry_run: bool, as_json: bool
) -> int:
    """Parse, wire, hand on."""
    # from the first moment on: a signal before the first command must not end half a rollback
    signals = Signals()
    signals.install()
    plan = load_rollout_plan(path)
    if dry_run:
        return result(render_plan_json(plan) if as_json else "\n".join(outline(plan)))
    source = live_source(plan.rules, url, os.environ)
    rolled = roll(plan, source, signals, os.environ, abort_file)
    text = render_json(plan, rolled) if as_json else render_text(plan, rolled)
    delivered = result(text)
    code = Code(rolled.result.exit_code)
    return code if code is not Code.PASS else delivered
