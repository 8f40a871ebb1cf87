"""`perf init`: a first profile, a scenario, perf.yaml and a gated pull request."""

from __future__ import annotations

import importlib.metadata
import os
import shlex
import sys
from pathlib import Path
from typing import TypedDict, Unpack

import click

from perf_cli.options import FiniteRange
from perf_cli.output import result, say
from perf_cli.registry import VERBS
from perf_cli.starting import Wanted, files_of, left_out, next_steps
from perf_cli.verb import Verb
from perf_documents.errors import UsageError
from perf_loadtests.scaffold.files import DEFAULT_RATE, GITHUB, GITLAB, PORT, Service, write_all

FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


class InitFlags(TypedDict):
    """Options as click hands them over."""

    target: str | None
    max_rate: float
    ci: str | None
    forks: bool
    start: str | None
    ready: str | None
    paths: tuple[str, ...]
    setup: str
    from_k6: Path | None
    from_locustfile: Path | None


@click.command("init", cls=Verb, help=VERBS["init"])
@click.option("--target", metavar="URL", help="Service to load; goes to perf.yaml.")
@click.option(
    "--max-rate",
    type=FiniteRange(0.001, 1e6),
    default=DEFAULT_RATE,
    show_default=True,
    metavar="N",
    help="Iterations per second it may get at most.",
)
@click.option("--ci", type=click.Choice([GITHUB, GITLAB]), help="Gate pull requests of this host.")
@click.option("--forks", is_flag=True, help="With --ci github: also for pull requests of forks.")
@click.option("--start", metavar="COMMAND", help=f"With --ci: starts the service; {PORT} in it.")
@click.option("--ready", metavar="PATH", help="With --ci: answers once the service is up.")
@click.option("--path", "paths", multiple=True, metavar="PATH", help="What to ask for; repeatable.")
@click.option("--setup", default="", metavar="COMMAND", help="With --ci: installs what it needs.")
@click.option("--from-k6", type=FILE, metavar="FILE", help="Profiles from a k6 script's options.")
@click.option("--from-locustfile", type=FILE, metavar="FILE", help="Scenario from a locustfile.")
def command(**flags: Unpack[InitFlags]) -> int:
    """Parse, wire, hand on."""
    ci = flags["ci"]
    if flags["forks"] and ci != GITHUB:
        raise UsageError("init: --forks belongs to --ci github")
    if ci is None and (flags["start"] or flags["setup"]):
        raise UsageError("init: --start and --setup belong to --ci")
    wanted = Wanted(
        target=flags["target"],
        max_rate=flags["max_rate"],
        ci=ci,
        forks=flags["forks"],
        service=_service(flags) if ci else None,
        paths=flags["paths"] or tuple(filter(None, [flags["ready"]])) or ("/",),
        k6=flags["from_k6"],
        locustfile=flags["from_locustfile"],
        version=importlib.metadata.version("perfproof"),
    )
    root = Path.cwd()
    files = files_of(wanted, root, os.environ)
    write_all(root, files)
    for name in files:
        say(f"perf: wrote {name}")
    for line in left_out(files):
        say(f"perf: {line}")
    return result("\n".join(next_steps(wanted, root, files)))


def _service(flags: InitFlags) -> Service:
    """What a pipeline must know; asked for on a terminal, and by option everywhere else."""
    start = flags["start"] or _ask("start", f"Command that starts the service ({PORT} in it)")
    ready = flags["ready"] or _ask("ready", "Path that answers once it is up, such as /health")
    try:
        words = tuple(shlex.split(start))
    except ValueError as error:
        raise UsageError(f"--start: {error}; expected a command as in a shell") from error
    service = Service(
        start=words, ready=ready, paths=flags["paths"] or (ready,), setup=flags["setup"]
    )
    service.check()
    return service


def _ask(option: str, question: str) -> str:
    if not (sys.stdin and sys.stdin.isatty()):
        raise UsageError(
            f"init: --ci needs --{option}: {question[0].lower()}{question[1:]}; nothing written"
        )
    return str(click.prompt(question, err=True))
