"""Intervals of proportions and of their differences; counts may be effective ones, not whole."""

from __future__ import annotations

import math

from scipy.special import betaincinv, ndtri

_BISECTIONS = 60


def wilson(x: float, n: float, alpha: float) -> tuple[float, float]:
    """Interval of one proportion at 1 - 2 alpha.

    Parameters
    ----------
    x, n : float
        Hits and trials, 0 <= x <= n, n > 0.
    alpha : float
        One-sided, in (0, 0.5).

    References
    ----------
    Wilson (1927), "Probable Inference, the Law of Succession, and Statistical Inference".

    Examples
    --------
    >>> [round(end, 6) for end in wilson(5, 100, 0.025)]
    [0.021544, 0.11175]
    """
    z = float(-ndtri(alpha))
    p, square = x / n, z * z / n
    centre = p + square / 2.0
    reach = z * math.sqrt(max(0.0, p * (1.0 - p) / n + square / (4.0 * n)))
    return max(0.0, (centre - reach) / (1.0 + square)), min(1.0, (centre + reach) / (1.0 + square))


def clopper_pearson(x: float, n: float, alpha: float) -> tuple[float, float]:
    """Exact lower and upper bound of one proportion, each at level alpha.

    References
    ----------
    Clopper, Pearson (1934), "The Use of Confidence or Fiducial Limits Illustrated in the Case of
    the Binomial".

    Examples
    --------
    >>> [round(end, 6) for end in clopper_pearson(0, 299, 0.05)]
    [0.0, 0.009969]
    """
    low = float(betaincinv(x, n - x + 1.0, alpha)) if x > 0.0 else 0.0
    high = float(betaincinv(x + 1.0, n - x, 1.0 - alpha)) if x < n else 1.0
    return low, high


def newcombe(x1: float, n1: float, x2: float, n2: float, alpha: float) -> tuple[float, float]:
    """Interval of p1 - p2 at 1 - 2 alpha, from two Wilson intervals.

    References
    ----------
    Newcombe (1998), "Interval Estimation for the Difference between Independent Proportions",
    method 10.

    Examples
    --------
    >>> [round(end, 6) for end in newcombe(56, 70, 48, 80, 0.025)]
    [0.052431, 0.333873]
    """
    p1, p2 = x1 / n1, x2 / n2
    low1, high1 = wilson(x1, n1, alpha)
    low2, high2 = wilson(x2, n2, alpha)
    difference = p1 - p2
    # rounding must not leave the range of a difference of shares
    return (
        max(-1.0, difference - math.hypot(p1 - low1, high2 - p2)),
        min(1.0, difference + math.hypot(high1 - p1, p2 - low2)),
    )


def miettinen_nurminen_z(x1: float, n1: float, x2: float, n2: float, difference: float) -> float:
    """Score of p1 - p2 against a difference; 0 where the variance under it vanishes at no excess.

    Parameters
    ----------
    difference : float
        In (-1, 1).

    References
    ----------
    Miettinen, Nurminen (1985), "Comparative Analysis of Two Rates".

    Examples
    --------
    >>> round(miettinen_nurminen_z(15, 1000, 10, 1000, 0.001), 6)
    0.807394
    """
    p2 = _restricted(x1, n1, x2, n2, difference)
    p1 = min(1.0, max(0.0, p2 + difference))
    total = n1 + n2
    variance = (p1 * (1.0 - p1) / n1 + p2 * (1.0 - p2) / n2) * total / max(total - 1.0, 1.0)
    excess = x1 / n1 - x2 / n2 - difference
    if variance <= 0.0:
        return math.copysign(math.inf, excess) if excess else 0.0
    return excess / math.sqrt(variance)


def miettinen_nurminen(x1: float, n1: float, x2: float, n2: float, z: float) -> tuple[float, float]:
    """Limits of p1 - p2: the differences whose score is z, and -z.

    Parameters
    ----------
    z : float
        Quantile of the normal at 1 - alpha, or of Student's t where the variance was estimated.
    """
    estimate = x1 / n1 - x2 / n2
    ends: list[float] = []
    for limit, sign in ((-1.0, 1.0), (1.0, -1.0)):
        inside, outside = estimate, limit
        for _ in range(_BISECTIONS):
            middle = (inside + outside) / 2.0
            if sign * miettinen_nurminen_z(x1, n1, x2, n2, middle) < z:
                inside = middle
            else:
                outside = middle
        ends.append((inside + outside) / 2.0)
    return ends[0], ends[1]


def _restricted(x1: float, n1: float, x2: float, n2: float, difference: float) -> float:
    """Maximum-likelihood p2 under p1 - p2 = difference: a root of a cubic, in closed form."""
    total, hits = n1 + n2, x1 + x2
    if difference == 0.0:
        return hits / total
    l3 = total
    l2 = (n1 + 2.0 * n2) * difference - total - hits
    l1 = (n2 * difference - total - 2.0 * x2) * difference + hits
    l0 = x2 * difference * (1.0 - difference)
    q = (l2 / (3.0 * l3)) ** 3 - l1 * l2 / (6.0 * l3 * l3) + l0 / (2.0 * l3)
    p = math.copysign(math.sqrt(max(0.0, (l2 / (3.0 * l3)) ** 2 - l1 / (3.0 * l3))), q)
    cosine = q / p**3 if p else 0.0
    angle = (math.pi + math.acos(min(1.0, max(-1.0, cosine)))) / 3.0
    root = 2.0 * p * math.cos(angle) - l2 / (3.0 * l3)
    return min(max(root, 0.0, -difference), 1.0, 1.0 - difference)
