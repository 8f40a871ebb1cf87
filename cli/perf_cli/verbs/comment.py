"""`perf comment`: print the summary for a pull request, or deliver it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from perf_cli.comparing import compare_as_documented
from perf_cli.delivering import Delivery, redactor_of
from perf_cli.finding import RUN_FILES, find_run
from perf_cli.outcome import Code, by_precedence
from perf_cli.output import result, say
from perf_cli.registry import VERBS
from perf_cli.verb import Verb
from perf_documents.errors import PerfError, UsageError
from perf_documents.files import read_bounded
from perf_documents.judging import judged
from perf_documents.strict_json import is_packed, unpack
from perf_reports.comment import Context, render_comment
from perf_reports.delivery.redaction import redacted
from perf_reports.view import build_view

if TYPE_CHECKING:
    from perf_documents.run import Run

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


@click.command("comment", cls=Verb, help=VERBS["comment"])
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
    wanted = [flags["to_github"], flags["to_gitlab"], flags["to_slack"]]
    if any(wanted):
        _check_size(Path(run))
    found, remark = _judged(find_run(run))
    redactor = redactor_of(os.environ)
    view = redacted(build_view(found, exit_code=_exit_code(found), over_time=False), redactor)
    if not any(wanted):
        return result(render_comment(view, Context(remark=remark)))
    delivery = Delivery(
        run=found,
        view=view,
        environ=os.environ,
        label=flags["label"],
        author=flags["author"],
        check=flags["check"] or "",
        remark=remark,
    )
    ways = (delivery.to_github, delivery.to_gitlab, delivery.to_slack)
    codes: list[int] = []
    for way in (way for way, is_wanted in zip(ways, wanted, strict=True) if is_wanted):
        try:
            say(f"perf comment: {way()}")
        except PerfError as error:
            say(f"perf comment: {error}; the verdict stands")
            codes.append(error.exit_code)
    return by_precedence([Code.PASS, *codes])


def _judged(run: Run) -> tuple[Run, str]:
    """Run with its judgement made anew, and what to know of its comparison.

    Nothing stored is believed that can be made again: it may be somebody else's document.
    """
    comparison, remark = compare_as_documented(run)
    judgement = judged(run, comparison)
    return replace(run, judgement=judgement), remark


def _exit_code(run: Run) -> int:
    return run.judgement.exit_code if run.judgement else Code.INTERNAL


def _check_size(path: Path) -> None:
    """Refuse a file that is larger than any run document has reason to be."""
    if not path.name.endswith(RUN_FILES) or not path.is_file():
        return
    data = read_bounded(path, MOST_UNPACKED, follow=True)
    if is_packed(data) and len(data) > MOST_PACKED:
        raise UsageError(f"{path}: {len(data):,} bytes; at most {MOST_PACKED:,} are delivered")
    unpack(data, MOST_UNPACKED)
