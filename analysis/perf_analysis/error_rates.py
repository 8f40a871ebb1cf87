"""Two error rates compared: bursts taken into account, harm and harmlessness proven apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import bdtrc, gammaln, ndtr, ndtri, xlogy

from perf_analysis.intervals import miettinen_nurminen, miettinen_nurminen_z, newcombe
from perf_analysis.power import POWER, t_quantile, t_upper_tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.limits import Limits

# Up to so many failures the sum over both Poisson laws is small enough to be taken whole.
EXACT_UP_TO = 2000
LEAST_RUNS = 3
_STEPS = 100
_TAIL_SDS = 8.0
_TAIL_EXTRA = 30.0
_TIE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Failed of all requests."""

    x: int
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RateComparison:
    """What two error rates say.

    Attributes
    ----------
    p1, p2, difference : float
        Candidate, reference, and the first minus the second.
    low, high : float
        Shown interval of the difference.
    upper : float
        Largest difference that is not excluded: decides harmlessness.
    p_fail : float
        Of "worse than the tolerance", one-sided.
    dispersion : float
        By which all counts were divided.
    dof : float
        Of the dispersion where it comes from few runs; infinite otherwise.
    n1, n2 : float
        Effective requests.
    """

    p1: float
    p2: float
    difference: float
    low: float
    high: float
    upper: float
    p_fail: float
    dispersion: float
    dof: float
    n1: float
    n2: float
    limits: Limits

    def detectable(self, alpha: float) -> float:
        """Rise in the share of failures that a test at alpha would find 4 times in 5.

        The fixed point of Delta = D + (z(1 - alpha) + z(.8)) sqrt(p1 q1 / n1 + p2 q2 / n2) with
        p1 = p2 + Delta, from above; with Student's t where the dispersion comes from few runs.
        """
        reach = t_quantile(self.dof, 1.0 - alpha) + float(ndtri(POWER))
        # zero failures hide a rate: the one whose absence is as likely as not
        p2 = max(self.p2, math.log(2.0) / self.n2)
        low, high = self.limits.tolerance, 1.0
        for _ in range(_STEPS):
            rise = (low + high) / 2.0
            p1 = min(1.0, p2 + rise)
            error = math.sqrt(p1 * (1.0 - p1) / self.n1 + p2 * (1.0 - p2) / self.n2)
            if rise - self.limits.tolerance < reach * error:
                low = rise
            else:
                high = rise
        return high

    @property
    def factor_needed(self) -> float | None:
        """How many times as many candidate requests would show harmlessness; None if none would.

        The upper limit's distance from the estimate falls as 1 / sqrt(n1).
        """
        room = self.limits.margin - max(0.0, self.difference)
        if room <= 0.0:
            return None
        return max(1.0, ((self.upper - self.difference) / room) ** 2)


def dispersion(counts: Sequence[tuple[int, int]]) -> float:
    """Variance of failures over units against that of independent ones; 1 where it is unknown.

    Parameters
    ----------
    counts : sequence of (int, int)
        Failures and requests of each unit; units without requests are left out.

    Notes
    -----
    phi = 1/(k - 1) sum (x_i - n_i p)^2 / (n_i p (1 - p)), p pooled: Pearson's chi-square over its
    degrees of freedom.

    Examples
    --------
    >>> dispersion([(10, 100), (0, 100)])
    10.526315789473685
    """
    units = [(x, n) for x, n in counts if n > 0]
    failed, total = sum(x for x, _ in units), sum(n for _, n in units)
    if len(units) < 2 or failed in {0, total}:  # noqa: PLR2004  # a variance takes two
        return 1.0
    p = failed / total
    squares = math.fsum((x - n * p) ** 2 / (n * p * (1.0 - p)) for x, n in units)
    return squares / (len(units) - 1)


def compare_error_rates(
    candidate: Failures, reference: Sequence[Failures], *, limits: Limits, phi_w: float
) -> RateComparison | None:
    """Compare the error rate of a candidate with that of reference runs pooled, or of a control.

    Parameters
    ----------
    candidate : Failures
    reference : sequence of Failures
        One for each run.
    limits : Limits
        As differences of shares.
    phi_w : float
        Dispersion within runs, the larger of both sides.

    Returns
    -------
    RateComparison or None
        None where a side has no request.

    Notes
    -----
    Errors come in bursts: all counts are divided by phi, the larger of the dispersion within runs
    and that between three or more reference runs. Harm is proven by the largest of an E-test (a
    score test where failures are many), an exact binomial tail, and, where phi comes from few
    runs, a t test. Harmlessness by the upper score limit; without any failure by 1 - alpha^(1/n).

    References
    ----------
    Krishnamoorthy, Thomson (2004); Miettinen, Nurminen (1985); Newcombe (1998).
    """
    x2, n2 = sum(run.x for run in reference), sum(run.n for run in reference)
    if candidate.n <= 0 or n2 <= 0:
        return None
    between = dispersion([(run.x, run.n) for run in reference])
    runs = sum(run.n > 0 for run in reference)
    of_runs = runs >= LEAST_RUNS and between > max(phi_w, 1.0)
    phi = between if of_runs else max(phi_w, 1.0)
    dof = float(runs - 1) if of_runs else math.inf
    counts = candidate.x / phi, candidate.n / phi, x2 / phi, n2 / phi
    low, high = newcombe(*counts, limits.alpha)
    return RateComparison(
        p1=candidate.x / candidate.n,
        p2=x2 / n2,
        difference=candidate.x / candidate.n - x2 / n2,
        low=low,
        high=high,
        upper=_upper(counts, limits.alpha, dof),
        p_fail=_p_fail(counts, limits.tolerance, dof),
        dispersion=phi,
        dof=dof,
        n1=counts[1],
        n2=counts[3],
        limits=limits,
    )


def e_test(x1: float, n1: float, x2: float, n2: float, difference: float) -> float:
    """One-sided p of "rate 1 exceeds rate 2 by no more than a difference", of Poisson counts.

    References
    ----------
    Krishnamoorthy, Thomson (2004), "A More Powerful Test for Comparing Two Poisson Means".

    Examples
    --------
    >>> round(e_test(15, 1000, 10, 1000, 0.001), 9)
    0.217968745
    """
    rate2 = (x1 + x2 - difference * n1) / (n1 + n2)
    # even no failure on the other side leaves the observed excess within the difference
    if rate2 <= 0.0:
        return 1.0
    mean1, mean2 = n1 * (rate2 + difference), n2 * rate2
    counts1, counts2 = _support(mean1), _support(mean2)[:, None]
    observed = _pivot(np.float64(x1), n1, np.float64(x2), n2, difference)
    pivots = _pivot(counts1, n1, counts2, n2, difference)
    joint = _poisson(counts1, mean1) * _poisson(counts2, mean2)
    # what ties with the observed counts as extreme, whatever rounding makes of it
    extreme = pivots >= observed - _TIE * abs(observed)
    return min(1.0, float(joint[extreme].sum()))


def conditional_mid_p(x1: float, n1: float, x2: float, n2: float, ratio: float) -> float:
    """One-sided mid-p of "rate 1 is at most `ratio` times rate 2", given the sum of failures.

    Examples
    --------
    >>> round(conditional_mid_p(8, 100, 4, 100, 1.0), 10)
    0.1334228516
    """
    hits, total = math.floor(x1), math.floor(x1) + math.ceil(x2)
    if hits == 0:
        return 1.0
    share = n1 * ratio / (n1 * ratio + n2)
    return (binomial_tail(hits, total, share) + binomial_tail(hits + 1, total, share)) / 2.0


def binomial_tail(x: float, n: float, p: float) -> float:
    """P(at least x hits in n trials), n rounded down."""
    hits, trials = math.floor(x), math.floor(n)
    if hits <= 0:
        return 1.0
    return 0.0 if hits > trials else float(bdtrc(hits - 1, trials, p))


def _p_fail(counts: tuple[float, float, float, float], tolerance: float, dof: float) -> float:
    x1, n1, x2, n2 = counts
    if tolerance <= 0.0:
        p = conditional_mid_p(x1, n1, x2, n2, 1.0)
    elif x1 + x2 <= EXACT_UP_TO:
        p = e_test(math.floor(x1), n1, math.ceil(x2), n2, tolerance)
    else:
        p = float(ndtr(-miettinen_nurminen_z(x1, n1, x2, n2, tolerance)))
    if tolerance > 0.0:
        # p1 - p2 > D implies p1 > D
        p = max(p, binomial_tail(x1, n1, tolerance))
    if math.isfinite(dof):
        p = max(p, t_upper_tail(dof, miettinen_nurminen_z(x1, n1, x2, n2, tolerance)))
    return p


def _upper(counts: tuple[float, float, float, float], alpha: float, dof: float) -> float:
    x1, n1, x2, n2 = counts
    if x1 <= 0.0:
        return -math.expm1(math.log(alpha) / n1)
    return miettinen_nurminen(x1, n1, x2, n2, t_quantile(dof, 1.0 - alpha))[1]


def _support(mean: float) -> np.ndarray:
    """Counts that carry all but a negligible part of a Poisson law."""
    reach = _TAIL_SDS * math.sqrt(mean) + _TAIL_EXTRA
    return np.arange(max(0.0, math.floor(mean - reach)), math.ceil(mean + reach) + 1.0)


def _poisson(counts: np.ndarray, mean: float) -> np.ndarray:
    law: np.ndarray = np.exp(xlogy(counts, mean) - mean - gammaln(counts + 1.0))
    return law


def _pivot(
    x1: np.ndarray | np.float64, n1: float, x2: np.ndarray | np.float64, n2: float,
    difference: float,
) -> np.ndarray:  # fmt: skip
    excess = x1 / n1 - x2 / n2 - difference
    spread = x1 / n1**2 + x2 / n2**2
    with np.errstate(invalid="ignore", divide="ignore"):
        pivots: np.ndarray = excess / np.sqrt(spread)
    return pivots
