"""Several load processes for one run: how many, where their master listens, and its secret."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from perf_documents.errors import UnreachableError, UsageError
from perf_documents.targets import DEMO
from perf_loadtests.preflight import is_loopback, resolve
from perf_loadtests.protocol import WORKER_TOKEN, SpreadModel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perf_documents.plan import Plan
    from perf_loadtests.preflight import Patience
    from perf_loadtests.requests import RunRequest

PLACE = "127.0.0.1:5557"
# 128 random bits as hexadecimal digits
LEAST_TOKEN = 32
LOOK_AGAIN_S = 1.0


def spread_of(request: RunRequest, plan: Plan, environ: Mapping[str, str]) -> SpreadModel | None:
    """How a run is spread over processes; None where one engine does all of it.

    Raises
    ------
    UsageError
        If it cannot be spread so, or would be open to strangers.
    """
    local = (0 if request.workers else 1) if request.processes is None else request.processes
    total = local + request.workers
    if request.bind is not None and not request.workers:
        raise UsageError("--bind: nobody is waited for there; next: say how many with --workers")
    if total == 1 and not request.workers:
        return None
    if plan.max_vus < total:
        raise UsageError(
            f"{total} load processes for {plan.max_vus} VUs; expected one VU each at least; "
            "next: raise max_vus, or use fewer processes"
        )
    if not request.workers:
        return SpreadModel(workers=total, local=local)
    if DEMO in (request.target, request.control):
        raise UsageError(
            "--workers: the embedded service cannot be found by workers elsewhere; "
            "next: start perf target, and name its URL on both sides"
        )
    host, port = place_of(request.bind or PLACE, "--bind")
    check_token(environ, host, "--bind")
    return SpreadModel(workers=total, local=local, host=host, port=port)


def place_of(text: str, option: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`.

    Raises
    ------
    UsageError
        If it is none.
    """
    host, _, number = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not number.isascii() or not number.isdecimal() or int(number) > 65535:  # noqa: PLR2004  # a port
        raise UsageError(f"{option}: {text[:80]!r}; expected HOST:PORT such as {PLACE}")
    return host, int(number)


def find(host: str, port: int, patience: Patience) -> str:
    """Address of a master; a name may appear only when its machine does.

    Raises
    ------
    UnreachableError
        If it has none in time.
    """
    until_s = patience.clock() + patience.wait_s
    while True:
        try:
            return resolve(host, port)[0]
        except UnreachableError:
            if patience.clock() >= until_s or patience.stopped():
                raise
            patience.sleep(LOOK_AGAIN_S)


def check_token(environ: Mapping[str, str], host: str, option: str) -> None:
    """Let nobody but who knows a secret join from beyond this machine.

    Raises
    ------
    UsageError
        If the address is none, or the secret is missing or can be guessed.
    """
    if host == "localhost":
        return
    try:
        ipaddress.ip_address(host)
    except ValueError as error:
        raise UsageError(
            f"{option}: {host[:80]!r} is no address; expected one of this machine's, or 0.0.0.0"
        ) from error
    if not is_loopback(host) and len(environ.get(WORKER_TOKEN, "")) < LEAST_TOKEN:
        raise UsageError(
            f"{option}: {host} can be reached from elsewhere, so {WORKER_TOKEN} must be set; "
            f"expected at least {LEAST_TOKEN} characters; "
            "next: export it on both sides, for example from openssl rand -hex 32"
        )


def with_token(
    environ: Mapping[str, str], spread: SpreadModel | None, token_hex: Callable[[int], str]
) -> dict[str, str]:
    """Environment of the engines: workers of this machine alone share a secret of their own."""
    if spread is None or spread.workers > spread.local:
        return dict(environ)
    return {**environ, WORKER_TOKEN: token_hex(32)}


def notes_on(spread: SpreadModel | None) -> list[str]:
    """What a reader of the run should know."""
    if spread is None:
        return []
    elsewhere = spread.workers - spread.local
    notes = [f"load from {spread.workers} processes, {elsewhere} of them under perf worker"]
    if elsewhere and not is_loopback(spread.host) and spread.host != "localhost":
        notes.append(
            f"workers connect to {spread.host}:{spread.port}: the channel is authenticated, not "
            "encrypted; use a tunnel on a network that is not your own"
        )
    return notes
