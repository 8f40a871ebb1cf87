"""`perf completion`: the few lines by which a shell completes verbs, options and names."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from perf_cli.completing import VARIABLE
from perf_cli.output import result
from perf_cli.registry import VERBS
from perf_cli.verb import Verb

SHELLS = ("bash", "zsh", "fish")
NAMES = ("perf", "perfproof")


@click.command("completion", cls=Verb, help=VERBS["completion"])
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> int:
    """Print the lines for the name that was called: Linux's own perf keeps its completion."""
    kind = get_completion_class(shell)
    if kind is None:
        raise TypeError(f"click completes nothing in {shell}")
    called = Path(sys.argv[0]).name
    name = called if called in NAMES else NAMES[1]
    return result(kind(click.Command(name), {}, name, VARIABLE).source())
