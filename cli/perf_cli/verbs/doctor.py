"""`perf doctor`: is this machine fit to load, and is this folder in order."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from perf_analysis.wording import seconds, share
from perf_cli.completing import targets
from perf_cli.doctoring import examine
from perf_cli.doctoring_targets import Asked
from perf_cli.options import DURATION
from perf_cli.outcome import Code, by_precedence
from perf_cli.output import result, say
from perf_cli.registry import VERBS
from perf_cli.signals import Signals
from perf_cli.verb import Verb
from perf_cli.wiring import real_world
from perf_documents.errors import InfraError, UsageError
from perf_loadtests.calibrate import LAG_S, Calibration, calibrate
from perf_loadtests.preflight import Patience
from perf_loadtests.target.launch import TargetStartError
from perf_loadtests.workspace import Workspace

if TYPE_CHECKING:
    from perf_cli.found import Found

PATH = re.compile(r"/[!-~]{0,500}")


class DoctorFlags(TypedDict):
    """Options as click hands them over."""

    wants_rate: bool
    target: str | None
    path: str | None
    confirm: str | None
    wait: float
    as_json: bool


@click.command("doctor", cls=Verb, help=VERBS["doctor"])
@click.option(
    "--calibrate",
    "wants_rate",
    is_flag=True,
    help="Find the highest rate that one load process holds here (25 s, loopback only).",
)
@click.option(
    "--target",
    metavar="NAME|URL",
    help="Ask this one for an answer, with its token and without; else all are connected to.",
    shell_complete=targets,
)
@click.option("--path", metavar="PATH", help="What to ask --target for (its `ready`, or /).")
@click.option("--confirm", metavar="NAME", help="Name of a protected target, typed again.")
@click.option(
    "--wait",
    type=DURATION,
    default=0.0,
    metavar="DURATION",
    help="How long to wait for each target to accept a connection (one try).",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(**given: Unpack[DoctorFlags]) -> int:
    """Parse, look, say."""
    path = given["path"]
    if path is not None and not PATH.fullmatch(path):
        raise UsageError("--path: expected a path such as /api/v1/items")
    if (path or given["confirm"]) and not given["target"]:
        raise UsageError("--path and --confirm belong to --target")
    signals = Signals()
    signals.install()
    asked = Asked(
        environ=os.environ,
        today=datetime.now(UTC).date(),
        patience=_patience(given["wait"], signals),
        target=given["target"],
        path=path,
        confirm=given["confirm"],
    )
    found = examine(Workspace(Path.cwd()), asked)
    rate = _calibrate(signals) if given["wants_rate"] else None
    if signals.code is not None:
        return signals.code
    said = result(_as_json(found, rate) if given["as_json"] else _as_text(found, rate))
    return by_precedence([said, *(one.code for one in found), *_lost(rate)])


def _patience(wait_s: float, signals: Signals) -> Patience:
    """One try without a wait: whoever asks looks again himself."""
    deadline_s = time.monotonic() + wait_s
    return Patience(
        wait_s=wait_s,
        clock=time.monotonic,
        sleep=time.sleep,
        stopped=lambda: bool(signals.signals) or time.monotonic() >= deadline_s,
    )


def _calibrate(signals: Signals) -> Calibration:
    say("perf doctor: climbing a staircase of rates against a service of its own, about 25 s")
    try:
        return calibrate(real_world(lambda _: None, signals))
    except TargetStartError as error:
        raise InfraError(f"doctor: the answering process does not start: {error}") from error


def _lost(rate: Calibration | None) -> list[int]:
    return [Code.INFRA] if rate is not None and not rate.held_per_s else []


def _as_json(found: list[Found], rate: Calibration | None) -> str:
    checks = [{"name": one.name, "ok": one.ok, "text": one.text} for one in found]
    known = asdict(rate) if rate else None
    return json.dumps({"checks": checks, "calibration": known}, indent=2)


def _as_text(found: list[Found], rate: Calibration | None) -> str:
    lines = [f"{'ok ' if one.ok else 'NOT'}  {one.name}: {one.text}" for one in found]
    return "\n".join(lines + (_rate_lines(rate) if rate else []))


def _rate_lines(rate: Calibration) -> list[str]:
    lost = f"{rate.lost_per_s:,}/s are lost" if rate.lost_per_s else ""
    lost += f"; limited by {rate.cause}" if lost and rate.cause else ""
    if rate.reading is None:
        return [f"NOT  generator: even {lost}; next: run it on a machine that does nothing else"]
    lag_s = rate.reading.lag_p99_s or 0.0
    room = f"lag p99 {seconds(lag_s)} of {seconds(LAG_S)}, CPU {share(rate.reading.cpu_ratio, 2)}"
    held = f"ok   generator: {rate.held_per_s:,} arrivals/s are held by one process ({room})"
    return [held, *([f"     {lost}; next: --processes"] if lost else [])]
