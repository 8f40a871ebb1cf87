"""What only the whole profile shows: thresholds against the planned load."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from perf_analysis.grammar import OPEN_ONLY
from perf_analysis.series import ALL_PHASES, DRAIN, SUSTAINED
from perf_analysis.thresholds import minimum_n
from perf_documents.problems import quote_found
from perf_documents.profile_load import show_timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perf_analysis.verdict import Threshold
    from perf_documents.plan import Plan, Stage
    from perf_documents.profile_load import Load
    from perf_documents.profile_thresholds import Placed


def check_thresholds(placed: Sequence[Placed], load: Load) -> None:
    """Refuse thresholds on what the planned load can never show."""
    closed = load.executor is not None and load.executor.endswith("-vus")
    for item in placed:
        metric = item.threshold.metric
        if closed and metric in OPEN_ONLY:
            what = f"{metric} needs arrivals, which {load.executor} has none of"
            item.field.refuse(what, expected="an arrival-rate executor", found=metric)
        phase = item.threshold.selector.get("phase", ALL_PHASES)
        if load.stages is None or phase in {ALL_PHASES, DRAIN}:
            continue
        if not any(stage.phase == phase and stage.duration_s for stage in load.stages):
            timeline = show_timeline(load.stages)
            item.field.refuse(f"no stage is {phase}; planned: {timeline}", found=quote_found(phase))


def describe_doubts(plan: Plan) -> tuple[str, ...]:
    """Return notes on thresholds that cannot hold together, or that need a longer run."""
    return (*_contradictions(plan.thresholds), *_too_short(plan))


def planned_arrivals(stages: Sequence[Stage], phase: str) -> Fraction:
    """Return the area under the planned rate in one phase, or in all."""
    areas = (
        stage.duration_s * (stage.start + stage.target) / 2
        for stage in stages
        if phase in {stage.phase, ALL_PHASES}
    )
    return sum(areas, Fraction(0))


def _too_short(plan: Plan) -> Iterator[str]:
    if not plan.open_model:
        return
    usual = SUSTAINED if plan.has_sustained else ALL_PHASES
    for threshold in plan.thresholds:
        phase = threshold.selector.get("phase", usual)
        planned, needed = planned_arrivals(plan.stages, phase), minimum_n(threshold)
        if phase != DRAIN and planned < needed:
            yield (
                f"{threshold.subject} {threshold.expression} needs {needed} samples, and the plan "
                f"starts {math.ceil(planned)} iterations in phase {phase}: inconclusive by V2"
            )


def _contradictions(thresholds: Sequence[Threshold]) -> Iterator[str]:
    for place, one in enumerate(thresholds):
        for other in thresholds[place + 1 :]:
            same = (one.metric, one.selector, one.aggregation, one.q) == (
                other.metric, other.selector, other.aggregation, other.q
            )  # fmt: skip
            if same and (_excludes(one, other) or _excludes(other, one)):
                pair = f"{one.expression} and {other.expression}"
                yield f"{one.subject}: {pair} cannot both hold, so the run will fail"


def _excludes(upper: Threshold, lower: Threshold) -> bool:
    if upper.operator not in {"<", "<=", "=="} or lower.operator not in {">", ">=", "=="}:
        return False
    strict = upper.operator == "<" or lower.operator == ">"
    return upper.limit < lower.limit or (strict and upper.limit == lower.limit)
