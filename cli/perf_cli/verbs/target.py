"""`perf target`: the embedded demo service in the foreground, with faults on request."""

from __future__ import annotations

import os
import sys

import click

from perf_cli.registry import VERBS


@click.command(
    "target",
    help=VERBS["target"],
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("flags", nargs=-1, type=click.UNPROCESSED)
def command(flags: tuple[str, ...]) -> int:
    """Run the embedded demo service; its own --help lists ports and faults."""
    # the service takes this process over: its signals and its exit status are its own
    arguments = [sys.executable, "-P", "-m", "perf_loadtests.target", *flags]
    os.execv(sys.executable, arguments)  # noqa: S606  # a list, no shell
