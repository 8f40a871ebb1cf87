"""One judgement of a run: validity first, then thresholds, then comparison; the worst decides."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perf_analysis.compared import Comparison, RowVerdict
from perf_analysis.thresholds import evaluate_all
from perf_analysis.validity import check_validity
from perf_analysis.validity.evidence import EARLY_ENDS
from perf_analysis.verdict import Check, Judgement, Outcome, Verdict
from perf_analysis.wording import observed_and_limit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.facts import RunFacts
    from perf_analysis.series import Measured
    from perf_analysis.verdict import Threshold, ThresholdResult

NOTHING_COMPARED = Comparison(sentence="not judged: nothing was chosen for comparison")
EXIT_CODES = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 3}
# Of several broken rules the one nearest to the cause: a dead process leaves too few requests, not
# the other way round.
_BY_CAUSE = ("V1", "V7", "V9", "V6", "V8", "V11", "V5", "V4", "V3", "V10", "V2")


def judge(
    facts: RunFacts,
    measured: Measured,
    thresholds: Sequence[Threshold],
    comparison: Comparison = NOTHING_COMPARED,
) -> Judgement:
    """Judge one run.

    Parameters
    ----------
    facts : RunFacts
    measured : Measured
    thresholds : sequence of Threshold
    comparison : Comparison
        Of this run with others.

    Returns
    -------
    Judgement

    Notes
    -----
    Not valid: inconclusive, exit 3. Else any threshold or gated comparison that fails: fail, 1.
    Else anything inconclusive, an early end, or nothing to judge: inconclusive, 3. Only what is
    left passes, 0.
    """
    results = evaluate_all(thresholds, measured)
    checks = check_validity(facts, measured, results, comparison)
    verdict, reason, next_step = _decide(facts, checks, results, comparison)
    return Judgement(
        checks=checks,
        thresholds=results,
        comparison=comparison,
        valid=not any(check.outcome is Outcome.BROKEN for check in checks),
        verdict=verdict,
        exit_code=EXIT_CODES[verdict],
        reason=reason,
        next_step=next_step,
    )


def _decide(
    facts: RunFacts,
    checks: Sequence[Check],
    results: Sequence[ThresholdResult],
    comparison: Comparison,
) -> tuple[Verdict, str, str]:
    """Verdict, its one sentence and the next step, by precedence."""
    broken = [check for check in checks if check.outcome is Outcome.BROKEN]
    if broken:
        worst = min(broken, key=lambda check: _BY_CAUSE.index(check.rule))
        reason = f"{worst.rule} {worst.title}: {worst.figure}, limit {worst.limit}"
        return Verdict.INCONCLUSIVE, reason + _and_more(broken, "rule"), worst.advice
    failed = [result for result in results if result.verdict is Verdict.FAIL]
    if failed:
        reason = observed_and_limit(max(failed, key=_excess)) + _and_more(failed, "threshold")
        return Verdict.FAIL, reason, "find what became slower or began to fail in the report"
    if comparison.gates and comparison.verdict is RowVerdict.FAIL:
        return Verdict.FAIL, comparison.sentence, comparison.next_step
    return _undecided(facts, results, comparison) or (
        Verdict.PASS,
        _held(checks, results, comparison),
        comparison.next_step if comparison.verdict is RowVerdict.NOT_JUDGED else "",
    )


def _undecided(
    facts: RunFacts, results: Sequence[ThresholdResult], comparison: Comparison
) -> tuple[Verdict, str, str] | None:
    """What keeps a run in which nothing failed from passing; None where nothing does."""
    undecided = [result for result in results if result.verdict is Verdict.INCONCLUSIVE]
    if undecided:
        first = undecided[0]
        label = f"{first.threshold.subject}: {first.threshold.expression}"
        reason = f"{label} cannot be decided: {first.reason}"
        return Verdict.INCONCLUSIVE, reason + _and_more(undecided, "threshold"), first.advice
    if facts.state in EARLY_ENDS:
        detail = f" ({facts.end_detail})" if facts.end_detail else ""
        reason = f"the run was ended early{detail}, and what it measured breaches no threshold"
        return Verdict.INCONCLUSIVE, reason, "run it to its end"
    if comparison.gates and comparison.verdict is RowVerdict.INCONCLUSIVE:
        return Verdict.INCONCLUSIVE, comparison.sentence, comparison.next_step
    if not results:
        return Verdict.INCONCLUSIVE, "no threshold gates this run", "add thresholds to the profile"
    return None


def _held(
    checks: Sequence[Check], results: Sequence[ThresholdResult], comparison: Comparison
) -> str:
    held = sum(check.outcome is Outcome.HELD for check in checks)
    unknown = f" ({len(checks) - held} unknown)" if held < len(checks) else ""
    noun = "threshold" if len(results) == 1 else "thresholds"
    return (
        f"{held} of {len(checks)} rules held{unknown} and "
        f"{len(results)} of {len(results)} {noun} held{_compared(comparison)}"
    )


def _compared(comparison: Comparison) -> str:
    """What a pass owes to the comparison: nothing, where none was made."""
    return f"; {comparison.sentence}" if comparison.verdict is RowVerdict.PASS else ""


def _and_more(rows: Sequence[object], noun: str) -> str:
    more = len(rows) - 1
    return f" (and {more} more {noun}{'s' if more > 1 else ''})" if more else ""


def _excess(result: ThresholdResult) -> float:
    """How many times beyond its limit a breached threshold is, at least 1."""
    observed = 0.0 if result.observed is None else result.observed
    larger = max(observed, result.threshold.limit)
    smaller = min(observed, result.threshold.limit)
    return larger / smaller if smaller > 0.0 else math.inf
