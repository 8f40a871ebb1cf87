"""`perf check`: judge a stored run again."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from perf_analysis.judgement import judge
from perf_cli.comparing import compare_again
from perf_cli.finding import find_run
from perf_cli.outcome import by_precedence
from perf_cli.output import look_of, result
from perf_cli.registry import VERBS
from perf_documents.errors import UsageError
from perf_documents.profile import load_rules
from perf_reports.json_view import render_json
from perf_reports.terminal import Style, render_quiet, render_terminal
from perf_reports.view import build_view


@click.command("check", help=VERBS["check"])
@click.argument("rules", required=False, type=click.Path(path_type=Path))
@click.option(
    "--run",
    "spec",
    required=True,
    metavar="RUN",
    help="A run id, the beginning of one, `latest`, a run file, or a samples file (.csv).",
)
@click.option(
    "--baseline",
    metavar="REF",
    help="Git commit whose baselines/ decide (the working tree).",
)
@click.option("--quiet", is_flag=True, help="Only the first three lines of the summary.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(
    rules: Path | None, spec: str, baseline: str | None, *, quiet: bool, as_json: bool
) -> int:
    """Parse, wire, hand on."""
    run = find_run(spec)
    if rules is not None:
        if not rules.is_file():
            raise UsageError(f"RULES: no file {rules}; expected YAML with a thresholds: block")
        plan = replace(run.plan, thresholds=load_rules(rules))
        run = replace(run, plan=plan)
    comparison = compare_again(run, baseline, os.environ)
    judgement = judge(run.facts(), run.measured, run.plan.thresholds, comparison)
    run = replace(run, judgement=judgement)
    code = by_precedence([judgement.exit_code], valid=judgement.valid)
    view = build_view(run, exit_code=code, over_time=False)
    look = look_of(os.environ)
    style = Style(colour=look.colour, ascii_only=look.ascii_only)
    if as_json:
        text = render_json(view, run)
    else:
        text = render_quiet(view, style) if quiet else render_terminal(view, style)
    return by_precedence([code, result(text)], valid=judgement.valid)
