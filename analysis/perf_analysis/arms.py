"""Candidate and control in one run: whose iterations a scenario's cells hold."""

from __future__ import annotations

from perf_analysis.series import CANDIDATE, CONTROL

_MARK = f"@{CONTROL}"


def cells_name(scenario: str, target: str) -> str:
    """Name under which the iterations of a scenario on a target are counted.

    Examples
    --------
    >>> cells_name("Api", "candidate"), cells_name("Api", "control")
    ('Api', 'Api@control')
    """
    # a user class is a Python name: the mark cannot be part of one
    return scenario + _MARK if target == CONTROL else scenario


def target_of(name: str) -> str:
    """Target of a name that `cells_name` made."""
    return CONTROL if name.endswith(_MARK) else CANDIDATE


def scenario_of(name: str) -> str:
    """Scenario of a name that `cells_name` made."""
    return name.removesuffix(_MARK)
