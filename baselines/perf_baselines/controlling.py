"""A run held against the control that was loaded beside it: from documents to a comparison."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from perf_analysis.compared import CONTROL, PROOF, RowVerdict
from perf_analysis.gating import conclude, nothing_compared
from perf_baselines.comparing import demands_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.compared import Comparison, Demands
    from perf_documents.run import Run

SHARED = "a candidate that loads the machine slows its control too: large effects are understated"
PAIRING = (
    "one pairing of two instances: what sets instances of one version apart for all their life is "
    "taken to be 1 %; --rounds with restarts measures it"
)


@dataclass(frozen=True, slots=True)
class SequentialLook:
    """Which of several planned looks this is; the only one, unless said."""

    number: int = 1
    planned: int = 1

    @property
    def is_last(self) -> bool:
        """Whether nothing can follow."""
        return self.number >= self.planned


ONLY = SequentialLook()


def compare_with_control(
    runs: Sequence[Run], *, restarted: bool = False, look: SequentialLook = ONLY
) -> Comparison:
    """Compare candidate and control over the rounds so far.

    Parameters
    ----------
    runs : sequence of Run
        Valid ones of one plan, each with a control.
    restarted : bool
        Whether both targets were started anew for each round.
    look : SequentialLook
        Alpha is spent over the planned ones; an undecided look before the last is not judged.
    """
    run = runs[-1]
    demands = control_demands(run)
    if not demands.margins or not run.plan.has_sustained:
        return nothing_compared(
            demands, "the profile has no sustained phase", "give it a stage of equal start and end"
        )
    # numpy and scipy, which only comparisons need
    from perf_analysis.control import compare_control, total_pairs  # noqa: PLC0415
    from perf_analysis.looks import alpha_of_look  # noqa: PLC0415
    from perf_analysis.shift import shift_against_control  # noqa: PLC0415

    alpha = alpha_of_look(demands.alpha, look.number, look.planned)
    measured = [one.measured for one in runs]
    rows = compare_control(
        measured,
        replace(demands, alpha=alpha),
        restarted=restarted,
        resolution_s=max(one.resolution_s for one in runs),
    )
    name = run.control.name if run.control else CONTROL
    rounds = f" in {len(runs)} rounds" if len(runs) > 1 else ""
    comparison = conclude(
        rows,
        replace(demands, alpha=alpha),
        source=CONTROL,
        reference=[one.run_id for one in runs],
        against=f"the control {name}{rounds}",
    )
    notes = (SHARED, *(() if restarted and len(runs) > 1 else (PAIRING,)))
    if look.planned > 1:
        spent = f"alpha {alpha:.2g} of {demands.alpha:g}"
        notes = (*notes, f"look {look.number} of {look.planned}, at {spent}")
    pairs = total_pairs(measured, lengthen=not restarted)
    shift = shift_against_control(pairs, alpha, restarted=restarted)
    comparison = replace(comparison, notes=notes, shift=shift)
    if comparison.verdict is RowVerdict.INCONCLUSIVE and not look.is_last:
        return replace(
            comparison,
            verdict=RowVerdict.NOT_JUDGED,
            sentence=f"not judged yet (look {look.number} of {look.planned}): "
            f"{comparison.sentence}",
        )
    return comparison


def control_demands(run: Run) -> Demands:
    """What a plan asks of a comparison with a control: a proof, unless it says otherwise."""
    demands = demands_of(run.plan)
    return demands if run.plan.gate.comparison_given else replace(demands, mode=PROOF)
