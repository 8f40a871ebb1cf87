"""A run held against accepted ones: from documents to a comparison."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perf_analysis.compared import (
    BASELINES,
    ERROR_RATE,
    RUNS,
    TOTAL,
    ComparedRow,
    Demands,
    RowVerdict,
    quantile_of,
)
from perf_analysis.figures import QUANTILES
from perf_analysis.gating import conclude, nothing_compared
from perf_baselines.comparable import difference, same_mix
from perf_baselines.reference import Candidate, Reference, choose
from perf_documents.figures_codec import stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from perf_analysis.compared import Comparison
    from perf_analysis.figures import RunFigures
    from perf_baselines.baseline import Baseline
    from perf_documents.plan import Plan
    from perf_documents.run import Run


def demands_of(plan: Plan) -> Demands:
    """What a plan asks of a comparison."""
    return Demands(
        margins=plan.regression,
        tolerance={name: margin / 2.0 for name, margin in plan.regression.items()}
        | dict(plan.tolerance),
        must_detect=plan.gate.must_detect,
        alpha=plan.alpha,
        mode=plan.gate.comparison,
        required=plan.gate.baseline == "required",
    )


def _demands_of_all(runs: Sequence[Run]) -> Demands:
    """What any of some plans compares, by the figures of the last one that names it."""
    every = [demands_of(run.plan) for run in runs]
    return replace(
        every[-1],
        margins={metric: at for one in every for metric, at in one.margins.items()},
        tolerance={metric: at for one in every for metric, at in one.tolerance.items()},
        must_detect={metric: at for one in every for metric, at in one.must_detect.items()},
    )


def figures_of_run(run: Run, metrics: Iterable[str] | None = None) -> RunFigures:
    """Figures of a run's candidate, with the quantiles of some metrics or those of its plan."""
    wanted = run.plan.regression if metrics is None else metrics
    quantiles = [q for metric in wanted if (q := quantile_of(metric)) is not None]
    kept = run.figures
    # what a source only states cannot be computed for other quantiles
    if kept is not None and (run.measured.stated or all(_has(kept, q) for q in quantiles)):
        return kept
    # numpy and scipy, which only comparisons need
    from perf_analysis.reduction import figures_of  # noqa: PLC0415

    found = figures_of(run.run_id, run.measured, quantiles)
    return stored(replace(found, resolution_s=run.resolution_s))


def _has(figures: RunFigures, q: float) -> bool:
    """Whether a quantile was asked for when the figures were made."""
    return q in QUANTILES or any(series.quantile(q) for series in figures.series)


def compare_with_baselines(
    runs: Sequence[Run],
    accepted: Sequence[Baseline],
    now: datetime,
    *,
    hint: str = "",
    noun: str = "baseline",
) -> Comparison:
    """Compare runs of one plan (at least one; several are repeats) with accepted ones.

    Parameters
    ----------
    runs : sequence of Run
        The last one gives plan and load.
    accepted : sequence of Baseline
        Of the same profile and environment, the oldest first.
    now : datetime
        With a zone.
    hint : str
        What to do where no run was accepted yet.
    noun : str
        What the accepted runs are called.
    """
    run = runs[-1]
    demands = demands_of(run.plan)
    if not demands.margins or not run.plan.has_sustained:
        return nothing_compared(demands, "the profile has no sustained phase", _SUSTAINED)
    if not accepted:
        where = f"{run.plan.profile} on {run.target.environment}"
        return nothing_compared(demands, f"no {noun} of {where}", hint)
    figures = [figures_of_run(one) for one in runs]
    candidate = Candidate(figures=figures[-1], load=run.load_facts, fingerprint=run.fingerprint)
    others = [b for b in accepted if b.run_id not in {one.run_id for one in runs}]
    reference = choose(candidate, others, now)
    if not reference.runs:
        left_out = reference.left_out or ("the run itself is the only baseline",)
        return nothing_compared(demands, "; ".join(left_out), hint, left_out)
    return _conclude(figures, reference, demands, noun)


def compare_named(base: Sequence[Run], candidates: Sequence[Run]) -> Comparison:
    """Compare runs that somebody named, by what the plans of both sides demand.

    Where they differ, the last candidate's decides. What only the base can show is not dropped:
    without it in the candidates, the gate is undecided.

    Parameters
    ----------
    base, candidates : sequence of Run
        At least one of each.
    """
    run = candidates[-1]
    demands = _demands_of_all((*base, *candidates))
    if not all(one.plan.has_sustained for one in (*base, *candidates)):
        return nothing_compared(
            demands, "a run has no sustained phase, the only one that is compared", _SUSTAINED
        )
    differing = [
        f"{one.run_id}: {', '.join(words)}"
        for one in (*base, *candidates)
        if (words := _difference(run, one))
    ]
    if differing:
        return nothing_compared(demands, f"the load differs: {differing[0]}", _SAME_LOAD, differing)
    figures = [figures_of_run(one, demands.margins) for one in candidates]
    others = [figures_of_run(one, demands.margins) for one in base]
    reference = Reference(
        runs=tuple(others),
        mix_kept=all(same_mix(one, figures[-1]) for one in (*others, *figures)),
        notes=() if _known(run) else ("the load of imported runs is not known",),
    )
    unseen = tuple(
        row
        for metric in demands.margins
        for row in _unseen(metric, zip(base, others, strict=True),
                           zip(candidates, figures, strict=True), demands)
    )  # fmt: skip
    found = replace(_conclude(figures, reference, demands, "run", unseen), source=RUNS)
    from perf_analysis.runlevel import LEAST_RUNS  # noqa: PLC0415  # as above: scipy

    missing = LEAST_RUNS - len(others)
    if missing <= 0 or found.verdict is not RowVerdict.INCONCLUSIVE:
        return found
    # nothing is accepted here: who named one side can name more
    return replace(found, next_step=f"name {missing} more run{'s' * (missing > 1)} before --")


def _unseen(
    metric: str,
    base: Iterable[tuple[Run, RunFigures]],
    candidates: Iterable[tuple[Run, RunFigures]],
    demands: Demands,
) -> list[ComparedRow]:
    """Row of a metric that the source of one side cannot show, where that is so."""
    lacking = [run.run_id for run, figures in candidates if not _shows(run, figures, metric)]
    new = [run.run_id for run, figures in base if not _shows(run, figures, metric)]
    if not lacking and not new:
        return []
    return [
        ComparedRow(
            label=TOTAL, metric=metric, gated=bool(lacking), margin=demands.margins[metric],
            tolerance=demands.tolerance[metric],
            verdict=RowVerdict.INCONCLUSIVE if lacking else RowVerdict.NOT_JUDGED,
            reason=f"the source of {(lacking or new)[0]} does not show it",
            advice="import a form of its results that shows it" if lacking else "",
        )
    ]  # fmt: skip


def _shows(run: Run, figures: RunFigures, metric: str) -> bool:
    q = quantile_of(metric)
    if metric == ERROR_RATE or q is None:
        return "http_req_failed" not in run.measured.unstated
    return not run.measured.stated or any(series.quantile(q) for series in figures.series)


_SUSTAINED = "give the profile a stage of equal start and end"
_SAME_LOAD = "compare runs of one load"


def _difference(run: Run, one: Run) -> tuple[str, ...]:
    """What makes two runs incomparable; of imported ones only the tool, whose clock is its own."""
    if _known(one) and _known(run):
        return difference(run.load_facts, one.load_facts).load
    mine, other = run.scenario.client_kind, one.scenario.client_kind
    # samples come from any tool
    if mine == other or "unknown" in {mine, other}:
        return ()
    return (f"client changed from {other} to {mine}, and clocks differ from tool to tool",)


def _known(run: Run) -> bool:
    """Whether the load of a run is known: imported samples say nothing of it."""
    return not run.engine.unknown_rules


def _conclude(
    figures: Sequence[RunFigures],
    reference: Reference,
    demands: Demands,
    noun: str = "baseline",
    unseen: Sequence[ComparedRow] = (),
) -> Comparison:
    # numpy and scipy, which only comparisons need
    from perf_analysis.comparison import compare_runs  # noqa: PLC0415
    from perf_analysis.shift import shift_between_runs  # noqa: PLC0415

    hidden = {row.metric for row in unseen}
    shown = replace(demands, margins={k: v for k, v in demands.margins.items() if k not in hidden})
    rows = compare_runs(figures, reference.runs, shown, same_mix=reference.mix_kept)
    # gated ones first, the worst first
    rows = tuple(sorted((*rows, *unseen), key=lambda row: (not row.gated, _ORDER[row.verdict])))
    count = len(reference.runs)
    comparison = conclude(
        rows,
        demands,
        source=BASELINES,
        reference=[run.run_id for run in reference.runs],
        against=f"{count} {noun if count == 1 else f'{noun}s'}",
    )
    return replace(
        comparison,
        shift=(
            shift_between_runs(figures, reference.runs, demands.alpha) if reference.mix_kept else ()
        ),
        left_out=reference.left_out,
        notes=(*reference.notes, *_slack(rows)),
    )


_ORDER = {verdict: place for place, verdict in enumerate(
    (RowVerdict.FAIL, RowVerdict.INCONCLUSIVE, RowVerdict.PASS, RowVerdict.NOT_JUDGED)
)}  # fmt: skip


def _slack(rows: Sequence[ComparedRow]) -> tuple[str, ...]:
    """A run that is surely faster leaves room in which a later loss would not be seen."""
    improved = [row for row in rows if row.gated and "improved" in row.notes]
    if not improved:
        return ()
    names = ", ".join(f"{row.metric} of {row.label or 'all requests'}" for row in improved[:3])
    return ((f"slack: the baselines are slower than this run ({names}); accept it, so that a later "
            "loss is seen"),)  # fmt: skip
