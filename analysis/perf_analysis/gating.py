"""Compared rows as one family: what each is called, and what all of them come to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_analysis.compared import PROOF, TOTAL, ComparedRow, Comparison, RowVerdict
from perf_analysis.comparison_wording import next_step, sentence
from perf_analysis.families import family_weights, holm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.compared import Demands
    from perf_analysis.rows import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A row before the family is known.

    Attributes
    ----------
    gated : bool
    verdict : RowVerdict or None
        Already decided, whatever the figures say; None where the estimate decides.
    barred : str
        Why it cannot pass, though its figures may allow it.
    """

    label: str
    metric: str
    gated: bool
    n: int
    reference_n: int
    estimate: Estimate | None = None
    verdict: RowVerdict | None = None
    barred: str = ""
    reason: str = ""
    advice: str = ""


def finish(drafts: Sequence[Draft], demands: Demands) -> tuple[ComparedRow, ...]:
    """Rows of drafts: the family decides what is a regression; the worst come first."""
    tested = [draft for draft in drafts if draft.gated and draft.estimate is not None]
    weights = family_weights([draft.label == TOTAL for draft in tested])
    adjusted = holm([draft.estimate.p for draft in tested if draft.estimate], weights)
    by_row = {
        (draft.label, draft.metric): (p, weight)
        for draft, p, weight in zip(tested, adjusted, weights, strict=True)
    }
    rows = [_row(draft, demands, by_row.get((draft.label, draft.metric))) for draft in drafts]
    return tuple(sorted(rows, key=_worst_first))


def gate(rows: Sequence[ComparedRow]) -> RowVerdict:
    """What the gated rows come to.

    Notes
    -----
    Any failing row fails. Under `proof` every gated row must pass. Under `regression` an undecided
    one does where a rise of `must_detect` would have been found 4 times in 5.
    """
    gated = [row for row in rows if row.gated]
    if any(row.verdict is RowVerdict.FAIL for row in gated):
        return RowVerdict.FAIL
    if any(row.blocks for row in gated):
        return RowVerdict.INCONCLUSIVE
    if not any(row.verdict is not RowVerdict.NOT_JUDGED for row in gated):
        return RowVerdict.NOT_JUDGED
    return RowVerdict.PASS


def conclude(
    rows: Sequence[ComparedRow],
    demands: Demands,
    *,
    source: str,
    reference: Sequence[str],
    against: str,
) -> Comparison:
    """Comparison that rows come to, with its sentence; `against` is the other side in words."""
    verdict = gate(rows)
    blocking = [row for row in rows if row.blocks]
    return Comparison(
        source=source,
        mode=demands.mode,
        alpha=demands.alpha,
        reference=tuple(reference),
        rows=tuple(rows),
        verdict=verdict,
        sentence=sentence(verdict, rows, blocking, demands, against=against),
        next_step=next_step(verdict, blocking),
    )


def nothing_compared(
    demands: Demands, why: str, next_step: str, left_out: Sequence[str] = ()
) -> Comparison:
    """Comparison without another side: not judged, and undecided where one is required."""
    return Comparison(
        mode=demands.mode,
        alpha=demands.alpha,
        verdict=RowVerdict.INCONCLUSIVE if demands.required else RowVerdict.NOT_JUDGED,
        sentence=f"{'a baseline is required: ' if demands.required else 'not judged: '}{why}",
        next_step=next_step,
        left_out=tuple(left_out),
    )


def _row(draft: Draft, demands: Demands, tested: tuple[float, float] | None) -> ComparedRow:
    estimate = draft.estimate
    margin, tolerance = demands.margins[draft.metric], demands.tolerance[draft.metric]
    must_detect = None if demands.mode == PROOF else demands.must_detect.get(draft.metric, 0.0)
    if estimate is None or tested is None:
        return ComparedRow(
            label=draft.label, metric=draft.metric, gated=draft.gated, n=draft.n,
            reference_n=draft.reference_n, margin=margin, tolerance=tolerance,
            must_detect=must_detect, verdict=draft.verdict or RowVerdict.NOT_JUDGED,
            reason=draft.reason, advice=draft.advice,
        )  # fmt: skip
    adjusted, weight = tested
    verdict, reason = _verdict(draft, estimate, adjusted, demands)
    return ComparedRow(
        label=draft.label,
        metric=draft.metric,
        gated=draft.gated,
        candidate=estimate.candidate,
        reference=estimate.reference,
        n=draft.n,
        reference_n=draft.reference_n,
        effect=estimate.effect,
        low=estimate.low if math.isfinite(estimate.low) else None,
        high=estimate.high if math.isfinite(estimate.high) else None,
        margin=margin,
        tolerance=tolerance,
        # the first step of Holm, which no other row's luck can ease
        detectable=None if draft.barred else estimate.detectable(demands.alpha * weight),
        must_detect=must_detect,
        p=estimate.p,
        p_adjusted=adjusted,
        verdict=verdict,
        notes=estimate.notes,
        reason=reason,
        advice=draft.advice if verdict is RowVerdict.INCONCLUSIVE else "",
    )


def _verdict(
    draft: Draft, estimate: Estimate, adjusted: float, demands: Demands
) -> tuple[RowVerdict, str]:
    """Harmlessness first: a change proven to lie under the margin is acceptable by definition."""
    if estimate.harmless and not draft.barred:
        return RowVerdict.PASS, ""
    if adjusted <= demands.alpha:
        return RowVerdict.FAIL, ""
    return RowVerdict.INCONCLUSIVE, draft.barred or "neither a regression nor its absence is shown"


_ORDER = {
    RowVerdict.FAIL: 0,
    RowVerdict.INCONCLUSIVE: 1,
    RowVerdict.PASS: 2,
    RowVerdict.NOT_JUDGED: 3,
}


def _worst_first(row: ComparedRow) -> tuple[bool, int, float, str, str]:
    return (not row.gated, _ORDER[row.verdict], row.p if row.p is not None else 1.0, row.label,
            row.metric)  # fmt: skip
