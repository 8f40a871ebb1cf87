"""A run's candidate held against the control that was measured beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from perf_analysis.compared import ERROR_RATE, TOTAL, RowVerdict, quantile_of
from perf_analysis.gating import Draft, finish
from perf_analysis.paired import PairedWindows, combine, round_difference
from perf_analysis.power import POWER, room_for_decision, t_quantile
from perf_analysis.readings import read_share
from perf_analysis.reduction import dispersion_of, series_windows
from perf_analysis.rows import level_estimate, level_limits, level_notes, rate_estimate
from perf_analysis.runlevel import LEAST_RUNS
from perf_analysis.selection import Selection
from perf_analysis.series import CANDIDATE, CONTROL, SUSTAINED
from perf_analysis.thresholds import LEAST_SAMPLES, least_for_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.compared import ComparedRow, Demands
    from perf_analysis.paired import RoundDifference
    from perf_analysis.readings import Share
    from perf_analysis.rows import Estimate
    from perf_analysis.runlevel import LogEffect
    from perf_analysis.series import Measured

MOSTLY_ERRORS = 0.5
_MOST_TIMES = 100.0
MOST_ROUNDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """One series on both arms, over all rounds."""

    label: str
    pairs: tuple[PairedWindows, ...]
    candidate: tuple[Share, ...]
    control: tuple[Share, ...]
    resolution_s: float

    def n(self, arm: str) -> int:
        """Requests behind the error rate of an arm."""
        return sum(share.whole for share in (self.candidate if arm == CANDIDATE else self.control))


def compare_control(
    rounds: Sequence[Measured], demands: Demands, *, restarted: bool, resolution_s: float = 0.0
) -> tuple[ComparedRow, ...]:
    """Compare both arms of one run, or of several rounds.

    Parameters
    ----------
    rounds : sequence of Measured
        At least one; each with a candidate and a control.
    demands : Demands
        Its alpha is that of this look.
    restarted : bool
        Whether both targets were started anew for each round; if not, further rounds lengthen the
        same pairing.
    resolution_s : float
        To which the source rounds durations.

    Returns
    -------
    tuple of ComparedRow
        Gated are all requests together and every name with enough requests on both arms.
    """
    drafts = [
        _draft(series, metric, demands, restarted=restarted)
        for series in _series_of(rounds, resolution_s, lengthen=not restarted)
        for metric in demands.margins
    ]
    return finish(drafts, demands)


def _series_of(rounds: Sequence[Measured], resolution_s: float, *, lengthen: bool) -> list[_Series]:
    labels = sorted({key.label for measured in rounds for key in measured.series})
    named = labels if len(labels) > 1 else []  # the only name is all requests together
    found: list[_Series] = []
    for label in (TOTAL, *named):
        pairs = _pairs(rounds, label, lengthen=lengthen)
        shares = [
            tuple(_share(measured, label, arm) for measured in rounds)
            for arm in (CANDIDATE, CONTROL)
        ]
        found.append(
            _Series(
                label=label, pairs=pairs, candidate=shares[0], control=shares[1],
                resolution_s=resolution_s,
            )
        )  # fmt: skip
    return found


def total_pairs(rounds: Sequence[Measured], *, lengthen: bool) -> tuple[PairedWindows, ...]:
    """All requests together on both arms: one pairing for each round, or one of all of them."""
    return _pairs(rounds, TOTAL, lengthen=lengthen)


def _pairs(rounds: Sequence[Measured], label: str, *, lengthen: bool) -> tuple[PairedWindows, ...]:
    pairs = tuple(_pair(measured, label) for measured in rounds)
    if not lengthen:
        return pairs
    return (
        PairedWindows(
            candidate=[w for pair in pairs for w in pair.candidate],
            control=[w for pair in pairs for w in pair.control],
        ),
    )


def _pair(measured: Measured, label: str) -> PairedWindows:
    arms = {
        arm: series_windows(
            measured,
            [
                (key, slots)
                for key, slots in measured.series.items()
                if key.target == arm and label in (TOTAL, key.label)
            ],
        )
        for arm in (CANDIDATE, CONTROL)
    }
    return PairedWindows(candidate=arms[CANDIDATE], control=arms[CONTROL])


def _share(measured: Measured, label: str, arm: str) -> Share:
    selector = {"target": arm} | ({"name": label} if label else {})
    return read_share("http_req_failed", Selection(measured, selector, SUSTAINED))


def _draft(series: _Series, metric: str, demands: Demands, *, restarted: bool) -> Draft:
    q = quantile_of(metric)
    needed = LEAST_SAMPLES if q is None else least_for_quantile(q)
    sizes = series.n(CANDIDATE), series.n(CONTROL)

    def draft(
        estimate: Estimate | None, verdict: RowVerdict | None, reason: str = "", barred: str = ""
    ) -> Draft:
        return Draft(
            label=series.label, metric=metric, gated=verdict is not RowVerdict.NOT_JUDGED,
            n=sizes[0], reference_n=sizes[1], estimate=estimate, verdict=verdict, reason=reason,
            barred=barred, advice=estimate.advice if estimate else _LONGER,
        )  # fmt: skip

    if min(sizes) < needed:
        if series.label == TOTAL or sizes[1] >= needed:
            few = f"disappeared: {sizes[0]:,} requests of {needed:,}, the control has {sizes[1]:,}"
            return draft(None, RowVerdict.INCONCLUSIVE, few)
        return draft(None, RowVerdict.NOT_JUDGED, "too few requests to be gated")
    if q is None:
        estimate = _rate(series, demands)
    else:
        estimate = _level(series, metric, q, demands, restarted=restarted)
    if estimate is None:
        return draft(None, RowVerdict.INCONCLUSIVE, "an arm has no complete response")
    return draft(estimate, None, barred=_bar(series, metric, estimate, demands))


def _bar(series: _Series, metric: str, estimate: Estimate, demands: Demands) -> str:
    """Why a row cannot pass, whatever its figures say."""
    if metric == ERROR_RATE:
        return ""
    if sum(share.part for share in series.candidate) > MOSTLY_ERRORS * series.n(CANDIDATE):
        return "more than half of the requests failed: their durations prove nothing"
    if series.resolution_s >= demands.margins[metric] * estimate.reference:
        return "source resolution: durations are rounded to more than the margin"
    return ""


_LONGER = "run longer, or at a higher rate"


def _level(
    series: _Series, metric: str, q: float, demands: Demands, *, restarted: bool
) -> Estimate | None:
    needed = least_for_quantile(q)
    rounds = [round_difference(pair, q, needed) for pair in series.pairs]
    known = [difference for difference in rounds if difference is not None]
    if len(known) < len(rounds):
        return None
    limits = level_limits(metric, demands)
    effect = combine(known, limits, restarted=restarted)
    thin = any(difference.is_thin for difference in known)
    notes = level_notes(effect, limits, is_censored=any(r.high != r.estimate for r in known))
    made = level_estimate(effect, _level_s(known), limits, is_thin=thin)
    return replace(made, notes=notes, advice=_advise(effect, demands, metric, restarted=restarted))


def _level_s(rounds: Sequence[RoundDifference]) -> float:
    """Geometric mean of the control's levels."""
    return math.exp(math.fsum(math.log(r.level_s) for r in rounds) / len(rounds))


def _rate(series: _Series, demands: Demands) -> Estimate | None:
    windows = [
        [(w.failed, w.n) for arm in arms for w in arm]
        for arms in (
            [pair.candidate for pair in series.pairs],
            [pair.control for pair in series.pairs],
        )
    ]
    return rate_estimate(
        _sum(series.candidate), [_sum(series.control)], max(map(dispersion_of, windows)), demands
    )


def _sum(shares: Sequence[Share]) -> tuple[int, int]:
    return sum(share.part for share in shares), sum(share.whole for share in shares)


def _advise(effect: LogEffect, demands: Demands, metric: str, *, restarted: bool) -> str:
    """How much longer, or how many more rounds, until a decision is likely."""
    limits = level_limits(metric, demands)
    room = room_for_decision(effect.estimate, limits.tolerance, limits.margin)
    wanted = room / (t_quantile(effect.dof, 1.0 - limits.alpha) + t_quantile(effect.dof, POWER))
    rounds = effect.noise.candidates
    if restarted and rounds >= LEAST_RUNS:
        more = math.ceil(effect.noise.sd**2 / wanted**2) - rounds
        if more > MOST_ROUNDS:
            return f"rounds differ too much for {MOST_ROUNDS} more to decide; use longer ones"
        return f"about {max(1, more)} more rounds would decide"
    fixed = effect.noise.sd**2 - effect.noise.within_base
    left = wanted**2 * rounds - fixed
    times = effect.noise.within_base / left if left > 0.0 else math.inf
    if times > _MOST_TIMES:
        return "instances differ by more than that: restart the targets between rounds (--rounds)"
    return f"about {math.ceil(times * 10) / 10:g} times as long would decide (--until-decided)"
