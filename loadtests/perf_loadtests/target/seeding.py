"""The seeded traces, written into a new SQLite file."""

import random
import sqlite3
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from perf_loadtests.target import SPAN_END, SPAN_START

# Upper bounds of the latency buckets in milliseconds; one more bucket lies above the last.
LATENCY_BOUNDS_MS = (100, 200, 300, 400, 500, 750, 1000, 1500, 2000, 3000, 5000, 10000)

ERROR_SHARE = 0.02
LATENCY_SIGMA = 0.6

_TASKS = ("summarise", "translate", "classify", "extract names from", "rewrite", "answer from")
_TEXTS = ("the invoice", "the contract", "a support ticket", "the release notes", "a chat log")
_READERS = ("for finance", "for legal", "for a customer", "for the engineer on call")
PROMPTS = tuple(
    f"{task} {text} {reader}" for task in _TASKS for text in _TEXTS for reader in _READERS
)

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
CREATE TABLE traces (
    number INTEGER PRIMARY KEY, trace_id TEXT NOT NULL, started_ms INTEGER NOT NULL,
    model TEXT NOT NULL, provider TEXT NOT NULL, status TEXT NOT NULL, latency_ms REAL NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cost_microusd INTEGER NOT NULL,
    prompt TEXT NOT NULL, latency_bucket INTEGER NOT NULL
) STRICT;
"""

# Without rollups a range of 30 days took 40 ms instead of 2 ms, and every other request waited.
_INDEXES_AND_ROLLUPS = """
CREATE UNIQUE INDEX traces_by_id ON traces (trace_id);
CREATE INDEX traces_by_start ON traces (started_ms);
CREATE TABLE hourly AS
    SELECT started_ms / 3600000 * 3600000 AS hour_ms, model, provider, COUNT(*) AS requests,
        SUM(status = 'error') AS errors, SUM(input_tokens) AS input_tokens,
        SUM(output_tokens) AS output_tokens, SUM(cost_microusd) AS cost_microusd,
        SUM(latency_ms) AS latency_sum_ms, MAX(latency_ms) AS latency_max_ms
    FROM traces GROUP BY 1, 2, 3;
CREATE INDEX hourly_by_hour ON hourly (hour_ms);
CREATE TABLE hourly_latency AS
    SELECT started_ms / 3600000 * 3600000 AS hour_ms, latency_bucket, COUNT(*) AS requests
    FROM traces GROUP BY 1, 2;
CREATE INDEX hourly_latency_by_hour ON hourly_latency (hour_ms);
"""

_INSERT = "INSERT INTO traces VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

TraceRow = tuple[int, str, int, str, str, str, float, int, int, int, str, int]


@dataclass(frozen=True, slots=True)
class Model:
    """One invented language model: its price and how long it usually takes."""

    name: str
    provider: str
    weight: int
    median_ms: float
    input_microusd: float  # per token
    output_microusd: float


MODELS = (
    Model("aurora-large", "aurora", 5, 900.0, 2.5, 10.0),
    Model("aurora-mini", "aurora", 8, 350.0, 0.15, 0.6),
    Model("borealis-xl", "borealis", 3, 1400.0, 3.0, 15.0),
    Model("borealis-s", "borealis", 4, 420.0, 0.8, 4.0),
    Model("cirrus-chat", "cirrus", 4, 600.0, 1.25, 5.0),
    Model("cirrus-code", "cirrus", 2, 1100.0, 2.0, 8.0),
)


def seed_traces(path: Path, *, count: int, seed: int) -> None:
    """Write `count` traces, their indexes and rollups into the new file `path`."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(_SCHEMA)
        connection.execute("BEGIN")
        connection.executemany(_INSERT, generate_rows(count, seed))
        connection.executescript(_INDEXES_AND_ROLLUPS)  # commits first


def generate_rows(count: int, seed: int) -> Iterator[TraceRow]:
    """Rows in order of time; equal arguments give equal rows."""
    # S311: these are invented measurements, not secrets.
    rng = random.Random(seed)  # noqa: S311
    start_ms = int(SPAN_START.timestamp() * 1000)
    step_ms = (SPAN_END - SPAN_START).total_seconds() * 1000 / count
    models = rng.choices(MODELS, [model.weight for model in MODELS], k=count)
    prompts = rng.choices(PROMPTS, k=count)
    for number, (model, prompt) in enumerate(zip(models, prompts, strict=True)):
        latency_ms = round(model.median_ms * rng.lognormvariate(0.0, LATENCY_SIGMA), 1)
        input_tokens = 20 + int(rng.expovariate(1 / 600))
        output_tokens = 1 + int(rng.expovariate(1 / 250))
        yield (
            number,
            trace_id_of(number, seed),
            start_ms + int((number + rng.random()) * step_ms),
            model.name,
            model.provider,
            "error" if rng.random() < ERROR_SHARE else "ok",
            latency_ms,
            input_tokens,
            output_tokens,
            round(input_tokens * model.input_microusd + output_tokens * model.output_microusd),
            prompt,
            bisect_left(LATENCY_BOUNDS_MS, latency_ms),
        )


def trace_id_of(number: int, seed: int) -> str:
    """Sixteen hex digits, unlike for unlike numbers: an odd factor is a bijection modulo 2^64."""
    return f"{(number * 0x9E3779B97F4A7C15 + seed * 0xD1B54A32D192ED03) & 0xFFFFFFFFFFFFFFFF:016x}"
