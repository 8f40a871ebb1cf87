"""The command line of the service, checked."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from perf_loadtests.target import DEFAULT_TOKEN, DEFAULT_TRACES, MIN_TRACES, TOKEN_VARIABLE
from perf_loadtests.target.faults import FaultError, Faults, parse_faults

_MAX_TRACES = 5_000_000
_MAX_PORT = 65_535
_MAX_PID = 2**31 - 1
_FAULT_FLAGS = ("slow", "slow_ms", "stall", "errors", "hang", "trickle", "only")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the service was asked for."""

    host: str
    port: int
    traces: int
    seed: int
    faults: Faults
    has_admin: bool
    request_log: Path | None
    parent: int | None  # end with this process; 0: with whichever process started the service
    token: str


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; the usage text would hide it."""

    def error(self, message: str) -> NoReturn:
        """Exit with code 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def parse_settings(argv: list[str], environ: Mapping[str, str]) -> Settings:
    """Return the settings; a mistake is one line on stderr and exit code 2."""
    parser = _parser()
    given = parser.parse_args(argv)
    try:
        faults = parse_faults({name: getattr(given, name) for name in _FAULT_FLAGS})
    except FaultError as error:
        parser.error(f"--{error}".replace("slow_ms", "slow-ms", 1))
    token = environ.get(TOKEN_VARIABLE, DEFAULT_TOKEN)
    if not token or token != token.strip() or not token.isprintable():
        parser.error(f"{TOKEN_VARIABLE} is empty, has spaces around it, or control characters")
    return Settings(
        host=given.host,
        port=given.port,
        traces=given.traces,
        seed=given.seed,
        faults=faults,
        has_admin=given.admin,
        request_log=given.request_log,
        parent=given.with_parent,
        token=token,
    )


def _parser() -> _Parser:
    parser = _Parser(
        prog="perf_loadtests.target",
        description="A small analytics API over seeded traces, with faults on request.",
        epilog=f"The bearer token of /api routes is read from {TOKEN_VARIABLE} "
        f"(by default {DEFAULT_TOKEN}).",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=_whole(0, _MAX_PORT), default=0, help="0, the default, takes a free one")
    add("--traces", type=_whole(MIN_TRACES, _MAX_TRACES), default=DEFAULT_TRACES, metavar="N")
    add("--seed", type=_whole(0, 2**63 - 1), default=1, help="of traces and of shares")
    add("--admin", action="store_true", help="serve /admin/state and /admin/faults")
    add("--request-log", type=Path, metavar="FILE", help="write a JSON line per request")
    add(
        "--with-parent",
        type=_whole(1, _MAX_PID),
        nargs="?",
        const=0,
        metavar="PID",
        help="end when the parent process does, and at once if that is not PID",
    )
    _add_faults(parser.add_argument_group("faults (not for /metrics and /admin)"))
    return parser


def _add_faults(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--slow", type=float, metavar="X", help="multiply the handling time of each request")
    add("--slow-ms", type=float, metavar="MS", help="add to the handling time of each request")
    add("--stall", metavar="M/N", help="answer nothing for the last M of every N, as in 1s/10s")
    add("--errors", type=float, metavar="SHARE", help="answer this share with status 500")
    add("--hang", type=float, nargs="?", const=1.0, metavar="SHARE", help="never answer these")
    add("--trickle", action="store_true", help="send bodies one byte every 100 ms")
    add("--only", metavar="PREFIX", help="faults only for paths that begin so")


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        # int() alone would take "1_000" and other scripts' digits
        if not (text.isascii() and text.isdigit() and low <= int(text[:20]) <= high):
            raise argparse.ArgumentTypeError(f"{text!a} is not a whole number from {low} to {high}")
        return int(text)

    return parse
