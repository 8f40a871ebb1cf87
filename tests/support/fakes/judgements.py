"""Judgements made by hand, in the form of real ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perf_analysis.compared import Comparison
from perf_analysis.verdict import Check, Judgement, Outcome, Threshold, ThresholdResult, Verdict

if TYPE_CHECKING:
    from perf_documents.run import Run

_TITLES = (
    "schedule completed", "enough requests", "accounts agree", "few abandoned", "load was offered",
    "generator healthy", "processes present", "wall clock steady", "no exceptions",
    "comparable", "few names",
)  # fmt: skip
_EXIT_CODES = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 3}
_REASONS = {
    Verdict.PASS: "every threshold held",
    Verdict.FAIL: "http_req_duration p(95)<500: 612 ms",
    Verdict.INCONCLUSIVE: "V6 generator healthy: CPU 97 %, limit 85 %",
}


def judged(run: Run, verdict: Verdict) -> Run:
    """Return the run with a judgement that ends in `verdict` (inconclusive: V6 is broken)."""
    broken = verdict is Verdict.INCONCLUSIVE
    judgement = Judgement(
        checks=tuple(
            _check(number, title, broken=broken and number == 6)
            for number, title in enumerate(_TITLES, start=1)
        ),
        thresholds=tuple(
            _result(run, threshold, fails=place == 0 and verdict is Verdict.FAIL)
            for place, threshold in enumerate(run.plan.thresholds)
        ),
        comparison=Comparison(sentence="not judged: no baseline was given"),
        valid=not broken,
        verdict=verdict,
        exit_code=_EXIT_CODES[verdict],
        reason=_REASONS[verdict],
        next_step="" if verdict is Verdict.PASS else f"perf history show {run.run_id}",
    )
    return replace(run, judgement=judgement)


def _check(number: int, title: str, *, broken: bool) -> Check:
    return Check(
        rule=f"V{number}",
        title=title,
        outcome=Outcome.BROKEN if broken else Outcome.HELD,
        figure="CPU 97 %" if broken else "as planned",
        limit="CPU < 85 %" if number == 6 else "",
        advice="use a larger machine or a lower rate" if broken else "",
    )


def _result(run: Run, threshold: Threshold, *, fails: bool) -> ThresholdResult:
    cells = run.measured.cells("sustained")
    return ThresholdResult(
        threshold=threshold,
        observed=threshold.limit * (1.224 if fails else 0.4),
        n=sum(cell.n for cell in cells.values()),
        phase="sustained",
        verdict=Verdict.FAIL if fails else Verdict.PASS,
    )
