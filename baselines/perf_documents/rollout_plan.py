"""How a canary's share is raised, checked and taken back: the PLAN file as values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from perf_documents.yaml_fields import show_number

if TYPE_CHECKING:
    from pathlib import Path

    from perf_documents.canary_rules import Rules

# stands for the share in percent, as a plain number, in the arguments of a command
WEIGHT = "{weight}"
DEFAULT_TIMEOUT_S = 30.0
DEFAULT_TRIES = 3
DEFAULT_EVERY_S = 10.0
NONE, ALL = Fraction(0), Fraction(100)
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?)\s?%?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A share of traffic, in percent, and how long it is watched at the least."""

    percent: Fraction
    hold_s: float

    @property
    def share(self) -> float:
        """Share of traffic in (0, 1]."""
        return float(self.percent / 100)

    @property
    def is_all(self) -> bool:
        """Whether nothing is left for the old version to be compared by."""
        return self.percent == ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCommand:
    """A command as a list of arguments; no shell reads it."""

    name: str
    run: tuple[str, ...]
    timeout_s: float = DEFAULT_TIMEOUT_S
    tries: int = DEFAULT_TRIES

    def arguments(self, percent: Fraction) -> tuple[str, ...]:
        """Arguments with the weight filled in."""
        return tuple(argument.replace(WEIGHT, show_percent(percent)) for argument in self.run)


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPlan:
    """A whole PLAN file.

    Attributes
    ----------
    path, rules_path : Path
        The plan, and the RULES file that it names. Commands run in the plan's folder.
    rules : Rules
    steps : tuple of Step
        Weights ascend.
    shift, promote, rollback : PlanCommand
    status : PlanCommand or None
        Prints the live weight.
    every_s : float
        Time between looks: whole scrapes.
    abort_file : Path or None
        A file that ends the rollout when it appears.
    abort_port : int or None
        Loopback port that takes `POST /abort`; 0 is any free one.
    audit : Path or None
    """

    path: Path
    rules_path: Path
    rules: Rules
    steps: tuple[Step, ...]
    shift: PlanCommand
    promote: PlanCommand
    rollback: PlanCommand
    status: PlanCommand | None
    every_s: float
    abort_file: Path | None
    abort_port: int | None
    audit: Path | None

    @property
    def folder(self) -> Path:
        """Where commands run and what paths start from."""
        return self.path.parent


def show_percent(percent: Fraction) -> str:
    """Return a share in percent as a plain number.

    Examples
    --------
    >>> show_percent(Fraction(5)), show_percent(Fraction(25, 2))
    ('5', '12.5')
    """
    return show_number(percent)


def parse_percent(text: str) -> Fraction | None:
    """Return the weight that a status command printed; None where it is not one.

    Examples
    --------
    >>> parse_percent(" 12.5 %"), parse_percent("weight=5"), parse_percent("250")
    (Fraction(25, 2), None, None)
    """
    match = _PERCENT.fullmatch(text.strip())
    if match is None or Fraction(match[1]) > ALL:
        return None
    return Fraction(match[1])
