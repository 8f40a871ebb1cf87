"""Values that options take, with errors that say what was expected."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perf_documents.durations import parse_duration

if TYPE_CHECKING:
    import os

    from click import Context, Parameter

_SCALE = re.compile(r"[0-9]{1,4}(\.[0-9]{1,6})?")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?(e-?[0-9]{1,3})?")
LARGEST_SCALE = 100
LONGEST_S = 31 * 86_400.0
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%")


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


class LengthType(DurationType):
    """A duration above 0, of a month at most: what is longer is a slip of the pen."""

    def convert(self, value: object, param: Parameter | None, ctx: Context | None) -> float:
        """Seconds."""
        length_s = super().convert(value, param, ctx)
        if not 0.0 < length_s <= LONGEST_S:
            self.fail(f"{str(value)[:40]!r}: expected a duration above 0, up to 31d", param, ctx)
        return length_s


class FiniteRange(click.FloatRange):
    """A number in a range; click takes NaN, infinity, and whatever else Python reads as one."""

    def convert(self, value: float, param: Parameter | None, ctx: Context | None) -> float:
        """Number."""
        if not _NUMBER.fullmatch(str(value)):
            self.fail(f"{str(value)[:40]!r}: expected a finite number in plain digits", param, ctx)
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{str(value)[:40]!r}: expected a finite number", param, ctx)
        return number


class WholeRange(click.IntRange):
    """A whole number in a range; click takes `1_000`, `+5`, blanks, and digits of any script."""

    def convert(self, value: int, param: Parameter | None, ctx: Context | None) -> int:
        """Number."""
        if not _WHOLE.fullmatch(str(value)):
            self.fail(f"{str(value)[:40]!r}: expected a whole number in plain digits", param, ctx)
        return int(super().convert(value, param, ctx))


class FolderType(click.Path):
    """A folder to write into."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self, value: str | os.PathLike[str], param: Parameter | None, ctx: Context | None
    ) -> Path:
        """Path."""
        if value in ("", "-"):
            self.fail(f"{value!r}: expected a folder", param, ctx)
        return Path(value)


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


class ShareType(click.ParamType[object]):
    """A share with its unit, such as 5%, above 0 and below 100 %."""

    name = "share"

    def convert(self, value: object, param: Parameter | None, ctx: Context | None) -> float:
        """Share of one."""
        if isinstance(value, float):
            return value
        match = _SHARE.fullmatch(str(value))
        if match is None or not 0 < Fraction(match[1]) < 100:  # noqa: PLR2004  # per cent
            self.fail(
                f"{str(value)[:40]!r}: expected a share such as 5%, above 0% and below 100%",
                param, ctx,
            )  # fmt: skip
        return float(Fraction(match[1]) / 100)


DURATION = DurationType()
LENGTH = LengthType()
SHARE = ShareType()
SCALE = ScaleType()
FOLDER = FolderType()
