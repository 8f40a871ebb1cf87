"""The traces themselves, and the analytics against a plain count over them."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from perf_loadtests.target import SPAN_END, SPAN_START
from perf_loadtests.target.analytics import (
    Span,
    latency_quantile_ms,
    summarise_costs,
    summarise_usage,
)
from perf_loadtests.target.seeding import TraceRow, generate_rows
from perf_loadtests.target.traces import open_seeded

COUNT = 5_000
START_MS = int(SPAN_START.timestamp() * 1000)
END_MS = int(SPAN_END.timestamp() * 1000)
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def rows() -> list[TraceRow]:
    return list(generate_rows(COUNT, 7))


def test_equal_seeds_give_equal_traces(rows: list[TraceRow]) -> None:
    assert list(generate_rows(COUNT, 7)) == rows
    assert list(generate_rows(COUNT, 8)) != rows


def test_traces_lie_in_their_span_in_order_with_ids_of_their_own(rows: list[TraceRow]) -> None:
    starts_ms = [row[2] for row in rows]
    assert starts_ms == sorted(starts_ms)
    assert starts_ms[0] >= START_MS
    assert starts_ms[-1] < END_MS
    assert len({row[1] for row in rows}) == COUNT


@pytest.mark.parametrize(
    ("start_ms", "end_ms"),
    [
        pytest.param(START_MS, END_MS, id="all"),
        pytest.param(START_MS + 5 * HOUR_MS, END_MS - 7 * HOUR_MS, id="whole hours"),
        pytest.param(START_MS + 12_345, END_MS - 54_321, id="ragged"),
        pytest.param(START_MS + 100, START_MS + HOUR_MS - 100, id="inside one hour"),
        pytest.param(
            START_MS + HOUR_MS - 900_000, START_MS + HOUR_MS + 900_000, id="over a border"
        ),
        pytest.param(0, START_MS, id="before all"),
    ],
)
def test_rollups_agree_with_the_traces(rows: list[TraceRow], start_ms: int, end_ms: int) -> None:
    span = Span(start_ms=start_ms, end_ms=end_ms)
    with closing(open_seeded(count=COUNT, seed=7)) as connection:
        usage = summarise_usage(connection, span)
        costs = summarise_costs(connection, span, "day")
    inside = [row for row in rows if start_ms <= row[2] < end_ms]
    assert usage["requests"] == len(inside)
    assert usage["errors"] == sum(row[5] == "error" for row in inside)
    assert usage["tokens"] == {
        "input": sum(row[7] for row in inside),
        "output": sum(row[8] for row in inside),
        "total": sum(row[7] + row[8] for row in inside),
    }
    assert costs["total_cost_usd"] == sum(row[9] for row in inside) / 1_000_000
    days = {datetime.fromtimestamp(row[2] / 1000, UTC).date().isoformat() for row in inside}
    groups = costs["groups"]
    assert isinstance(groups, list)
    assert [group["key"] for group in groups] == sorted(days)


def test_quantile_lies_in_the_bucket_of_its_rank(rows: list[TraceRow]) -> None:
    counts: dict[int, int] = {}
    for row in rows:
        counts[row[11]] = counts.get(row[11], 0) + 1
    latencies_ms = sorted(row[6] for row in rows)
    estimate_ms = latency_quantile_ms(sorted(counts.items()), 0.95, latencies_ms[-1])
    assert estimate_ms == pytest.approx(latencies_ms[int(0.95 * COUNT)], rel=0.2)


def test_store_cannot_be_written() -> None:
    with (
        closing(open_seeded(count=1000, seed=1)) as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        connection.execute("DELETE FROM traces")
