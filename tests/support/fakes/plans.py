"""Plans made by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from perf_analysis.verdict import Threshold
from perf_documents.plan import Plan, Stage

LIMIT_S = 0.5


def make_plan(**changes: object) -> Plan:
    """Plan of an open ramp of 5 s, 20 s at 20/s and a ramp down of 5 s, with three thresholds."""
    plan = Plan(
        profile="sustained",
        scenario="api_endpoints",
        executor="ramping-arrival-rate",
        stages=(
            Stage(duration_s=Fraction(5), start=Fraction(0), target=Fraction(20), phase="ramp"),
            Stage(
                duration_s=Fraction(20), start=Fraction(20), target=Fraction(20), phase="sustained"
            ),
            Stage(duration_s=Fraction(5), start=Fraction(20), target=Fraction(0), phase="ramp"),
        ),
        pre_allocated_vus=5,
        max_vus=50,
        thresholds=(
            Threshold(
                metric="http_req_duration",
                aggregation="p",
                q=0.95,
                operator="<",
                limit=LIMIT_S * 1000,
                expression="p(95)<500",
            ),
            Threshold(
                metric="http_req_duration",
                selector={"name": "GET /health"},
                aggregation="p",
                q=0.99,
                operator="<",
                limit=100.0,
                expression="p(99)<100",
                abort_on_fail=True,
                delay_abort_eval_s=30.0,
            ),
            Threshold(
                metric="http_req_failed",
                aggregation="rate",
                operator="<",
                limit=0.01,
                expression="rate<0.01",
                is_default=True,
            ),
        ),
        regression={"p95": 0.1, "error_rate": 0.005},
        notes=("http_req_failed: ['rate<0.01'] was added: the profile gates no failures",),
    )
    return replace(plan, **changes)  # type: ignore[arg-type]  # names checked by `replace`
