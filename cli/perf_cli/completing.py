"""What a shell may complete: click knows verbs and options, this adds names of the workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from perf_documents.errors import PerfError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from click import Command, Context, Parameter

# The script that `perf completion` prints sets it; then the command only answers the shell.
VARIABLE = "_PERF_COMPLETE"


def answer(command: Command, instruction: str) -> int:
    """Print what could stand at the cursor, which the shell has put into the environment."""
    # imported inside: only a shell's question needs it
    from click.shell_completion import shell_complete  # noqa: PLC0415

    try:
        return shell_complete(command, {}, "perf", VARIABLE, instruction)
    except (KeyError, ValueError):
        return 2  # called by hand, without the words of a command line


def profiles(context: Context, parameter: Parameter, incomplete: str) -> list[str]:
    """Names of profiles, shipped ones included."""
    del context, parameter
    from perf_loadtests.workspace import Workspace  # noqa: PLC0415  # only for a shell's question

    return _beginning(incomplete, Workspace(Path.cwd()).profiles())


def targets(context: Context, parameter: Parameter, incomplete: str) -> list[str]:
    """Names of targets; none of perf.yaml's where that cannot be read."""
    del context, parameter
    from perf_loadtests.workspace import Workspace  # noqa: PLC0415  # only for a shell's question

    try:
        known = sorted(Workspace(Path.cwd()).config().targets)
    except PerfError:
        known = []
    return _beginning(incomplete, ["demo", *known])


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
