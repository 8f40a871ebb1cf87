"""What a rule looks at, and the rules on the amount and kind of evidence: V2, V10, V11."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_analysis.compared import Comparison
from perf_analysis.facts import EndState
from perf_analysis.thresholds import LEAST_SAMPLES, minimum_n, selection_of
from perf_analysis.verdict import Check, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.facts import RunFacts
    from perf_analysis.series import Measured
    from perf_analysis.verdict import ThresholdResult

MOST_NAMES = 500
NOT_COMPARED = "not judged: nothing was chosen for comparison"
NOTHING = Comparison()
EARLY_ENDS = frozenset({EndState.ABORTED, EndState.STOPPED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that the rules look at."""

    facts: RunFacts
    measured: Measured
    thresholds: Sequence[ThresholdResult]
    comparison: Comparison = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule found; `advice` is the next step where it is broken."""

    held: bool
    figure: str
    limit: str
    advice: str = ""

    def check(self, rule: str, title: str) -> Check:
        """Finding under the name of its rule."""
        return Check(
            rule=rule,
            title=title,
            outcome=Outcome.HELD if self.held else Outcome.BROKEN,
            figure=self.figure,
            limit=self.limit,
            advice="" if self.held else self.advice,
        )


def enough_requests(evidence: Evidence) -> Finding:
    """V2: enough finished requests, failed ones included, behind each gated quantile and rate.

    Notes
    -----
    A run that was ended early is never green, and its rows say themselves what they lack: a rule
    that made it "not valid" would hide the breach that ended it. A selector that matched nothing is
    left to its row for the same reason. Outcome tags are left aside (`Selection.finished`), so a
    target that answers nothing but errors fails, with exit 1.
    """
    limit = f"at least {LEAST_SAMPLES}, and 10 / (1 - q), for each gated quantile or rate"
    if evidence.facts.state in EARLY_ENDS:
        return Finding(held=True, figure="ended early: each threshold says its n", limit=limit)
    scarcest: tuple[float, str] | None = None
    for result in evidence.thresholds:
        threshold = result.threshold
        need = minimum_n(threshold)
        selection = selection_of(threshold, evidence.measured)
        finished = selection.finished(threshold.metric)
        if not need or (threshold.selector and not finished):
            continue
        words = f"{finished:,} of {need:,} for {threshold.subject}: {threshold.expression}"
        scarcest = min(scarcest or (finished / need, words), (finished / need, words))
    if scarcest is None:
        return Finding(held=True, figure="no quantile or rate to count for", limit=limit)
    return Finding(
        held=scarcest[0] >= 1.0,
        figure=scarcest[1],
        limit=limit,
        advice="run longer or at a higher rate, or gate a lower quantile",
    )


def comparable(evidence: Evidence) -> Finding:
    """V10: what is compared is comparable; it looks only at runs chosen for comparison.

    Notes
    -----
    Runs that are not comparable are left out before, and named; so it holds by construction, and
    says of how many runs.
    """
    count = len(evidence.comparison.reference)
    figure = f"{count} comparable {'run' if count == 1 else 'runs'}" if count else NOT_COMPARED
    left_out = "; ".join(evidence.comparison.left_out)
    return Finding(
        held=True, figure=f"{figure}; left out: {left_out}" if left_out else figure,
        limit="equal load hash",
    )  # fmt: skip


def few_names(evidence: Evidence) -> Finding:
    """V11: the names of requests are few enough to be series."""
    names = max(evidence.facts.names, len({key.name for key in evidence.measured.series}))
    return Finding(
        held=names <= MOST_NAMES,
        figure=f"{names:,} request names",
        limit=f"at most {MOST_NAMES}",
        advice='group requests under one name: get(url, name="/item/{id}")',
    )
