"""`perf worker`: one more load process for a run that waits for it elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import click

from perf_cli.loading import LoadFlags, load_options, request_of
from perf_cli.outcome import Code
from perf_cli.output import say
from perf_cli.registry import VERBS
from perf_cli.signals import Signals
from perf_cli.verb import Verb
from perf_cli.wiring import real_world
from perf_documents.errors import PerfError, UsageError
from perf_documents.events import Notice
from perf_documents.targets import DEMO
from perf_loadtests.preflight import Patience
from perf_loadtests.running import join, prepare
from perf_loadtests.spreading import check_token, find, place_of

if TYPE_CHECKING:
    from perf_documents.events import Progress


class WorkerFlags(LoadFlags):
    """Options as click hands them over."""

    master: str


@click.command("worker", cls=Verb, help=VERBS["worker"])
@click.option(
    "--master", required=True, metavar="HOST:PORT", help="Where perf run --workers waits."
)
@load_options
def command(**given: Unpack[WorkerFlags]) -> int:
    """Parse, wire, hand on."""
    signals = Signals()
    signals.install()
    world = real_world(_show, signals)
    request = request_of(given, world.environ)
    if DEMO in (request.target, request.control):
        raise UsageError(
            "--target demo: a worker would start a service of its own; "
            "next: start perf target, and name its URL on both sides"
        )
    host, port = place_of(given["master"], "--master")
    patience = Patience(
        wait_s=request.wait_s, clock=world.clock, sleep=world.sleep,
        stopped=lambda: bool(signals.signals),
    )  # fmt: skip
    try:
        ready = prepare(request, world)
        address = find(host, port, patience)
        check_token(world.environ, address, "--master")
        why_not = join(ready, world, (address, port))
    except PerfError:
        if signals.code is None:
            raise
        why_not = "interrupted"
    if signals.code is not None:
        return signals.code
    say(f"perf worker: {why_not or 'the master has everything that was measured here'}")
    return Code.INCONCLUSIVE if why_not else Code.PASS


def _show(event: Progress | Notice) -> None:
    if isinstance(event, Notice):
        say(f"perf worker: {event.text}")
