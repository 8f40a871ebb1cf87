"""`perf comment`: print the summary for a pull request, or deliver it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TypedDict, Unpack

import click

from perf_analysis.judgement import judge
from perf_baselines.controlling import compare_with_control
from perf_cli.delivering import Delivery
from perf_cli.finding import find_run
from perf_cli.outcome import Code, by_precedence
from perf_cli.output import result, say
from perf_cli.registry import VERBS
from perf_documents.errors import PerfError, UsageError
from perf_documents.files import read_bounded
from perf_documents.strict_json import unpack
from perf_reports.comment import render_comment
from perf_reports.view import build_view

# What comes from another job is somebody else's document.
MOST_PACKED, MOST_UNPACKED = 8 * 1024 * 1024, 64 * 1024 * 1024


class CommentFlags(TypedDict):
    """Options as click hands them over."""

    to_github: bool
    to_gitlab: bool
    to_slack: bool
    check: str | None
    label: str
    author: str


@click.command("comment", help=VERBS["comment"])
@click.argument("run", metavar="RUN")
@click.option("--github", "to_github", is_flag=True, help="Write or update the pull request's.")
@click.option("--gitlab", "to_gitlab", is_flag=True, help="Write or update the merge request's.")
@click.option("--slack", "to_slack", is_flag=True, help="Tell a webhook when the verdict changed.")
@click.option("--check", metavar="NAME", help="With --github: also a check run of this name.")
@click.option("--label", default="", metavar="TEXT", help="Tells comments of a matrix apart.")
@click.option("--author", default="", metavar="LOGIN", help="Whom the token writes as, if an app.")
def command(run: str, **flags: Unpack[CommentFlags]) -> int:
    """Parse, wire, hand on; the exit code speaks of delivery alone."""
    if (flags["check"] or flags["author"]) and not flags["to_github"]:
        raise UsageError("comment: --check and --author belong to --github")
    _check_size(run)
    found = find_run(run)
    stored = found.judgement
    if stored is None:
        raise UsageError(f"comment: run {found.run_id} was never judged; next: perf check --run")
    # validity, thresholds and a control are judged anew: nothing stored is believed that can be
    comparison = stored.comparison
    if found.control is not None and len(comparison.reference) <= 1:
        comparison = compare_with_control([found])
    judgement = judge(found.facts(), found.measured, found.plan.thresholds, comparison)
    found = replace(found, judgement=judgement)
    view = build_view(found, exit_code=judgement.exit_code, over_time=False)
    delivery = Delivery(
        run=found,
        view=view,
        environ=os.environ,
        label=flags["label"],
        author=flags["author"],
        check=flags["check"] or "",
    )
    wanted = [
        way
        for way, is_wanted in (
            (delivery.to_github, flags["to_github"]),
            (delivery.to_gitlab, flags["to_gitlab"]),
            (delivery.to_slack, flags["to_slack"]),
        )
        if is_wanted
    ]
    if not wanted:
        return result(render_comment(view))
    codes: list[int] = []
    for way in wanted:
        try:
            say(f"perf comment: {way()}")
        except PerfError as error:
            say(f"perf comment: {error}; the verdict stands")
            codes.append(error.exit_code)
    return by_precedence([Code.PASS, *codes])


def _check_size(spec: str) -> None:
    """Refuse a file that is larger than any run document has reason to be."""
    path = Path(spec)
    if spec.endswith(".json.gz") and path.is_file():
        unpack(read_bounded(path, MOST_PACKED, follow=True), MOST_UNPACKED)
