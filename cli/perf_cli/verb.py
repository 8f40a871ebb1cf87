"""A verb's command line: click takes the last of an option given twice, this refuses both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator


class Verb(click.Command):
    """A command none of whose options may be given twice with two values."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, after a look for options that contradict themselves."""
        for option in self.get_params(ctx):
            if isinstance(option, click.Option) and not (option.multiple or option.is_flag):
                values = list(dict.fromkeys(_values(option, args)))
                if len(values) > 1:
                    name = max(option.opts, key=len)
                    raise click.UsageError(
                        f"{name}: stands twice, {values[0][:40]!r} and {values[1][:40]!r}; "
                        "expected one", ctx,
                    )  # fmt: skip
        return super().parse_args(ctx, args)


def _values(option: click.Option, args: list[str]) -> Iterator[str]:
    """Values an option is given; what follows `--` is no option."""
    places = args[: args.index("--")] if "--" in args else args
    for at, word in enumerate(places):
        name, is_joined, value = word.partition("=")
        if name in option.opts:
            if is_joined:
                yield value
            elif at + 1 < len(args):
                yield args[at + 1]
