"""Runs held against runs as a page shows them: built once from the runs and their comparison."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_analysis.compared import RowVerdict, quantile_of
from perf_analysis.comparison_wording import subject
from perf_baselines.comparing import figures_of_run
from perf_reports import items, units
from perf_reports.distribution import run_curve
from perf_reports.parts import Item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.compared import Comparison
    from perf_analysis.figures import RunFigures
    from perf_documents.run import Run
    from perf_reports.drawn import Curve

BASE, CANDIDATE = "base", "candidate"
MOST_DOTTED = 8
WORDS = {
    RowVerdict.PASS: "PASS",
    RowVerdict.FAIL: "FAIL",
    RowVerdict.INCONCLUSIVE: "INCONCLUSIVE",
    RowVerdict.NOT_JUDGED: "NOT JUDGED",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SideRun:
    """One run of a side: who it is, and how its requests were distributed."""

    side: str
    run_id: str
    facts: tuple[Item, ...]
    curve: Curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Dots:
    """One compared row, one value in seconds for each run of either side that has it."""

    subject: str
    base_s: tuple[float, ...]
    candidate_s: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareView:
    """A comparison of named runs: facts in order, nothing left to decide."""

    comparison: Comparison
    exit_code: int
    version: str
    runs: tuple[SideRun, ...]
    dots: tuple[Dots, ...]
    unknown_rules: tuple[str, ...]

    @property
    def word(self) -> str:
        """Verdict as a word."""
        return WORDS[self.comparison.verdict]


def build_compare_view(
    base: Sequence[Run],
    candidates: Sequence[Run],
    comparison: Comparison,
    *,
    exit_code: int,
    version: str,
) -> CompareView:
    """View of runs that were compared.

    Parameters
    ----------
    base, candidates : sequence of Run
        At least one of each.
    comparison : Comparison
    exit_code : int
    version : str
        Of perfproof.
    """
    sides = [(BASE, run) for run in base] + [(CANDIDATE, run) for run in candidates]
    figures = [(side, figures_of_run(run)) for side, run in sides if run.plan.has_sustained]
    return CompareView(
        comparison=comparison,
        exit_code=exit_code,
        version=version,
        runs=tuple(_side_run(side, run) for side, run in sides),
        dots=_dots(comparison, figures),
        unknown_rules=tuple(sorted({r for _, run in sides for r in run.engine.unknown_rules})),
    )


def _side_run(side: str, run: Run) -> SideRun:
    phase = run.measured.judged_phase()
    curve = run_curve(run.measured, phase)
    facts = (
        Item(label="started", value=run.started_at),
        Item(label="profile", value=run.plan.profile),
        Item(label="environment", value=run.target.environment),
        Item(label="target", value=items.target_of(run)),
        Item(label="commit", value=run.git.get("commit", "")[: items.HASH_CHARACTERS]),
        Item(label="client", value=run.scenario.client_kind),
        Item(label="judged", value=f"{phase}, {units.length(run.measured.phase_s(phase))}"),
        Item(label="requests", value=units.count(curve.n)),
    )
    return SideRun(side=side, run_id=run.run_id, facts=facts, curve=curve)


def _dots(comparison: Comparison, figures: Sequence[tuple[str, RunFigures]]) -> tuple[Dots, ...]:
    """Replication made visible: every run's own value of the rows that were compared."""
    found: list[Dots] = []
    for row in comparison.rows:
        q = quantile_of(row.metric)
        if q is None or not row.gated or len(found) == MOST_DOTTED:
            continue
        values: dict[str, list[float]] = {BASE: [], CANDIDATE: []}
        for side, run in figures:
            series = run.labelled(row.label)
            figure = series.quantile(q) if series else None
            if figure is not None:
                values[side].append(math.exp(figure.ln_s))
        found.append(
            Dots(
                subject=subject(row),
                base_s=tuple(values[BASE]),
                candidate_s=tuple(values[CANDIDATE]),
            )
        )
    return tuple(found)
