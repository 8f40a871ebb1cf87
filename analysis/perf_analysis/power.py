"""What a comparison would have found: detectable change, and the runs or seconds that decide."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import nctdtr, ndtri, stdtr, stdtrit

POWER = 0.8
# A rise by a factor beyond this has no bound worth a name.
LARGEST_LOG = 25.0
MOST_RUNS = 30
MOST_GROWN = 100
_STEPS = 80


def t_quantile(dof: float, p: float) -> float:
    """Quantile of Student's t; of the normal where the degrees of freedom are infinite."""
    return float(ndtri(p) if math.isinf(dof) else stdtrit(dof, p))


def t_upper_tail(dof: float, value: float) -> float:
    """Probability that Student's t exceeds a value."""
    return float(stdtr(1e12 if math.isinf(dof) else dof, -value))


def rise_of(log_ratio: float) -> float:
    """Relative change of a log ratio; infinite where that is beyond any bound."""
    return math.inf if log_ratio > LARGEST_LOG else math.expm1(log_ratio)


def noncentrality(dof: float, alpha: float) -> float:
    """Effect, in standard errors, that a one-sided t test finds with probability 0.8.

    Parameters
    ----------
    dof : float
        Degrees of freedom, at least 1; may be infinite.
    alpha : float
        One-sided, in (0, 0.5).

    Notes
    -----
    The delta with P(T(dof, delta) > t(dof, 1 - alpha)) = 0.8, by bisection on the noncentral t.

    Examples
    --------
    >>> round(noncentrality(7, 0.01), 4)
    3.9596
    """
    limit = t_quantile(dof, 1.0 - alpha)
    if math.isinf(dof):
        return limit + t_quantile(dof, POWER)
    low, high = 0.0, 2.0 * (limit + t_quantile(dof, POWER)) + 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        if nctdtr(dof, middle, limit) > 1.0 - POWER:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What decides how precise further runs would be, on the log scale.

    Attributes
    ----------
    sd : float
        Of one run around its level, floors and prior included.
    within_base, within_candidate : float
        Mean square of the within-run errors.
    prior_dof : float
        Degrees of freedom lent by other rows.
    candidates, baselines : int
        Runs on either side.
    """

    sd: float
    within_base: float
    within_candidate: float
    prior_dof: float
    candidates: int
    baselines: int


def room_for_decision(effect: float, tolerance: float, margin: float) -> float:
    """Distance to the nearer decision: to the margin from below, or from the tolerance above."""
    rise = max(0.0, effect)
    return max(margin - rise, rise - tolerance)


def runs_needed(noise: Noise, room: float, alpha: float) -> tuple[int, int] | None:
    """Further candidate and baseline runs after which a decision is likely (4 times in 5).

    Parameters
    ----------
    noise : Noise
    room : float
        See `room_for_decision`.
    alpha : float

    Returns
    -------
    (int, int) or None
        More candidate runs and more baseline runs; None where not even 100 of each would do.
    """
    for m in range(noise.candidates, MOST_RUNS + 1):
        if _decides(noise, m, noise.baselines, room, alpha):
            return m - noise.candidates, 0
    for both in range(max(2, noise.candidates), MOST_GROWN + 1):
        n = max(both, noise.baselines)
        if _decides(noise, both, n, room, alpha):
            return both - noise.candidates, n - noise.baselines
    return None


def times_as_long(noise: Noise, dof: float, room: float, alpha: float) -> float | None:
    """How many times as long the candidate would have to run; None where length cannot help."""
    between = max(0.0, noise.sd**2 - noise.within_base)
    wanted = room / (t_quantile(dof, 1.0 - alpha) + t_quantile(dof, POWER))
    m, n = noise.candidates, noise.baselines
    left = wanted**2 - noise.sd**2 / n - between / m
    if left <= 0.0 or noise.within_candidate <= 0.0:
        return None
    return max(1.0, noise.within_candidate / m / left)


def _decides(noise: Noise, m: int, n: int, room: float, alpha: float) -> bool:
    dof = noise.prior_dof + n + m - 2
    if dof < 1.0:
        return False
    needed = t_quantile(dof, 1.0 - alpha) + t_quantile(dof, POWER)
    return needed * noise.sd * math.sqrt(1.0 / m + 1.0 / n) <= room
