"""A verb's command line: click takes the last of an option given twice, this refuses both."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from perf_documents.redact import Redactor, secrets_of, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SHOWN = 40


class Verb(click.Command):
    """A command none of whose options may be given twice with two values."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, after a look for options that contradict themselves."""
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)  # a shell asks what could follow
        first: dict[str, str] = {}
        for name, value in _given(self.get_params(ctx), args):
            before = first.setdefault(name, value)
            if before != value:
                raise click.UsageError(
                    f"{name}: stands twice, {_shown(before)} and {_shown(value)}; expected one", ctx
                )
        return super().parse_args(ctx, args)


def _given(params: Sequence[click.Parameter], args: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names and values of options that take one each, as click will read them."""
    taking = {
        name: option for option in params if isinstance(option, click.Option)
        for name in option.opts if not option.is_flag and not option.count
    }  # fmt: skip
    words = iter(args)
    for word in words:
        if word == "--":
            return
        name, is_joined, value = word.partition("=")
        option = taking.get(name)
        if option is None:
            continue
        # whatever follows is the value, even if it looks like an option
        given = value if is_joined else next(words, None)
        if given is not None and not option.multiple:
            yield max(option.opts, key=len), given


def _shown(value: str) -> str:
    """Value as it may be printed: cleaned before it is cut, or the half of a secret would stay."""
    return repr(visible(Redactor(secrets_of(os.environ)).clean(value), _SHOWN))
