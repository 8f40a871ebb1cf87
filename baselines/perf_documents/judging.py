"""The judgement of a run by its own document."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perf_analysis.judgement import EXIT_CODES, NOTHING_COMPARED, judge
from perf_analysis.verdict import Verdict

if TYPE_CHECKING:
    from perf_analysis.compared import Comparison
    from perf_analysis.verdict import Judgement
    from perf_documents.run import Run

# begins a note of an imported run: what the tool's own account holds against it
FAILED_ELSEWHERE = "k6 itself says that"


def judged(run: Run, comparison: Comparison = NOTHING_COMPARED) -> Judgement:
    """Judgement of a run by its plan; what its own tool calls failed is never a pass.

    Notes
    -----
    A tool may hold limits on metrics of its own, which are not in the document. That one of them
    failed cannot be shown here, and not be passed over either: inconclusive.
    """
    judgement = judge(run.facts(), run.measured, run.plan.thresholds, comparison)
    failed = [note for note in run.client_notes if note.startswith(FAILED_ELSEWHERE)]
    if judgement.verdict is not Verdict.PASS or not run.engine.unknown_rules or not failed:
        return judgement
    return replace(
        judgement,
        verdict=Verdict.INCONCLUSIVE,
        exit_code=EXIT_CODES[Verdict.INCONCLUSIVE],
        reason=failed[0],
        next_step="read the tool's own report of that threshold",
    )


def as_judged(run: Run) -> Run:
    """Run as it was judged; one that never was is judged by its thresholds now."""
    return run if run.judgement else replace(run, judgement=judged(run))
