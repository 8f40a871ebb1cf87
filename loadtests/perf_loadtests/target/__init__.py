"""The embedded reference service: a small analytics API over seeded traces, in its own process.

Its data end at a fixed instant, so that a scenario can ask for fixed ranges and always find the
same traces: they lie evenly over `SPAN_START` <= t < `SPAN_END`.
"""

from datetime import UTC, datetime, timedelta

__all__ = [
    "DEFAULT_TOKEN",
    "DEFAULT_TRACES",
    "LAST_DAY_START",
    "MIN_TRACES",
    "SPAN_END",
    "SPAN_START",
    "TOKEN_VARIABLE",
]

SPAN_END = datetime(2026, 1, 31, tzinfo=UTC)
SPAN_START = SPAN_END - timedelta(days=30)
LAST_DAY_START = SPAN_END - timedelta(days=1)

MIN_TRACES = 1_000
DEFAULT_TRACES = 100_000

# The token comes from the environment and never from argv, which every user of a machine can read.
TOKEN_VARIABLE = "PERF_TARGET_TOKEN"  # noqa: S105  the name of a variable
DEFAULT_TOKEN = "demo-token"  # noqa: S105  guards generated data only
