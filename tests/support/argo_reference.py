"""How Argo Rollouts turns measurements into the phase of a metric, written anew and small.

Conditions, limits, count and termination as its documentation and `analysis` package have them (1.8
and newer). Templates that ship are judged by this, whatever a gate says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CONDITION = re.compile(r'result\.verdict == "([a-z]+)"')


class Phase(StrEnum):
    """Phase of a measurement, or of a metric."""

    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    INCONCLUSIVE = "Inconclusive"
    ERROR = "Error"
    RUNNING = "Running"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric of an AnalysisTemplate, defaults filled in."""

    count: int | None
    failure_limit: int
    inconclusive_limit: int
    error_limit: int
    success_limit: int
    success: str
    failure: str
    is_job: bool


def read_metric(metric: Mapping[str, object]) -> Metric:
    """Metric as YAML has it."""
    provider = metric["provider"]
    assert isinstance(provider, dict)
    given = metric.get("count")
    count = int(str(given)) if given is not None else None
    if count is None and "interval" not in metric:
        count = 1
    return Metric(
        count=count,
        failure_limit=int(str(metric.get("failureLimit", 0))),
        inconclusive_limit=int(str(metric.get("inconclusiveLimit", 0))),
        error_limit=int(str(metric.get("consecutiveErrorLimit", 4))),
        success_limit=int(str(metric.get("consecutiveSuccessLimit", 0))),
        success=str(metric.get("successCondition", "")),
        failure=str(metric.get("failureCondition", "")),
        is_job="job" in provider,
    )


def measure(metric: Metric, verdict: str) -> Phase:
    """Phase of one measurement; `error` is an answer that is none."""
    if metric.is_job:
        # a Job knows that the container ended with 0, and nothing else
        return Phase.SUCCESSFUL if verdict == "pass" else Phase.FAILED
    if verdict == "error":
        return Phase.ERROR
    succeeded = _holds(metric.success, verdict)
    failed = _holds(metric.failure, verdict)
    match succeeded, failed:
        case None, None:
            return Phase.SUCCESSFUL
        case _, None:
            return Phase.SUCCESSFUL if succeeded else Phase.FAILED
        case None, _:
            return Phase.FAILED if failed else Phase.SUCCESSFUL
        case _:
            if failed:
                return Phase.FAILED
            return Phase.SUCCESSFUL if succeeded else Phase.INCONCLUSIVE


def judge(metric: Metric, verdicts: Iterable[str], *, terminated: bool = False) -> Phase:
    """Phase of a metric after these answers; RUNNING where it would ask on."""
    seen = dict.fromkeys(Phase, 0)
    successes = errors = 0
    for verdict in verdicts:
        phase = measure(metric, verdict)
        seen[phase] += 1
        successes = successes + 1 if phase is Phase.SUCCESSFUL else 0
        errors = errors + 1 if phase is Phase.ERROR else 0
        if seen[Phase.FAILED] > metric.failure_limit:
            return Phase.FAILED
        if seen[Phase.INCONCLUSIVE] > metric.inconclusive_limit:
            return Phase.INCONCLUSIVE
        if errors > metric.error_limit:
            return Phase.ERROR
        if metric.success_limit and successes >= metric.success_limit:
            return Phase.SUCCESSFUL
        counted = sum(seen.values()) - seen[Phase.ERROR]
        if metric.count is not None and counted >= metric.count:
            return Phase.INCONCLUSIVE if metric.success_limit else Phase.SUCCESSFUL
    # ended from outside before any limit was exceeded: a false green
    return Phase.SUCCESSFUL if terminated else Phase.RUNNING


def _holds(condition: str, verdict: str) -> bool | None:
    if not condition:
        return None
    matched = _CONDITION.fullmatch(condition)
    assert matched, f"a condition this reference does not know: {condition}"
    return matched[1] == verdict
