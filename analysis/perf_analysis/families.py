"""Many rows at once: the family-wise error of the gated ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def family_weights(in_total: Sequence[bool]) -> list[float]:
    """Weights of gated rows, which sum to 1: half for the rows of all requests together.

    Parameters
    ----------
    in_total : sequence of bool
        Whether a row is about all requests. If all rows are, or none, they share everything.

    Examples
    --------
    >>> family_weights([True, False, False])
    [0.5, 0.25, 0.25]
    """
    totals = sum(in_total)
    others = len(in_total) - totals
    half = 0.5 if totals and others else 1.0
    return [half / totals if is_total else half / others for is_total in in_total]


def holm(p_values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Adjusted p-values by the weighted step-down rule of Holm, in the order of the input.

    Parameters
    ----------
    p_values : sequence of float
    weights : sequence of float
        Positive.

    Returns
    -------
    list of float
        A row is rejected at a family-wise error of alpha where its value is at most alpha; valid
        under any dependence of the rows.

    References
    ----------
    Holm (1979), "A Simple Sequentially Rejective Multiple Test Procedure".

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03], [1.0, 1.0, 1.0])
    [0.03, 0.06, 0.06]
    """
    # equal ratios in the order of their own values: the result depends on no order of the rows
    order = sorted(range(len(p_values)), key=lambda i: (p_values[i] / weights[i], -weights[i]))
    adjusted = [1.0] * len(p_values)
    highest = 0.0
    for place, i in enumerate(order):
        # summed anew at each step: what subtraction leaves is not quite the last weight
        left = math.fsum(weights[j] for j in order[place:])
        highest = max(highest, min(1.0, p_values[i] * max(1.0, left / weights[i])))
        adjusted[i] = highest
    return adjusted
