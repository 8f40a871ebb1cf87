"""The values that a comparison is made of: what was demanded, each row, and what all come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ERROR_RATE = "error_rate"
TOTAL = ""
REGRESSION, PROOF, ADVISORY = "regression", "proof", "advisory"
BASELINES, CONTROL, RUNS = "baselines", "control", "runs"


class RowVerdict(StrEnum):
    """What is said of one compared row, and of a whole comparison."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What a comparison must show.

    Attributes
    ----------
    margins, tolerance, must_detect : mapping of str to float
        By metric (`p95`, `error_rate`): relative changes, absolute shares of the error rate.
    alpha : float
        One-sided, for the whole gated family.
    mode : str
        `regression`, `proof` or `advisory`.
    required : bool
        Whether a missing baseline leaves the gate undecided.
    """

    margins: Mapping[str, float]
    tolerance: Mapping[str, float]
    must_detect: Mapping[str, float] = field(default_factory=dict)
    alpha: float = 0.01
    mode: str = REGRESSION
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRow:
    """One metric of one series, compared.

    Attributes
    ----------
    label : str
        Method and name; empty for all requests together.
    metric : str
        `p95` and the like, or `error_rate`.
    gated : bool
        Whether the row belongs to the gated family.
    candidate, reference : float or None
        Level of either side: seconds (geometric mean of the runs), or a share.
    n, reference_n : int
        Requests behind them.
    effect, low, high : float or None
        Change with its interval at 1 - 2 alpha: relative (0.05 is +5 %), or a difference of
        shares. `high` is None where requests that never completed leave it open.
    margin, tolerance : float
    detectable : float or None
        Rise that would be found 4 times in 5, in the unit of the effect; None where unknown.
    must_detect : float or None
        Largest detectable rise with which an undecided row still passes the gate; None where
        every gated row must be decided.
    p, p_adjusted : float or None
        Of "worse than the tolerance", one-sided; the latter after Holm, gated rows only.
    notes : tuple of str
        `improved`, `slower`, `not robust`, `censored`.
    reason, advice : str
        Why it is undecided or not judged, and what would decide it.
    """

    label: str
    metric: str
    gated: bool
    candidate: float | None = None
    reference: float | None = None
    n: int = 0
    reference_n: int = 0
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    margin: float
    tolerance: float
    detectable: float | None = None
    must_detect: float | None = None
    p: float | None = None
    p_adjusted: float | None = None
    verdict: RowVerdict
    notes: tuple[str, ...] = ()
    reason: str = ""
    advice: str = ""

    @property
    def blocks(self) -> bool:
        """Whether it is undecided in a way that leaves the gate undecided."""
        if not self.gated or self.verdict is not RowVerdict.INCONCLUSIVE:
            return False
        if self.must_detect is None or self.detectable is None:
            return True
        return self.detectable > self.must_detect


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileShift:
    """One quantile of all requests together on both sides: shown, never gated.

    Attributes
    ----------
    q : float
        In (0, 1).
    reference_s, lowest_s, highest_s : float
        Geometric mean, lowest and highest of the reference runs, in seconds.
    effect : float
        Relative change.
    low, high : float or None
        Its interval at 1 - 2 alpha, uncorrected; None where it is open or not known.
    """

    q: float
    reference_s: float
    lowest_s: float
    highest_s: float
    effect: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What came of comparing a run.

    Attributes
    ----------
    source : str
        `baselines` (stored runs), `control` (measured beside it) or `runs` (named by hand); empty
        where nothing was compared.
    mode : str
    alpha : float
    reference : tuple of str
        Run ids on the other side.
    rows : tuple of ComparedRow
        Gated ones first, the worst first.
    shift : tuple of QuantileShift
        All requests together by quantile, ascending; empty where the mix of requests changed.
    verdict : RowVerdict
        Of the gate: `not judged` where nothing could be compared.
    sentence : str
        What can be said in one sentence.
    next_step : str
        What would decide, or what to do.
    left_out : tuple of str
        Runs that were not comparable, and rows that have no counterpart, with the reason.
    notes : tuple of str
        Age and slack of the baselines, and what else a reader should know.
    """

    source: str = ""
    mode: str = REGRESSION
    alpha: float = 0.01
    reference: tuple[str, ...] = ()
    rows: tuple[ComparedRow, ...] = ()
    shift: tuple[QuantileShift, ...] = ()
    verdict: RowVerdict = RowVerdict.NOT_JUDGED
    sentence: str = ""
    next_step: str = ""
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def gates(self) -> bool:
        """Whether its verdict counts for the run's."""
        return self.mode != ADVISORY


def quantile_of(metric: str) -> float | None:
    """Quantile that a metric names; None for the error rate.

    Examples
    --------
    >>> quantile_of("p95"), quantile_of("error_rate")
    (0.95, None)
    """
    return None if metric == ERROR_RATE else round(float(metric.removeprefix("p")) / 100.0, 12)
