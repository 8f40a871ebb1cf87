"""Variance between runs, when few runs are known: rows of one quantity lend each other strength."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import polygamma, psi

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_ROWS = 4
MOST_DOF = 10.0
_STEPS = 200
_LARGEST = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Scaled inverse chi-square prior of a variance; no prior at all where `dof` is 0."""

    variance: float = 0.0
    dof: float = 0.0

    def moderate(self, variance: float, dof: float) -> tuple[float, float]:
        """Variance and degrees of freedom of a row after the prior is taken in."""
        total = self.dof + dof
        if total <= 0.0:
            return variance, 0.0
        return (self.dof * self.variance + dof * variance) / total, total


def fit_prior(variances: Sequence[float], dofs: Sequence[float]) -> Prior:
    """Prior of the rows compared on one quantity.

    Parameters
    ----------
    variances : sequence of float
        Of each row, already raised to their floors.
    dofs : sequence of float
        Their degrees of freedom.

    Returns
    -------
    Prior
        Without effect for fewer than four rows with at least one degree of freedom.

    Notes
    -----
    Smyth's moments of ln s2, with the prior's degrees of freedom halved and kept to a half of the
    number of rows and to 10: rows of one run are correlated, and the full number is liberal.

    References
    ----------
    Smyth (2004), "Linear Models and Empirical Bayes Methods for Assessing Differential Expression
    in Microarray Experiments".
    """
    pairs = [(v, f) for v, f in zip(variances, dofs, strict=True) if f >= 1.0 and v > 0.0]
    if len(pairs) < LEAST_ROWS:
        return Prior()
    half = np.array([f for _, f in pairs]) / 2.0
    e = np.log([v for v, _ in pairs]) - psi(half) + np.log(half)
    spread = float(e.var(ddof=1)) - float(np.mean(polygamma(1, half)))
    most = min(len(pairs) / 2.0, MOST_DOF)
    if spread <= 0.0:
        return Prior(variance=math.exp(float(e.mean())), dof=most)
    nu = 2.0 * _inverse_trigamma(spread)
    centre = math.exp(float(e.mean() + psi(nu / 2.0)) - math.log(nu / 2.0))
    return Prior(variance=centre, dof=min(nu / 2.0, most))


def _inverse_trigamma(value: float) -> float:
    """Solve trigamma(x) = value > 0: it falls from infinity to 0."""
    low, high = 1e-6, 1.0
    while high < _LARGEST and float(polygamma(1, high)) > value:
        high *= 2.0
    for _ in range(_STEPS):
        middle = math.sqrt(low * high)
        if float(polygamma(1, middle)) > value:
            low = middle
        else:
            high = middle
    return math.sqrt(low * high)
