"""Evidence that may be looked at as often as one likes: e-processes of shares, and their inversion.

A hit is an event of the candidate, a trial one of both arms; without harm the candidate's part of
all events is its part of the traffic, however the rate of events itself wanders.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

# Odds multipliers: one near each rise that matters, all of equal weight.
HARM = (1.5, 2.0, 4.0, 10.0)
HARMLESS = tuple(1.0 / multiplier for multiplier in HARM)
_MOST_RATIO = 1e3
_BISECTIONS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What one interval says of one question.

    Attributes
    ----------
    hits, trials : float
        0 <= hits <= trials.
    traffic_share : float
        The candidate's part of all requests of the interval, in (0, 1).
    dispersion : float
        By how much events cluster, >= 1; fixed before the interval.
    """

    hits: float
    trials: float
    traffic_share: float
    dispersion: float = 1.0


def null_share(traffic_share: float, ratio: float) -> float:
    """Candidate's part of all events where its rate is `ratio` times the control's.

    Examples
    --------
    >>> round(null_share(0.05, 1.25), 6)
    0.061728
    """
    return traffic_share * ratio / (traffic_share * ratio + 1.0 - traffic_share)


@dataclass(slots=True)
class EProcess:
    """Evidence against "the share of hits is at most what was said", summed interval by interval.

    Parameters
    ----------
    multipliers : sequence of float
        `HARM`, or `HARMLESS` for evidence against "at least what was said".
    weights : sequence of float
        Positive, of sum 1; equal where none are given.

    Notes
    -----
    ln E = logsumexp_j { ln w_j + sum_s [x_s ln g_j - m_s ln(1 + th_s (g_j - 1))] / phi_s }. Each
    term is a likelihood ratio of odds g_j : 1 against th_s, so E is a nonnegative supermartingale
    for every true share <= th_s (>= for g < 1) and P(E ever >= 1/a) <= a at any number of looks.
    th_s and phi_s must be known before the interval's outcomes.

    References
    ----------
    Ville (1939), Étude critique de la notion de collectif. Lindon, Sanden, Shirikian (2022), "Rapid
    Regression Detection in Software Deployments through Sequential Testing".

    Examples
    --------
    >>> process = EProcess(HARM)
    >>> process.add(hits=6, trials=20, share=0.05)
    >>> round(process.ln_e, 10)
    5.3865262671
    """

    multipliers: Sequence[float]
    weights: Sequence[float] = ()
    _sums: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self._sums = [0.0] * len(self.multipliers)
        self.weights = self.weights or [1.0 / len(self.multipliers)] * len(self.multipliers)

    def add(self, *, hits: float, trials: float, share: float, dispersion: float = 1.0) -> None:
        """Take one interval in.

        Raises
        ------
        ValueError
            If the share is not in (0, 1), or hits exceed trials: such an interval says nothing.
        """
        if not (0.0 < share < 1.0 and 0.0 <= hits <= trials and dispersion >= 1.0):
            raise ValueError(f"{hits} of {trials} at a share of {share} over {dispersion}")
        for at, multiplier in enumerate(self.multipliers):
            term = hits * math.log(multiplier) - trials * math.log1p(share * (multiplier - 1.0))
            self._sums[at] += term / dispersion

    @property
    def ln_e(self) -> float:
        """Logarithm of E; 0 where nothing was counted."""
        most = max(self._sums)
        pairs = zip(self.weights, self._sums, strict=True)
        return most + math.log(
            math.fsum(weight * math.exp(value - most) for weight, value in pairs)
        )


def ln_average(values: Sequence[float], weights: Sequence[float] = ()) -> float:
    """Logarithm of the weighted average of e-values given as logarithms: again an e-value.

    It is one however the values depend on each other; weights need no particular sum.

    References
    ----------
    Vovk, Wang (2021), "E-values: Calibration, Combination and Applications".
    """
    parts = np.asarray(weights or [1.0] * len(values))
    return float(logsumexp(values, b=parts / parts.sum()))


def ratio_sequence(counted: Iterable[Counted], alpha: float) -> tuple[float, float]:
    """Ratios of the candidate's rate to the control's that are not refuted so far.

    Parameters
    ----------
    counted : iterable of Counted
        All intervals since the start.
    alpha : float
        Two-sided: the ratio is inside at all times at once with probability 1 - alpha.

    Returns
    -------
    (float, float)
        0 and infinity where nothing is known.

    Notes
    -----
    E against r0 falls in r0 for multipliers above 1 and rises for those below: the ends are the r0
    where each reaches 2/alpha, by bisection of ln r0.
    """
    kept = list(counted)
    if not kept:
        return 0.0, math.inf
    columns = np.array([(c.hits, c.trials, c.traffic_share, c.dispersion) for c in kept]).T
    target = math.log(2.0 / alpha)
    low = _ratio_at(columns, HARM, target)
    high = _ratio_at(columns, HARMLESS, target)
    most = _MOST_RATIO * 0.99
    return (0.0 if low < 1.0 / most else low), (math.inf if high > most else high)


def _ratio_at(columns: npt.NDArray[np.float64], multipliers: Sequence[float], ln_e: float) -> float:
    """Ratio at which the evidence against it is as much; beyond the range where it never is."""
    low, high = -math.log(_MOST_RATIO), math.log(_MOST_RATIO)
    falls = multipliers[0] > 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2.0
        refuted = _ln_e_of(columns, multipliers, math.exp(middle)) >= ln_e
        if refuted == falls:
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2.0)


def _ln_e_of(columns: npt.NDArray[np.float64], multipliers: Sequence[float], ratio: float) -> float:
    hits, trials, traffic, dispersion = columns
    share = traffic * ratio / (traffic * ratio + 1.0 - traffic)
    odds = np.asarray(multipliers)[:, None]
    terms = (hits * np.log(odds) - trials * np.log1p(share * (odds - 1.0))) / dispersion
    return float(logsumexp(terms.sum(axis=1))) - math.log(len(multipliers))


def share_ln_e(hits: float, trials: float, share: float, multipliers: Sequence[float]) -> float:
    """Evidence against a constant share, from totals alone.

    Examples
    --------
    >>> round(share_ln_e(0, 600, 0.01, HARMLESS), 10)
    4.4604150698
    """
    process = EProcess(multipliers)
    process.add(hits=hits, trials=trials, share=share)
    return process.ln_e


def seconds_to_decision(ln_e: float, elapsed_s: float, alpha: float) -> float | None:
    """Seconds until evidence that grows as it did reaches 1/alpha; None where it does not grow.

    Examples
    --------
    >>> round(seconds_to_decision(1.0, 60.0, 0.05))
    120
    """
    missing = -math.log(alpha) - ln_e
    if missing <= 0.0:
        return 0.0
    if ln_e <= 0.0 or elapsed_s <= 0.0:
        return None
    return missing / (ln_e / elapsed_s)
