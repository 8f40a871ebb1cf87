"""`perf serve`: the gates of perf.yaml over HTTP, for Flagger, Argo Rollouts and Prometheus."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perf_canary.gate_runs import GateRuns
from perf_canary.gate_store import GateFiles
from perf_canary.gates import Gates
from perf_canary.routes import Service
from perf_canary.server import GateServer
from perf_cli.options import WholeRange
from perf_cli.outcome import Code
from perf_cli.output import result, say
from perf_cli.registry import VERBS
from perf_cli.serving import (
    address_of,
    announcement,
    gates_of,
    planned_s,
    site_of,
    surroundings,
    token_of,
    unix_now,
)
from perf_cli.signals import Signals
from perf_cli.verb import Verb
from perf_cli.wiring import history_of
from perf_documents.errors import InfraError
from perf_loadtests.workspace import Workspace

if TYPE_CHECKING:
    from perf_documents.serve_config import Gate

PORT = 8765
POLL_S = 0.1
HEALTH_BYTES = 4096


@click.command("serve", cls=Verb, help=VERBS["serve"])
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Where to listen; beyond this machine only with a token in PERF_SERVE_TOKEN.",
)
@click.option(
    "--port",
    type=WholeRange(0, 65_535),
    default=PORT,
    show_default=True,
    metavar="N",
    help="0 takes a free one.",
)
@click.option(
    "--trend",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Trend site to serve too, at /trend/ (.perf/trend).",
)
@click.option("--json", "as_json", is_flag=True, help="Say where it listens as JSON.")
def command(host: str, port: int, *, trend: Path | None, as_json: bool) -> int:
    """Parse, wire, serve until a signal comes."""
    signals = Signals()
    signals.install()
    workspace = Workspace(Path.cwd())
    config = workspace.config()
    site = site_of(trend, workspace)
    gates = gates_of(config, workspace, site=site is not None)
    address = address_of(host)
    token = token_of(os.environ, address)
    files = GateFiles(workspace.state / "gates")
    files.open()
    try:
        history = history_of(workspace, config)
        runs = GateRuns(
            surroundings(os.environ, files.lock), lambda gate: planned_s(gate, workspace)
        )
        desk = Gates(gates, files, runs, unix_now)

        def check() -> None:
            files.probe()
            history.open_for_writing(HEALTH_BYTES)

        service = Service(gates=desk, token=token, check_health=check, log=_log, site=site)
        server = _bound(address, port, service)
        return _serve(server, runs, gates, signals, as_json=as_json)
    finally:
        files.close()


def _bound(host: str, port: int, service: Service) -> GateServer:
    try:
        return GateServer((host, port), service)
    except OSError as error:
        raise InfraError(
            f"{host}:{port}: cannot be listened at: {error.strerror}; next: another --port"
        ) from error


def _serve(
    server: GateServer, runs: GateRuns, gates: dict[str, Gate], signals: Signals, *, as_json: bool
) -> int:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": POLL_S})
    thread.start()
    told = result(announcement(server.url, server.service, gates, as_json=as_json))
    try:
        while thread.is_alive() and told is Code.PASS and not signals.signals:
            time.sleep(POLL_S)
    finally:
        # in this order: no new request, no new run, no child, no answer on its way
        server.shutdown()
        server.service.gates.close()
        runs.close()
        server.server_close()
        thread.join()
    return signals.code or (Code.INTERNAL if told is Code.PASS else told)


def _log(line: str) -> None:
    say(f"perf serve: {line}")
