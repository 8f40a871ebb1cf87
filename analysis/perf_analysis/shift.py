"""Where the distribution of all requests moved: the change by quantile, shown and never gated."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perf_analysis.compared import TOTAL, QuantileShift
from perf_analysis.limits import Limits
from perf_analysis.paired import combine, round_difference
from perf_analysis.power import rise_of
from perf_analysis.runlevel import LEAST_RUNS, Sides, compare_levels
from perf_analysis.shrinkage import Prior
from perf_analysis.thresholds import least_for_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.figures import QuantileFigure, RunFigures
    from perf_analysis.paired import PairedWindows
    from perf_analysis.runlevel import LogEffect

# A control is a whole distribution; of stored runs there is what was kept of each.
PAIRED_QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
_NO_PRIOR = Prior()


def shift_between_runs(
    candidates: Sequence[RunFigures], reference: Sequence[RunFigures], alpha: float
) -> tuple[QuantileShift, ...]:
    """Change of every quantile that all runs on either side hold, ascending.

    Notes
    -----
    Each quantile by itself, as `runlevel.compare_levels` has it, without a prior and without any
    correction for several quantiles: a band to look at. Under three reference runs there is no
    interval.
    """
    runs = [run.labelled(TOTAL) for run in (*candidates, *reference)]
    held = [{figure.q for figure in run.quantiles} if run else set() for run in runs]
    common = sorted(set.intersection(*held)) if held else []
    return tuple(_between(candidates, reference, q, alpha) for q in common)


def _between(
    candidates: Sequence[RunFigures], reference: Sequence[RunFigures], q: float, alpha: float
) -> QuantileShift:
    sides = Sides(candidates=_figures(candidates, q), reference=_figures(reference, q))
    levels = [math.exp(figure.ln_s) for figure in sides.reference]
    if len(reference) < LEAST_RUNS:
        ours = math.fsum(figure.ln_s for figure in sides.candidates) / len(candidates)
        return QuantileShift(
            q=q, reference_s=sides.level_s, lowest_s=min(levels), highest_s=max(levels),
            effect=math.exp(ours) / sides.level_s - 1.0,
        )  # fmt: skip
    effect = compare_levels(sides, _NO_PRIOR, _limits(alpha))
    return _shift(q, effect, sides.level_s, (min(levels), max(levels)))


def _figures(runs: Sequence[RunFigures], q: float) -> tuple[QuantileFigure, ...]:
    series = (run.labelled(TOTAL) for run in runs)
    return tuple(f for one in series if one is not None and (f := one.quantile(q)) is not None)


def shift_against_control(
    pairs: Sequence[PairedWindows], alpha: float, *, restarted: bool
) -> tuple[QuantileShift, ...]:
    """Change of quantiles against a control, of those for which both arms have enough requests."""
    found: list[QuantileShift] = []
    for q in PAIRED_QUANTILES:
        needed = least_for_quantile(q)
        made = [round_difference(pair, q, needed) for pair in pairs if _least_n(pair) >= needed]
        rounds = [difference for difference in made if difference is not None]
        if not rounds or len(rounds) < len(pairs):
            continue
        levels = [difference.level_s for difference in rounds]
        level_s = math.exp(math.fsum(map(math.log, levels)) / len(levels))
        effect = combine(rounds, _limits(alpha), restarted=restarted)
        found.append(_shift(q, effect, level_s, (min(levels), max(levels))))
    return tuple(found)


def _least_n(pair: PairedWindows) -> int:
    return min(sum(w.samples().n for w in arm) for arm in (pair.candidate, pair.control))


def _shift(
    q: float, effect: LogEffect, level_s: float, ends_s: tuple[float, float]
) -> QuantileShift:
    low, high = math.expm1(effect.low), rise_of(effect.high)
    return QuantileShift(
        q=q,
        reference_s=level_s,
        lowest_s=ends_s[0],
        highest_s=ends_s[1],
        effect=math.expm1(effect.estimate),
        low=low if math.isfinite(low) else None,
        high=high if math.isfinite(high) else None,
    )


def _limits(alpha: float) -> Limits:
    """Nothing is tested here: only the interval's level is used."""
    return Limits(tolerance=0.0, margin=1.0, alpha=alpha)
