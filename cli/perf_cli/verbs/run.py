"""`perf run`: load, record, judge, report, store."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from perf_cli.options import DURATION, FOLDER, SCALE, WholeRange
from perf_cli.output import look_of
from perf_cli.registry import VERBS
from perf_cli.running import Session, Wishes
from perf_cli.signals import Signals
from perf_cli.verb import Verb
from perf_cli.wiring import real_world
from perf_documents.errors import UsageError
from perf_loadtests.requests import RunRequest
from perf_reports.progress import ProgressDisplay

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction
    from pathlib import Path

WAIT_IN_CI_S = 60.0


class RunFlags(TypedDict):
    """Options as click hands them over."""

    profile: str
    target: str
    environment: str | None
    time_scale: Fraction
    wait: float | None
    confirm: str | None
    control: str | None
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
@click.option("--profile", required=True, metavar="NAME|FILE", help="What load, judged how.")
@click.option(
    "--target",
    default="demo",
    show_default=True,
    metavar="NAME|URL",
    help="A target of perf.yaml, a URL on this machine, or the embedded service.",
)
@click.option("--environment", metavar="NAME", help="Name to file the run under.")
@click.option(
    "--time-scale",
    type=SCALE,
    default="1",
    show_default=True,
    metavar="FACTOR",
    help="Factor on all stage durations; rates stay.",
)
@click.option(
    "--wait",
    type=DURATION,
    metavar="DURATION",
    help="How long to wait for the target to answer (60s in CI).",
)
@click.option("--confirm", metavar="NAME", help="Name of a protected target, typed again.")
@click.option(
    "--control",
    metavar="NAME|URL",
    help="Old version to load beside the target, arrival by arrival, and to compare with.",
)
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
    request = RunRequest(
        profile=given["profile"],
        target=given["target"],
        time_scale=given["time_scale"],
        environment=_environment(given["environment"]),
        confirm=given["confirm"],
        wait_s=_wait_s(given["wait"], world.environ),
        control=given["control"],
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


def _environment(name: str | None) -> str | None:
    from perf_documents.names import NAME_RULE, is_name  # noqa: PLC0415  # only when it is given

    if name is not None and not is_name(name):
        raise UsageError(f"--environment: not a name; expected {NAME_RULE}")
    return name


def _wait_s(given: float | None, environ: Mapping[str, str]) -> float:
    if given is not None:
        return given
    return WAIT_IN_CI_S if environ.get("CI") not in (None, "", "false") else 0.0
