"""`perf run`: load, record, judge, report, store."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from perf_analysis.judgement import judge
from perf_cli.options import DURATION, SCALE
from perf_cli.output import look_of, say
from perf_cli.registry import VERBS
from perf_cli.signals import Signals
from perf_cli.sinks import Sinks, deliver
from perf_cli.wiring import history_of, real_world
from perf_documents.errors import PerfError, StoreError, UsageError
from perf_documents.files import make_private_folder
from perf_loadtests.running import RunRequest, execute, prepare
from perf_reports.progress import ProgressDisplay

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

WAIT_IN_CI_S = 60.0


class RunFlags(TypedDict):
    """Options as click hands them over."""

    profile: str
    target: str
    environment: str | None
    time_scale: Fraction
    wait: float | None
    confirm: str | None
    out: Path | None
    quiet: bool
    as_json: bool


@click.command("run", help=VERBS["run"])
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
    "--out",
    type=click.Path(path_type=Path),
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
    with display:
        world = real_world(display.show, signals)
        request = RunRequest(
            profile=given["profile"],
            target=given["target"],
            time_scale=given["time_scale"],
            environment=_environment(given["environment"]),
            confirm=given["confirm"],
            wait_s=_wait_s(given["wait"], world.environ),
        )
        ready = prepare(request, world)
        history = history_of(ready.workspace, ready.config)
        history.open_for_writing()
        out = _out_folder(given["out"], ready.workspace.state / "runs" / ready.run_id)
        try:
            run = execute(ready, world, log=out / "engine.log")
        except PerfError as error:
            with contextlib.suppress(OSError):
                out.rmdir()  # only where nothing was written into it
            if signals.code is None:
                raise
            say(f"perf run: interrupted; {error}")
            return signals.code
        run = replace(run, judgement=judge(run.facts(), run.measured, run.plan.thresholds))
    sinks = Sinks(
        out=out,
        history=history,
        spool=ready.workspace.state / "spool" / ready.run_id,
        look=look,
        quiet=given["quiet"],
        as_json=given["as_json"],
        environ=world.environ,
        token_hex=world.token_hex,
    )
    return deliver(run, sinks, signals.code)


def _environment(name: str | None) -> str | None:
    from perf_documents.names import NAME_RULE, is_name  # noqa: PLC0415  # only when it is given

    if name is not None and not is_name(name):
        raise UsageError(f"--environment: not a name; expected {NAME_RULE}")
    return name


def _wait_s(given: float | None, environ: Mapping[str, str]) -> float:
    if given is not None:
        return given
    return WAIT_IN_CI_S if environ.get("CI") not in (None, "", "false") else 0.0


def _out_folder(given: Path | None, default: Path) -> Path:
    """Folder of the outputs, made and tried before any load."""
    folder = given or default
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out: {folder} is a file; expected a folder; next: name another")
    make_private_folder(folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreError(f"--out: {folder} cannot be written; before load; next: name another")
    return folder
