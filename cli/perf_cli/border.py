"""What the command was given is looked at before anything is done with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from perf_documents.errors import UsageError
from perf_documents.redact import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_ARGUMENTS = 5_000
# the longest path that Linux opens
MAX_BYTES = 4_096


def check_given(arguments: Sequence[str]) -> None:
    """Refuse arguments and a working folder that could not be written down or shown again.

    Raises
    ------
    UsageError
        If something is not UTF-8, too long, or too many.
    """
    if len(arguments) > MAX_ARGUMENTS:
        raise UsageError(
            f"{len(arguments):,} arguments; expected at most {MAX_ARGUMENTS:,}; next: name a folder"
        )
    for number, argument in enumerate(arguments, 1):
        raw = os.fsencode(argument)
        if len(raw) > MAX_BYTES:
            raise UsageError(
                f"argument {number}: {len(raw):,} bytes; expected at most {MAX_BYTES:,}; "
                "next: shorten it"
            )
        _check_text(f"argument {number}", raw)
    _check_text("the working folder", os.fsencode(os.getcwd()))  # noqa: PTH109  # as bytes


def _check_text(what: str, raw: bytes) -> None:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        shown = visible(raw.decode("utf-8", "backslashreplace"), 120)
        raise UsageError(
            f"{what}: not UTF-8 at byte {error.start}: {shown}; next: rename it"
        ) from None
