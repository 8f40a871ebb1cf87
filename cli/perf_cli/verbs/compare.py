"""`perf compare`: runs held against runs, whatever made them."""

from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perf_analysis.compared import ADVISORY, RowVerdict
from perf_baselines.comparing import compare_named
from perf_cli.finding import find_runs
from perf_cli.outcome import Code, by_precedence
from perf_cli.output import look_of, result, say
from perf_cli.registry import VERBS
from perf_cli.verb import Verb
from perf_documents.errors import PerfError, UsageError
from perf_documents.files import make_private_folder, write_atomic
from perf_reports.compare_view import build_compare_view
from perf_reports.html import render_comparison as render_page
from perf_reports.json_view import render_comparison as as_document
from perf_reports.terminal import Style, render_comparison

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click import Context

    from perf_documents.run import Run
    from perf_reports.compare_view import CompareView

SEPARATOR = "--"
OUT = "--out"
CANDIDATES = "perf_candidates"
CODES = {
    RowVerdict.PASS: Code.PASS,
    RowVerdict.FAIL: Code.FAIL,
    RowVerdict.INCONCLUSIVE: Code.INCONCLUSIVE,
    RowVerdict.NOT_JUDGED: Code.INCONCLUSIVE,
}


class TwoLists(Verb):
    """Takes what follows `--` as the second list; click would merge it into the first."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Split the arguments."""
        if SEPARATOR in args:
            place = args.index(SEPARATOR)
            candidates, options = _split(args[place + 1 :])
            ctx.meta[CANDIDATES] = tuple(candidates)
            args = [*args[:place], *options]
        return super().parse_args(ctx, args)


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """Runs and options behind the separator: an option may stand at the end, as elsewhere."""
    candidates: list[str] = []
    options: list[str] = []
    for place, word in enumerate(words):
        is_value = place > 0 and words[place - 1] == OUT
        (options if word.startswith(SEPARATOR) or is_value else candidates).append(word)
    return candidates, options


@click.command("compare", cls=TwoLists, help=VERBS["compare"])
@click.argument("base", nargs=-1, required=True, metavar="BASE... -- CANDIDATE...")
@click.option(
    OUT,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder to write report.html and result.json to.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(context: Context, base: tuple[str, ...], *, out: Path | None, as_json: bool) -> int:
    """Compare the runs before `--` with those after it."""
    candidates: tuple[str, ...] = context.meta.get(CANDIDATES, ())
    if not candidates:
        raise UsageError(
            "compare: no candidate; expected: perfproof compare BASE... -- CANDIDATE..."
        )
    twice = sorted(set(base) & set(candidates))
    if twice:
        raise UsageError(f"compare: {twice[0][:80]} stands on both sides")
    sides = _runs(base), _runs(candidates)
    comparison = compare_named(*sides)
    code = Code.PASS if comparison.mode == ADVISORY else CODES[comparison.verdict]
    look = look_of(os.environ)
    style = Style(colour=look.colour, ascii_only=look.ascii_only)
    text = as_document(comparison, code) if as_json else render_comparison(comparison, style)
    codes: list[int] = [code, result(text)]
    if out is not None:
        view = build_compare_view(
            *sides, comparison, exit_code=code, version=importlib.metadata.version("perfproof")
        )
        codes += _write(view, as_document(comparison, code), out)
    return by_precedence(codes)


def _runs(specs: Sequence[str]) -> list[Run]:
    return [run for spec in specs for run in find_runs(spec)]


def _write(view: CompareView, document: str, out: Path) -> list[int]:
    """Write page and document; what cannot be kept is said, and the verdict stands."""
    try:
        make_private_folder(out)
        write_atomic(out / "report.html", render_page(view).encode())
        write_atomic(out / "result.json", document.encode())
    except PerfError as error:
        say(f"perf: {error}; the verdict stands")
        return [Code.INFRA]
    say(f"perf: report {out / 'report.html'}")
    return []
