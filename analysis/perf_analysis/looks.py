"""Looking several times at a comparison that goes on: what of alpha each look may spend."""

from __future__ import annotations

import math

from scipy.special import ndtr, ndtri

MOST_LOOKS = 5


def looks_of(total_s: float, round_s: float) -> int:
    """Planned looks of a comparison that may last `total_s`, one after each round; at most 5."""
    return max(1, min(MOST_LOOKS, math.floor(total_s / round_s + 1e-9)))


def alpha_of_look(alpha: float, look: int, looks: int) -> float:
    """Level at which to test at one of several planned looks.

    Parameters
    ----------
    alpha : float
        One-sided, for all looks together.
    look, looks : int
        1 <= look <= looks.

    Returns
    -------
    float
        The increment of the spending function from the look before; the increments sum to
        `alpha`, so any dependence between looks is covered.

    Notes
    -----
    alpha(t) = 2 - 2 Phi(z(1 - alpha/2) / sqrt(t)) at t = look / looks: little early, most at the
    end, in the manner of O'Brien and Fleming.

    References
    ----------
    Lan, DeMets (1983), "Discrete Sequential Boundaries for Clinical Trials".

    Examples
    --------
    >>> [round(alpha_of_look(0.01, look, 3), 5) for look in (1, 2, 3)]
    [1e-05, 0.0016, 0.00839]
    """
    if not 1 <= look <= looks:
        raise ValueError(f"look {look} of {looks}")
    spent = [_spent(alpha, number / looks) for number in (look - 1, look)]
    return spent[1] - spent[0]


def _spent(alpha: float, fraction: float) -> float:
    if fraction <= 0.0:
        return 0.0
    return float(2.0 * ndtr(-ndtri(1.0 - alpha / 2.0) / math.sqrt(fraction)))
