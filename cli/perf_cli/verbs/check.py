"""`perf check`: judge a stored run again, or a canary while it runs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypedDict, Unpack

import click

from perf_analysis.judgement import judge
from perf_cli.comparing import compare_again
from perf_cli.finding import find_run
from perf_cli.options import LENGTH, SHARE, FiniteRange
from perf_cli.outcome import by_precedence
from perf_cli.output import look_of, result
from perf_cli.registry import VERBS
from perf_cli.termination import leave_message
from perf_cli.verb import Verb
from perf_documents.canary_rules_load import is_canary_rules, load_canary_rules
from perf_documents.errors import UsageError
from perf_documents.judging import judged
from perf_documents.profile import load_rules
from perf_reports.json_view import render_json
from perf_reports.terminal import Style, render_quiet, render_terminal
from perf_reports.view import build_view

DEFAULT_EVERY_S = 10.0


class CheckFlags(TypedDict):
    """What click hands over."""

    rules: Path | None
    spec: str | None
    baseline: str | None
    prometheus: str | None
    replay: Path | None
    cases: Path | None
    plan: bool
    for_s: float | None
    every_s: float | None
    since: float | None
    weight: float | None
    traffic: float
    errors: float
    abort_file: Path | None
    out: Path | None
    quiet: bool
    as_json: bool


WAYS: dict[str, Literal["spec", "replay", "cases", "plan"]] = {
    "--run": "spec", "--replay": "replay", "--test": "cases", "--plan": "plan",
}  # fmt: skip
LIVE = "--prometheus"
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("check", cls=Verb, help=VERBS["check"])
@click.argument("rules", required=False, type=click.Path(path_type=Path))
@click.option(
    "--run",
    "spec",
    metavar="RUN",
    help="A run id, the beginning of one, `latest`, a run file, or another tool's results; "
    "with the rules of a canary also a run that is going on (`running`).",
)
@click.option(
    "--baseline", metavar="REF", help="Git commit whose baselines/ decide (the working tree)."
)
@click.option("--prometheus", metavar="URL", help="Judge a live canary by RULES.")
@click.option(
    "--for", "for_s", type=LENGTH, help="Watch so long; without it, judge what lies behind."
)
@click.option("--every", "every_s", type=LENGTH, help="Time between looks (10s, in whole scrapes).")
@click.option(
    "--since",
    type=FiniteRange(0),
    metavar="UNIX_S",
    help="When the canary's step began: looks since then are derived again.",
)
@click.option("--weight", type=SHARE, help="Share of traffic the canary was given, such as 5%.")
@click.option(
    "--abort-file", type=click.Path(path_type=Path), help="Roll back when this file appears."
)
@click.option("--replay", type=FILE, help="Judge readings of a JSON-lines file by RULES.")
@click.option("--test", "cases", type=FILE, help="Try RULES on the cases of a JSON-lines file.")
@click.option("--plan", is_flag=True, help="Say how long decisions by RULES take.")
@click.option(
    "--traffic",
    type=FiniteRange(0, min_open=True),
    default=100.0,
    show_default=True,
    metavar="PER_S",
    help="Requests/s of both arms, for --plan.",
)
@click.option(
    "--errors",
    type=SHARE,
    default="0.5%",
    show_default=True,
    help="Share of errors of the control, for --plan.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for looks.jsonl and report.html of a canary.",
)
@click.option("--quiet", is_flag=True, help="Only the first lines of the summary.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(**flags: Unpack[CheckFlags]) -> int:
    """Parse, wire, hand on."""
    given = {option: bool(flags[name]) for option, name in WAYS.items()}
    given[LIVE] = any(flags[name] is not None for name in ("prometheus", "for_s", "since"))
    ways = [option for option, is_given in given.items() if is_given]
    if len(ways) > 1:
        raise UsageError(
            f"check: {' and '.join(ways)} at once; expected one of {', '.join(given)}; "
            "next: perf check --help"
        )
    way = ways[0] if ways else LIVE
    _refuse_idle(way, flags)
    rules = flags["rules"]
    is_canary = way != "--run" or (rules is not None and is_canary_rules(rules))
    return _check_canary(way, flags) if is_canary else _check_run(flags)


def _refuse_idle(way: str, flags: CheckFlags) -> None:
    """Refuse options that this way to judge would not look at: they were meant to do something."""
    idle = {
        "--abort-file": (flags["abort_file"], {LIVE}),
        "--weight": (flags["weight"], {LIVE, "--replay", "--plan"}),
        "--every": (flags["every_s"], {LIVE, "--replay", "--plan", "--test", "--run"}),
        "--baseline": (flags["baseline"], {"--run"}),
        "--out": (flags["out"], {LIVE, "--replay", "--run"}),
    }
    for option, (value, ways) in idle.items():
        if value is not None and way not in ways:
            raise UsageError(
                f"check: {option} does nothing with {way}; expected it with "
                f"{' or '.join(sorted(ways))}; next: leave it out"
            )


def _check_canary(way: str, flags: CheckFlags) -> int:
    """Judge by a RULES file; imported here, since a stored run needs none of it."""
    from perf_canary.planning import Traffic  # noqa: PLC0415  # a stored run needs it not
    from perf_cli import canary, canary_run  # noqa: PLC0415  # a stored run needs it not
    from perf_cli.canary_output import Output  # noqa: PLC0415  # a stored run needs it not

    path = flags["rules"]
    if path is None:
        raise UsageError(
            "check: expected --run RUN, or RULES with --prometheus URL, --replay FILE, "
            "--test FILE or --plan; next: perf check --help"
        )
    if not path.is_file():
        raise UsageError(f"RULES: no file {path}; expected YAML with rules:")
    rules = load_canary_rules(path)
    every_s = flags["every_s"]
    if way == "--plan":
        share = flags["weight"] if flags["weight"] is not None else 0.05
        traffic = Traffic(requests_per_s=flags["traffic"], share=share, errors=flags["errors"])
        return canary.check_plan(rules, traffic, every_s)
    if way == "--test":
        return canary.check_cases(rules, flags["cases"] or path, every_s)
    output = Output(
        appearance=look_of(os.environ),
        title=path.stem,
        rules_text=path.read_text("utf-8"),
        out=flags["out"],
        quiet=flags["quiet"],
        as_json=flags["as_json"],
    )
    if way == "--run":
        spec = flags["spec"] or ""
        folder = canary_run.running_run(spec)
        if folder is not None:
            return canary_run.check_running(rules, folder, every_s or DEFAULT_EVERY_S, output)
        return canary.check_stored(rules, find_run(spec), every_s, output)
    if way == "--replay":
        story = flags["replay"] or path
        return canary.check_replay(rules, story, every_s, output, weight=flags["weight"])
    live = canary.Live(
        prometheus=flags["prometheus"],
        for_s=flags["for_s"],
        every_s=every_s or DEFAULT_EVERY_S,
        since_s=flags["since"],
        weight=flags["weight"],
        abort_file=flags["abort_file"],
    )
    return canary.check_live(rules, live, output)


def _check_run(flags: CheckFlags) -> int:
    rules, spec, baseline = flags["rules"], flags["spec"] or "", flags["baseline"]
    if rules is not None and not rules.is_file():
        raise UsageError(f"RULES: no file {rules}; expected YAML with a thresholds: block")
    run = find_run(spec)
    if rules is not None:
        plan = replace(run.plan, thresholds=load_rules(rules))
        run = replace(run, plan=plan)
    comparison = compare_again(run, baseline, os.environ)
    # by rules of one's own, what the run's own tool was asked for is not asked
    judgement = (
        judged(run, comparison)
        if rules is None
        else judge(run.facts(), run.measured, run.plan.thresholds, comparison)
    )
    run = replace(run, judgement=judgement)
    code = by_precedence([judgement.exit_code], valid=judgement.valid)
    view = build_view(run, exit_code=code, over_time=False)
    look = look_of(os.environ)
    style = Style(colour=look.colour, ascii_only=look.ascii_only)
    if flags["as_json"]:
        text = render_json(view, run)
    else:
        text = render_quiet(view, style) if flags["quiet"] else render_terminal(view, style)
    code = by_precedence([code, result(text)], valid=judgement.valid)
    leave_message(os.environ, code, judgement.reason, run.run_id)
    return code
