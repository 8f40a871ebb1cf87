"""`perf compare`: runs held against runs, whatever made them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from perf_analysis.compared import ADVISORY, RowVerdict
from perf_baselines.comparing import compare_named
from perf_cli.finding import find_run
from perf_cli.outcome import Code, by_precedence
from perf_cli.output import look_of, result
from perf_cli.registry import VERBS
from perf_documents.errors import UsageError
from perf_reports.json_view import render_comparison as as_document
from perf_reports.terminal import Style, render_comparison

if TYPE_CHECKING:
    from click import Context

SEPARATOR = "--"
CANDIDATES = "perf_candidates"
CODES = {
    RowVerdict.PASS: Code.PASS,
    RowVerdict.FAIL: Code.FAIL,
    RowVerdict.INCONCLUSIVE: Code.INCONCLUSIVE,
    RowVerdict.NOT_JUDGED: Code.INCONCLUSIVE,
}


class TwoLists(click.Command):
    """Takes what follows `--` as the second list; click would merge it into the first."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Split the arguments."""
        if SEPARATOR in args:
            place = args.index(SEPARATOR)
            after = args[place + 1 :]
            # no run begins so: an option may stand at the end, as elsewhere
            options = [text for text in after if text.startswith(SEPARATOR)]
            ctx.meta[CANDIDATES] = tuple(text for text in after if text not in options)
            args = [*args[:place], *options]
        return super().parse_args(ctx, args)


@click.command("compare", cls=TwoLists, help=VERBS["compare"])
@click.argument("base", nargs=-1, required=True, metavar="BASE... -- CANDIDATE...")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(context: Context, base: tuple[str, ...], *, as_json: bool) -> int:
    """Compare the runs before `--` with those after it."""
    candidates: tuple[str, ...] = context.meta.get(CANDIDATES, ())
    if not candidates:
        raise UsageError(
            "compare: no candidate; expected: perfproof compare BASE... -- CANDIDATE..."
        )
    twice = sorted(set(base) & set(candidates))
    if twice:
        raise UsageError(f"compare: {twice[0][:80]} stands on both sides")
    comparison = compare_named([find_run(spec) for spec in base],
                               [find_run(spec) for spec in candidates])  # fmt: skip
    code = Code.PASS if comparison.mode == ADVISORY else CODES[comparison.verdict]
    look = look_of(os.environ)
    style = Style(colour=look.colour, ascii_only=look.ascii_only)
    text = as_document(comparison, code) if as_json else render_comparison(comparison, style)
    return by_precedence([code, result(text)])
