"""Usage and cost over a range of time: whole hours from rollups, the ragged ends from traces."""

import sqlite3
from dataclasses import dataclass

from perf_loadtests.target.seeding import LATENCY_BOUNDS_MS
from perf_loadtests.target.traces import to_iso

GROUPS = ("day", "model", "provider")
_HOUR_MS = 3_600_000

_USAGE = """
WITH parts AS (
    SELECT requests, errors, input_tokens, output_tokens, latency_sum_ms, latency_max_ms
    FROM hourly WHERE hour_ms >= :hours_start_ms AND hour_ms < :hours_end_ms
    UNION ALL
    SELECT 1, status = 'error', input_tokens, output_tokens, latency_ms, latency_ms
    FROM traces WHERE started_ms >= :start_ms AND started_ms < :hours_start_ms
    UNION ALL
    SELECT 1, status = 'error', input_tokens, output_tokens, latency_ms, latency_ms
    FROM traces WHERE started_ms >= :hours_end_ms AND started_ms < :end_ms
)
SELECT COALESCE(SUM(requests), 0), COALESCE(SUM(errors), 0), COALESCE(SUM(input_tokens), 0),
    COALESCE(SUM(output_tokens), 0), SUM(latency_sum_ms), MAX(latency_max_ms)
FROM parts
"""

_BUCKETS = """
WITH parts AS (
    SELECT latency_bucket, requests
    FROM hourly_latency WHERE hour_ms >= :hours_start_ms AND hour_ms < :hours_end_ms
    UNION ALL
    SELECT latency_bucket, 1
    FROM traces WHERE started_ms >= :start_ms AND started_ms < :hours_start_ms
    UNION ALL
    SELECT latency_bucket, 1
    FROM traces WHERE started_ms >= :hours_end_ms AND started_ms < :end_ms
)
SELECT latency_bucket, SUM(requests) FROM parts GROUP BY latency_bucket ORDER BY latency_bucket
"""

_COSTS = """
WITH parts AS (
    SELECT hour_ms AS at_ms, model, provider, requests, input_tokens, output_tokens, cost_microusd
    FROM hourly WHERE hour_ms >= :hours_start_ms AND hour_ms < :hours_end_ms
    UNION ALL
    SELECT started_ms, model, provider, 1, input_tokens, output_tokens, cost_microusd
    FROM traces WHERE started_ms >= :start_ms AND started_ms < :hours_start_ms
    UNION ALL
    SELECT started_ms, model, provider, 1, input_tokens, output_tokens, cost_microusd
    FROM traces WHERE started_ms >= :hours_end_ms AND started_ms < :end_ms
)
SELECT CASE :group_by WHEN 'model' THEN model WHEN 'provider' THEN provider
        ELSE date(at_ms / 1000, 'unixepoch') END AS key,
    SUM(requests), SUM(input_tokens), SUM(output_tokens), SUM(cost_microusd)
FROM parts GROUP BY key ORDER BY key
"""

Json = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A range of time in milliseconds since 1970, its end excluded."""

    start_ms: int
    end_ms: int

    def bounds(self) -> dict[str, int]:
        """Start, end, and the whole hours between them (none: both equal the end)."""
        hours_start_ms = -(-self.start_ms // _HOUR_MS) * _HOUR_MS
        hours_end_ms = self.end_ms // _HOUR_MS * _HOUR_MS
        if hours_start_ms >= hours_end_ms:
            hours_start_ms = hours_end_ms = self.end_ms
        return {
            "start_ms": self.start_ms,
            "hours_start_ms": hours_start_ms,
            "hours_end_ms": hours_end_ms,
            "end_ms": self.end_ms,
        }


def summarise_usage(connection: sqlite3.Connection, span: Span) -> Json:
    """Return counts, error rate, latency and tokens of the traces in `span`."""
    bounds = span.bounds()
    row: tuple[int, int, int, int, float | None, float | None]
    row = connection.execute(_USAGE, bounds).fetchone()
    requests, errors, input_tokens, output_tokens, latency_sum_ms, latency_max_ms = row
    buckets: list[tuple[int, int]] = connection.execute(_BUCKETS, bounds).fetchall()
    mean_ms = None if latency_sum_ms is None else round(latency_sum_ms / requests, 3)
    return {
        "start_time": to_iso(span.start_ms),
        "end_time": to_iso(span.end_ms),
        "requests": requests,
        "errors": errors,
        "error_rate": errors / requests if requests else None,
        "latency_ms": {
            "mean": mean_ms,
            "p50": latency_quantile_ms(buckets, 0.50, latency_max_ms),
            "p95": latency_quantile_ms(buckets, 0.95, latency_max_ms),
            "p99": latency_quantile_ms(buckets, 0.99, latency_max_ms),
            "max": latency_max_ms,
        },
        "tokens": {
            "input": input_tokens,
            "output": output_tokens,
            "total": input_tokens + output_tokens,
        },
    }


def summarise_costs(connection: sqlite3.Connection, span: Span, group_by: str) -> Json:
    """Cost, tokens and counts of the traces in `span`, by one of `GROUPS`."""
    rows: list[tuple[str, int, int, int, int]]
    rows = connection.execute(_COSTS, {**span.bounds(), "group_by": group_by}).fetchall()
    return {
        "start_time": to_iso(span.start_ms),
        "end_time": to_iso(span.end_ms),
        "group_by": group_by,
        "total_cost_usd": sum(row[4] for row in rows) / 1_000_000,
        "groups": [
            {
                "key": key,
                "requests": requests,
                "input_tokens": input_tokens,
                "output_tokens": output_tokens,
                "cost_usd": cost_microusd / 1_000_000,
            }
            for key, requests, input_tokens, output_tokens, cost_microusd in rows
        ],
    }


def latency_quantile_ms(
    buckets: list[tuple[int, int]], q: float, max_ms: float | None
) -> float | None:
    """Return the quantile, interpolated inside its bucket; None without traces."""
    if max_ms is None:
        return None
    left = q * sum(count for _, count in buckets)
    for bucket, count in buckets:
        if count >= left:
            low_ms = LATENCY_BOUNDS_MS[bucket - 1] if bucket else 0
            high_ms = LATENCY_BOUNDS_MS[bucket] if bucket < len(LATENCY_BOUNDS_MS) else max_ms
            return round(min(max_ms, low_ms + (high_ms - low_ms) * left / count), 1)
        left -= count
    return max_ms
