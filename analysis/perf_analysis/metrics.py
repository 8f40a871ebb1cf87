"""The metrics a threshold may name: kind, aggregations and tags of each."""

from __future__ import annotations

from perf_analysis.timings import TIMINGS
from perf_analysis.verdict import MetricKind

_REQUEST_METRICS = {
    "http_reqs": MetricKind.COUNTER,
    "http_req_duration": MetricKind.TREND,
    "http_req_latency": MetricKind.TREND,
    **dict.fromkeys((f"http_req_{name}" for name in TIMINGS), MetricKind.TREND),
    "http_req_failed": MetricKind.RATE,
    "checks": MetricKind.RATE,
    "data_sent": MetricKind.COUNTER,
    "data_received": MetricKind.COUNTER,
}
_ITERATION_METRICS = {
    "iterations": MetricKind.COUNTER,
    "iteration_duration": MetricKind.TREND,
    "dropped_iterations": MetricKind.COUNTER,
    "schedule_lag": MetricKind.TREND,
    "vus": MetricKind.GAUGE,
    "vus_max": MetricKind.GAUGE,
}
METRICS: dict[str, MetricKind] = {**_REQUEST_METRICS, **_ITERATION_METRICS}

# Trends of `TIMINGS`, which need stamps within a request.
TIMED = {f"http_req_{name}": name for name in TIMINGS}
# What only perfproof's own client measures: with others never silently empty.
OWN_CLIENT = frozenset({*TIMED, "data_sent"})
# Defined by arrivals, so without meaning under the closed executors.
OPEN_ONLY = frozenset({"http_req_latency", "schedule_lag", "dropped_iterations"})

AGGREGATIONS: dict[MetricKind, tuple[str, ...]] = {
    MetricKind.TREND: ("avg", "min", "max", "med", "p(N)"),
    MetricKind.RATE: ("rate",),
    MetricKind.COUNTER: ("count", "rate"),
    MetricKind.GAUGE: ("value",),
}

# An iteration has no name, method or status: a selector by them would be empty for ever.
_ITERATION_TAGS = ("phase", "scenario", "target")
# What became of a request: tags that a request which never happened cannot carry.
OUTCOME_TAGS = frozenset({"status", "error_code", "expected_response"})
_REQUEST_TAGS = ("name", "method", "status", "scenario", "error_code", "phase", "target",
                 "expected_response")  # fmt: skip
# A share of failures among requests that were picked by their failure is 0 or 1 by definition.
_FAILED_TAGS = tuple(tag for tag in _REQUEST_TAGS if tag not in OUTCOME_TAGS - {"status"})


def is_of_requests(metric: str) -> bool:
    """Whether a metric is made of requests rather than of iterations."""
    return metric in _REQUEST_METRICS


def tags_of(metric: str) -> tuple[str, ...]:
    """Tags by which a metric can be selected.

    Examples
    --------
    >>> tags_of("dropped_iterations")
    ('phase', 'scenario', 'target')
    """
    if metric == "http_req_failed":
        return _FAILED_TAGS
    if metric == "checks":
        return (*_REQUEST_TAGS, "check")
    return _REQUEST_TAGS if is_of_requests(metric) else _ITERATION_TAGS
