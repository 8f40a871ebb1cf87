"""The errors a person must act on, each with its exit code.

PerfError
├── UsageError        2    a person edits a file or a command line
│   ├── ProfileError       profile, rules or perf.yaml
│   ├── DocumentError      a stored or imported run that cannot be read
│   └── ScenarioError      a scenario that does not import
├── RefusedError      4    a safety guard said no
└── InfraError        5    history, target or output folder cannot be reached
    ├── StoreError
    └── UnreachableError

Outcomes (exit 0, 1 and 3) are values and never come from an exception; anything else is a bug (70).
"""

from __future__ import annotations

from typing import ClassVar


class PerfError(Exception):
    """Root of the errors; the message says place, thing, what was found and the next step."""

    exit_code: ClassVar[int] = 70


class UsageError(PerfError):
    """Bad arguments, profile, rules or import; nothing was sent to any target."""

    exit_code = 2


class ProfileError(UsageError):
    """All that is wrong with one YAML file, each problem with file:line:column."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class DocumentError(UsageError):
    """A run document or spool that cannot be read."""


class ScenarioError(UsageError):
    """A scenario that is missing, does not import or holds no user class."""


class RefusedError(PerfError):
    """A safety guard said no."""

    exit_code = 4


class InfraError(PerfError):
    """Something that was asked for cannot be reached or kept."""

    exit_code = 5


class StoreError(InfraError):
    """The history or an output folder cannot be written or read."""


class UnreachableError(InfraError):
    """The target does not answer before any load."""
