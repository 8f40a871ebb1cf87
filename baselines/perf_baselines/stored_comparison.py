"""A comparison that somebody else's document tells of: its figures are read, its verdict is drawn.

The other side of it (baselines, or earlier rounds) is not at hand, so it cannot be made again. What
follows from the figures of its rows does so here too, whatever the document calls it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perf_analysis.compared import CONTROL, PROOF, RowVerdict
from perf_analysis.gating import conclude, nothing_compared
from perf_baselines.comparing import demands_of
from perf_baselines.controlling import control_demands

if TYPE_CHECKING:
    from perf_analysis.compared import ComparedRow, Comparison, Demands
    from perf_documents.run import Run

_WHY = ("a baseline is required: ", "not judged: ")
_UNPROVEN = "called a pass, but its figures do not say so"


def rejudged(run: Run, stored: Comparison) -> Comparison:
    """Comparison with rows, verdict and sentence as they follow from its figures.

    Parameters
    ----------
    run : Run
        Its plan says what was demanded.
    stored : Comparison
        As the document has it.

    Notes
    -----
    A pass needs an effect under the margin; what is proven beyond the tolerance fails. It never
    makes a verdict better: figures that a document invents stay invented.
    """
    demands = demands_of(run.plan) if run.control is None else control_demands(run)
    demands = replace(demands, alpha=min(demands.alpha, stored.alpha))
    if not stored.rows:
        why = stored.sentence
        for beginning in _WHY:
            why = why.removeprefix(beginning)
        return nothing_compared(demands, why, stored.next_step, stored.left_out)
    made = conclude(
        [_row(row, demands) for row in stored.rows],
        demands,
        source=stored.source,
        reference=stored.reference,
        against=_against(run, stored),
    )
    made = replace(made, shift=stored.shift, left_out=stored.left_out, notes=stored.notes)
    if stored.verdict is made.verdict or stored.verdict is not RowVerdict.NOT_JUDGED:
        return made
    # looked at before the last planned look, and said so; a regression stays one
    if made.verdict is RowVerdict.FAIL:
        return made
    sentence = f"not judged yet: {made.sentence}"
    return replace(made, verdict=RowVerdict.NOT_JUDGED, sentence=sentence)


def _row(row: ComparedRow, demands: Demands) -> ComparedRow:
    must_detect = None if demands.mode == PROOF else demands.must_detect.get(row.metric, 0.0)
    # what the plan does not compare has no margin that it could lie under
    margin = demands.margins.get(row.metric)
    is_under = margin is not None and row.effect is not None and row.effect < margin
    row = replace(
        row,
        margin=row.margin if margin is None else margin,
        tolerance=demands.tolerance.get(row.metric, row.tolerance),
        must_detect=must_detect,
    )
    if row.verdict is RowVerdict.PASS and is_under:
        return row
    if row.p_adjusted is not None and row.p_adjusted <= demands.alpha:
        return replace(row, verdict=RowVerdict.FAIL)
    if row.verdict is RowVerdict.PASS:
        return replace(row, verdict=RowVerdict.INCONCLUSIVE, reason=_UNPROVEN, detectable=None)
    return row


def _against(run: Run, stored: Comparison) -> str:
    count = len(stored.reference)
    if run.control is not None and stored.source == CONTROL:
        return f"the control {run.control.name}" + (f" in {count} rounds" if count > 1 else "")
    return f"{count} baseline{'' if count == 1 else 's'}"
