"""Where the command speaks: the result to stdout, everything else to stderr."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_cli.outcome import Code

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How text may look here."""

    colour: bool
    ascii_only: bool
    redraw: bool
    github: bool


def look_of(environ: Mapping[str, str]) -> Look:
    """Look for this terminal: NO_COLOR, TERM, CI and the stream's encoding decide."""
    terminal = _is_terminal(sys.stderr)
    in_ci = bool(environ.get("CI")) and environ.get("CI") != "false"
    dumb = environ.get("TERM", "") in ("", "dumb")
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    return Look(
        colour=_is_terminal(sys.stdout) and not environ.get("NO_COLOR") and not dumb,
        ascii_only="utf" not in encoding,
        redraw=terminal and not in_ci and not dumb,
        github=environ.get("GITHUB_ACTIONS") == "true",
    )


def say(text: str) -> None:
    """Write lines to stderr; a reader that has gone changes nothing."""
    _write(sys.stderr, text)


def result(text: str) -> Code:
    """Write the result to stdout; INFRA if it could not be delivered.

    A reader that has gone (`| head -1`) has had enough and is no failure.
    """
    return _write(sys.stdout, text)


def _write(stream: object, text: str) -> Code:
    try:
        descriptor = stream.fileno()  # type: ignore[attr-defined]  # a text stream, or None
        encoding = getattr(stream, "encoding", None) or "utf-8"
        data = (text if text.endswith("\n") else text + "\n").encode(encoding, "backslashreplace")
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
    except BrokenPipeError:
        return Code.PASS
    except (OSError, ValueError, AttributeError):
        return Code.INFRA
    return Code.PASS


def _is_terminal(stream: object) -> bool:
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]  # a text stream, or None
    except (AttributeError, ValueError):
        return False
