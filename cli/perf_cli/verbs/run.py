"""`perf run`: load, record, judge, report, store."""

from __future__ import annotations

import io
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

import click

from perf_cli.loading import LoadFlags, load_options, request_of
from perf_cli.options import DURATION, FOLDER, WholeRange
from perf_cli.output import look_of
from perf_cli.registry import VERBS
from perf_cli.running import Session, Wishes
from perf_cli.signals import Signals
from perf_cli.verb import Verb
from perf_cli.wiring import real_world
from perf_documents.errors import UsageError
from perf_reports.progress import ProgressDisplay

if TYPE_CHECKING:
    from pathlib import Path


class RunFlags(LoadFlags):
    """Options as click hands them over."""

    processes: int | None
    workers: int
    bind: str | None
    rounds: int | None
    until_decided: bool
    max_duration: float | None
    baseline: str | None
    repeat: int | None
    accept_baseline: bool
    out: Path | None
    quiet: bool
    as_json: bool


@click.command("run", cls=Verb, help=VERBS["run"])
@load_options
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Load processes on this machine, directed by one more (1).",
)
@click.option(
    "--workers",
    type=click.IntRange(0, 999),
    default=0,
    metavar="N",
    help="Load processes elsewhere to wait for: perf worker.",
)
@click.option("--bind", metavar="HOST:PORT", help="Where they connect to (127.0.0.1:5557).")
@click.option(
    "--rounds",
    type=WholeRange(1, 20),
    metavar="N",
    help="Rounds with a control, both targets restarted before each.",
)
@click.option(
    "--until-decided", is_flag=True, help="With a control: go on in rounds until it is decided."
)
@click.option(
    "--max-duration", type=DURATION, metavar="DURATION", help="How long --until-decided goes on."
)
@click.option(
    "--baseline",
    metavar="REF",
    help="Git commit whose baselines/ decide (the working tree).",
)
@click.option(
    "--repeat",
    type=WholeRange(1, 100),
    metavar="N",
    help="Run N times; all of them are compared together.",
)
@click.option("--accept-baseline", is_flag=True, help="Accept what passed as a baseline.")
@click.option(
    "--out",
    type=FOLDER,
    metavar="DIR",
    help="Where report and data go (.perf/runs/RUN).",
)
@click.option("--quiet", is_flag=True, help="Only the first three lines of the summary.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(**given: Unpack[RunFlags]) -> int:
    """Parse, wire, hand on."""
    signals = Signals()
    signals.install()
    look = look_of(os.environ)
    display = ProgressDisplay(
        sys.stderr or io.StringIO(), redraw=look.redraw, colour=look.colour, plain=look.ascii_only
    )
    world = real_world(display.show, signals)
    request = replace(
        request_of(given, world.environ),
        processes=given["processes"],
        workers=given["workers"],
        bind=given["bind"],
    )
    _check_combination(given)
    wishes = Wishes(
        baseline=given["baseline"],
        repeat=given["repeat"] or 1,
        rounds=given["rounds"],
        until_decided=given["until_decided"],
        max_duration_s=given["max_duration"],
        accept=given["accept_baseline"],
        out=given["out"],
        quiet=given["quiet"],
        as_json=given["as_json"],
    )
    session = Session(world=world, signals=signals, display=display, look=look, wishes=wishes)
    return session.work(request)


def _check_combination(given: RunFlags) -> None:
    """Refuse options that exclude or need each other, each with the way out."""
    several = given["repeat"] or given["rounds"] or given["until_decided"]
    wrong = (
        (given["as_json"] and several, "--json: shows one run; next: read result.json instead"),
        (given["control"] and given["repeat"], "--repeat: with --control it is --rounds"),
        (
            given["control"] and given["baseline"],
            "--baseline: a run with --control is compared with that; next: leave one out",
        ),
        (
            given["control"] and given["accept_baseline"],
            "--accept-baseline: a run beside a control is no baseline for runs without one",
        ),
        (
            bool(given["until_decided"]) != (given["max_duration"] is not None),
            "--until-decided and --max-duration belong together: until when, and how long at most",
        ),
        (
            (given["rounds"] or given["until_decided"]) and not given["control"],
            "--rounds, --until-decided: need --control; without one it is --repeat",
        ),
        (given["rounds"] and given["until_decided"], "--rounds: not with --until-decided"),
    )
    for is_wrong, message in wrong:
        if is_wrong:
            raise UsageError(message)
