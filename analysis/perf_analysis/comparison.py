"""Runs held against stored runs: which rows there are, and what decides each beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.compared import (
    ERROR_RATE,
    TOTAL,
    ComparedRow,
    Demands,
    RowVerdict,
)
from perf_analysis.gating import Draft, finish
from perf_analysis.rows import Estimate, Pair, estimate_level, estimate_rate, priors_of
from perf_analysis.runlevel import LEAST_RUNS
from perf_analysis.shrinkage import Prior

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perf_analysis.figures import RunFigures, SeriesFigures

MOSTLY_ERRORS = 0.5
_NO_PRIOR = Prior()


def compare_runs(
    candidates: Sequence[RunFigures],
    reference: Sequence[RunFigures],
    demands: Demands,
    *,
    same_mix: bool = True,
) -> tuple[ComparedRow, ...]:
    """Compare runs with stored ones.

    Parameters
    ----------
    candidates, reference : sequence of RunFigures
        At least one of each, and comparable.
    demands : Demands
    same_mix : bool
        Whether both sides send the same mix of requests; if not, all requests together are not
        compared, only the names that both have.

    Returns
    -------
    tuple of ComparedRow
        See `gate` for what they come to.

    Notes
    -----
    Gated are all requests together, and every name that most reference runs have with enough
    requests (V2). The family is tested by weighted Holm; the pass side needs no correction, since
    every gated row must pass.

    References
    ----------
    Berger (1982), "Multiparameter Hypothesis Testing and Acceptance Sampling".
    """
    pairs = _pairs(candidates, reference, demands)
    priors = priors_of(pairs)
    drafts = [_draft(pair, priors, demands, same_mix=same_mix) for pair in pairs]
    return finish(drafts, demands)


def _pairs(
    candidates: Sequence[RunFigures], reference: Sequence[RunFigures], demands: Demands
) -> list[Pair]:
    labels = {series.label for run in (*candidates, *reference) for series in run.series}
    named = labels - {TOTAL}
    if len(named) == 1 and TOTAL in labels:
        labels = {TOTAL}  # the only name is all requests together
    return [
        Pair(
            label=label,
            metric=metric,
            candidates=_labelled(candidates, label),
            reference=_labelled(reference, label),
            resolution_s=max(run.resolution_s for run in (*candidates, *reference)),
            runs=len(candidates),
            reference_runs=len(reference),
        )
        for label in sorted(labels)
        for metric in demands.margins
    ]


def _labelled(runs: Sequence[RunFigures], label: str) -> tuple[SeriesFigures, ...]:
    return tuple(series for run in runs if (series := run.labelled(label)) is not None)


def _draft(pair: Pair, priors: Mapping[str, Prior], demands: Demands, *, same_mix: bool) -> Draft:
    """Row of a pair, decided beforehand where its figures must not decide."""
    n = sum(series.n for series in pair.candidates)
    reference_n = sum(series.n for series in pair.reference)

    def draft(verdict: RowVerdict, reason: str, *, gated: bool = False, advice: str = "") -> Draft:
        return Draft(
            label=pair.label, metric=pair.metric, gated=gated, n=n, reference_n=reference_n,
            verdict=verdict, reason=reason, advice=advice,
        )  # fmt: skip

    if not pair.reference:
        return draft(RowVerdict.NOT_JUDGED, "new: no baseline has it")
    if pair.label == TOTAL and not same_mix:
        return draft(RowVerdict.NOT_JUDGED, "the mix of requests changed")
    if not pair.is_known:
        return draft(RowVerdict.NOT_JUDGED, "too few requests in most baselines to be gated")
    if pair.is_candidate_thin:
        reason = "disappeared: baselines have it with enough requests, the candidate has not"
        return draft(RowVerdict.INCONCLUSIVE, reason, gated=True, advice=_DISAPPEARED)
    if pair.reference_runs < LEAST_RUNS:
        missing = LEAST_RUNS - pair.reference_runs
        reason = f"few baselines: {pair.reference_runs} of {LEAST_RUNS} at least"
        more = f"accept {missing} more, or use --control"
        return draft(RowVerdict.INCONCLUSIVE, reason, gated=True, advice=more)
    estimate = _estimate(pair, priors, demands)
    if estimate is None:
        return draft(RowVerdict.INCONCLUSIVE, "no response ever completed", gated=True)
    return Draft(
        label=pair.label, metric=pair.metric, gated=True, n=n, reference_n=reference_n,
        estimate=estimate, barred=_bar(pair, estimate, demands), advice=estimate.advice,
    )  # fmt: skip


_DISAPPEARED = "see whether the scenario still asks for it, or accept a baseline without it"


def _estimate(pair: Pair, priors: Mapping[str, Prior], demands: Demands) -> Estimate | None:
    if pair.metric == ERROR_RATE:
        return estimate_rate(pair, demands)
    sides = pair.sides()
    if sides is None or sides.dof < 1:
        return None
    return estimate_level(pair, sides, priors.get(pair.metric, _NO_PRIOR), demands)


def _bar(pair: Pair, estimate: Estimate, demands: Demands) -> str:
    if pair.metric == ERROR_RATE:
        return ""
    if any(series.failed > MOSTLY_ERRORS * series.n for series in pair.candidates):
        return "more than half of the requests failed: their durations prove nothing"
    sides = pair.sides()
    if sides and sides.resolution_s >= demands.margins[pair.metric] * estimate.reference:
        return "source resolution: durations are rounded to more than the margin"
    return ""
