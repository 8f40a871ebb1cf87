"""Which runs may become baselines, and what is written down of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.compared import RowVerdict
from perf_analysis.facts import EndState
from perf_analysis.verdict import Outcome, Verdict
from perf_baselines.baseline import Baseline
from perf_documents.fingerprint import MACHINE_FACTS

if TYPE_CHECKING:
    from perf_analysis.figures import RunFigures
    from perf_analysis.verdict import Judgement
    from perf_documents.run import Run


def refusal(run: Run, judgement: Judgement, because: str = "") -> str:
    """Why a run may not become a baseline, and what to do; empty if it may.

    Notes
    -----
    A run that is merely undecided is accepted: if it were not, too few baselines could never
    become enough, and the accepted set would be a truncated, too narrow sample.
    """
    never = _never(run, judgement)
    if never:
        return f"{never}; it can never be a baseline"
    if judgement.comparison.verdict is RowVerdict.FAIL and not because:
        return (
            f"its comparison failed: {judgement.comparison.sentence}; "
            'next: --because "why this level is accepted from now on"'
        )
    return ""


def baseline_of(run: Run, figures: RunFigures, *, accepted_at: str, because: str) -> Baseline:
    """Baseline that a run becomes."""
    return Baseline(
        run_id=run.run_id,
        version=run.version,
        started_at=run.started_at,
        accepted_at=accepted_at,
        profile=run.plan.profile,
        environment=run.target.environment,
        commit=run.git.get("commit", ""),
        because=because,
        target_url=run.target.url,
        load=run.load_facts,
        fingerprint={k: v for k, v in run.fingerprint.items() if k in MACHINE_FACTS},
        figures=figures,
    )


def _never(run: Run, judgement: Judgement) -> str:
    if run.state is not EndState.COMPLETED:
        return f"the run was {run.state.value}"
    broken = [check for check in judgement.checks if check.outcome is Outcome.BROKEN]
    if broken:
        return f"the run is not valid: {broken[0].rule} {broken[0].title}: {broken[0].figure}"
    unknown = [check.rule for check in judgement.checks if check.outcome is Outcome.UNKNOWN]
    if unknown:
        return f"its source cannot show {', '.join(unknown)}"
    for result in judgement.thresholds:
        if result.verdict is not Verdict.PASS:
            word = "breached" if result.verdict is Verdict.FAIL else "undecided"
            return (
                f"a threshold is {word}: {result.threshold.subject}: {result.threshold.expression}"
            )
    if not run.plan.has_sustained:
        return "its profile has no sustained phase, the only one that is compared"
    return ""
