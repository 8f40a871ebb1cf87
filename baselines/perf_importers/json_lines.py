"""Files with one JSON document a line."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from perf_documents.errors import DocumentError
from perf_documents.redact import visible
from perf_importers.nodes import Node
from perf_importers.tables import Problems

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_importers.source import Source


def read_lines(
    source: Source, take: Callable[[Node], None], *, wanted: tuple[str, ...] = ("",)
) -> tuple[str, ...]:
    """Hand each line on; those with none of the texts `wanted` are passed over unread.

    Returns
    -------
    tuple of str
        What a reader must know: a last line that was cut off is left out.

    Raises
    ------
    DocumentError
        With file:line for each line that cannot be used, up to twenty.
    """
    problems = Problems(source)
    number, last, cut = 0, "", ""
    for number, line in enumerate(source.lines(), 1):
        if problems.are_enough:
            break
        last = line
        is_wanted = any(text in line for text in wanted) or not line.endswith("\n")
        if not is_wanted or not line.strip():
            continue
        cut = _take(source, line, number, take, problems)
    if cut and not last.endswith("\n") and problems.found == [cut]:
        return (f"line {number} was cut off and is left out: the file is not whole",)
    problems.refuse()
    return ()


def _take(
    source: Source, line: str, number: int, take: Callable[[Node], None], problems: Problems
) -> str:
    """Problem of a line that is no JSON, noted like all others; empty where it is."""
    try:
        value = json.loads(line, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        words = "is nested too deep" if isinstance(error, RecursionError) else str(error)
        problems.add(number, f"is not JSON: {visible(words, 120)}")
        return problems.found[-1]
    try:
        take(Node(value, "", source))
    except (ValueError, DocumentError) as error:
        problems.add(number, str(error).removeprefix(f"{source.path}: "))
    return ""


def _refuse(literal: str) -> float:
    raise ValueError(f"{literal} is not a number; every number is finite")


def _finite(literal: str) -> float:
    value = float(literal)
    return value if math.isfinite(value) else _refuse(visible(literal, 40))
