"""Values that options take, with errors that say what was expected."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

import click

from perf_documents.durations import parse_duration

if TYPE_CHECKING:
    from click import Context, Parameter

_SCALE = re.compile(r"[0-9]{1,4}(\.[0-9]{1,6})?")
LARGEST_SCALE = 100


class DurationType(click.ParamType[object]):
    """A duration with its unit, as in profiles."""

    name = "duration"

    def convert(self, value: object, param: Parameter | None, ctx: Context | None) -> float:
        """Seconds."""
        if isinstance(value, float):
            return value
        try:
            return float(parse_duration(str(value)))
        except ValueError as error:
            self.fail(f"{str(value)[:40]!r}: {error}", param, ctx)


class ScaleType(click.ParamType[object]):
    """A factor above 0, in plain decimal digits."""

    name = "factor"

    def convert(self, value: object, param: Parameter | None, ctx: Context | None) -> Fraction:
        """Exact factor."""
        if isinstance(value, Fraction):
            return value
        text = str(value)
        if not _SCALE.fullmatch(text) or not 0 < Fraction(text) <= LARGEST_SCALE:
            self.fail(
                f"{text[:40]!r}: expected a number such as 0.1, above 0, up to 100", param, ctx
            )
        return Fraction(text)


DURATION = DurationType()
SCALE = ScaleType()
