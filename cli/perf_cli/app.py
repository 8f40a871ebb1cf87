"""Click set-up: lazy verbs, and errors as one line with the right exit code."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from perf_cli.border import check_given
from perf_cli.completing import VARIABLE, answer
from perf_cli.outcome import Code
from perf_cli.output import say
from perf_cli.registry import VERBS
from perf_cli.termination import JUDGING, leave_message
from perf_documents.errors import PerfError
from perf_documents.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

EPILOG = (
    "Exit codes: 0 pass, 1 fail, 2 usage, 3 inconclusive, 4 refused, 5 infrastructure, "
    "70 internal error, 129/130/143 interrupted."
)


class LazyGroup(click.Group):
    """Knows its verbs from the registry and imports one only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the verbs."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Command of a verb."""
        if cmd_name not in VERBS:
            if ctx.resilient_parsing:
                return None  # a shell asks what could follow: nothing
            near = get_close_matches(cmd_name, VERBS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(VERBS)}"
            raise click.UsageError(f"no such verb {cmd_name!r}; {hint}")
        module = importlib.import_module(f"perf_cli.verbs.{cmd_name}")
        command = module.command
        if not isinstance(command, click.Command):
            raise TypeError(f"perf_cli.verbs.{cmd_name}.command is no command")
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Verbs from the registry: click would import every one of them."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  # only for a shell

        verbs = [
            CompletionItem(name, help=text)
            for name, text in VERBS.items()
            if name.startswith(incomplete)
        ]
        return [*verbs, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Help lines from the registry: click would import every verb for them."""
        del ctx
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.command(
    cls=LazyGroup,
    name="perf",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(message="perfproof %(version)s", package_name="perfproof")
def group() -> None:
    """Load a service, judge what was measured, and prove it by the exit code."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    question = os.environ.get(VARIABLE)
    if question and not arguments:  # whatever has arguments is no question of a shell
        return answer(group, question)
    code, refused = _run(arguments)
    if refused and arguments[:1] and arguments[0] in JUDGING:
        leave_message(os.environ, code, refused)
    return code


def _run(arguments: Sequence[str]) -> tuple[int, str]:
    """Exit code, and in one line why nothing could be judged."""
    try:
        check_given(arguments)
        # complete_var: nothing in the environment ends a command before it has begun
        code = group.main(
            args=list(arguments), prog_name="perf", standalone_mode=False, complete_var=""
        )
    except click.Abort:
        return Code.INTERRUPT, "interrupted"
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message())
        return Code.USAGE, ""
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        where = context.command_path if context is not None else "perf"
        # an argument that was not expected may be an address with a password in it
        said = Redactor().clean(error.format_message().rstrip("."))
        say(f"{where}: {said}; next: {where} --help")
        return Code.USAGE, said
    except PerfError as error:
        # only the first line: what follows may be YAML to paste, or file:line to click on
        said = str(error) or type(error).__name__
        say(f"perf: {said}")
        return error.exit_code, said.partition("\n")[0]
    return int(code or 0), ""
