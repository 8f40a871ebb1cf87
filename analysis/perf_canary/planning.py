"""How long a decision takes at a given traffic: the watch itself, fed with expected counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_canary.reading import Counters, Probes, Reading
from perf_canary.watch import Watch
from perf_documents.canary_looks import Answer

if TYPE_CHECKING:
    from perf_documents.canary_looks import Look
    from perf_documents.canary_rules import Rules

_TAIL = 0.05
_USUAL_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What is expected of a service.

    Attributes
    ----------
    requests_per_s : float
        Of both arms.
    share : float
        The canary's part, in (0, 1).
    errors : float
        Share of errors of the control.
    """

    requests_per_s: float
    share: float
    errors: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """A canary that is so much worse, and what comes of it; `look` is the last one."""

    name: str
    look: Look


def plan(rules: Rules, traffic: Traffic, every_s: float) -> list[Expectation]:
    """Answers for canaries that are as good, and worse, at the given traffic.

    Notes
    -----
    Counts are their expectations, so a time is near the median, and real ones vary around it.
    """
    cases = [("as good as the control", traffic.errors, 1.0)]
    cases += [
        (f"errors {share:.1%}", share, 1.0)
        for share in (max(2.0 * traffic.errors, 0.01), 0.02, 0.05)
        if share > traffic.errors
    ]
    cases += [(f"{ratio:g} times as many slow requests", traffic.errors, ratio)
              for ratio in (1.5, 2.0, 4.0)]  # fmt: skip
    if not rules.latency_limits_s and not (rules.evidence and rules.evidence.exceedance_ratio):
        cases = [case for case in cases if case[2] == 1.0]
    return [
        Expectation(name=name, look=_run(rules, traffic, every_s, errors, slow))
        for name, errors, slow in dict.fromkeys(cases)
    ]


def _run(rules: Rules, traffic: Traffic, every_s: float, errors: float, slow: float) -> Look:
    watch = Watch(rules=rules, began_s=0.0, every_s=every_s)
    steps = math.ceil(max(rules.max_hold_s, rules.shortest_span_s) / every_s)
    look = None
    for number in range(steps + 1):
        t_s = number * every_s
        sent = traffic.requests_per_s * t_s
        reading = Reading(
            t_s=t_s,
            canary=_counters(sent * traffic.share, errors, slow),
            control=_counters(sent * (1.0 - traffic.share), traffic.errors, 1.0),
            probes=Probes(asked=max(1, round(t_s)), failed=0),
        )
        look = watch.look(reading, detailed=False)
        if look.answer is not Answer.HOLD:
            return look
    if look is None:
        raise AssertionError
    return look


def _counters(requests: float, errors: float, slow: float) -> Counters:
    usual = requests * (1.0 - min(1.0, _TAIL * slow))
    slowest_s = 2.0 * _USUAL_S
    return Counters(
        requests=requests,
        errors=requests * errors,
        buckets=((_USUAL_S, usual), (slowest_s, requests), (math.inf, requests)),
    )
