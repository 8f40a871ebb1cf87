"""The stored traces, opened for reading: the latest, one by its id, and search."""

import sqlite3
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from perf_loadtests.target.seeding import seed_traces

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CACHE_KIB = 65_536

_RECENT = """
SELECT trace_id, started_ms, model, provider, status, latency_ms, input_tokens, output_tokens,
    cost_microusd, prompt
FROM traces ORDER BY number DESC LIMIT ?
"""
_BY_ID = """
SELECT trace_id, started_ms, model, provider, status, latency_ms, input_tokens, output_tokens,
    cost_microusd, prompt
FROM traces WHERE trace_id = ?
"""
_SEARCH = """
SELECT trace_id, started_ms, model, provider, status, latency_ms, input_tokens, output_tokens,
    cost_microusd, prompt
FROM traces
WHERE (:model IS NULL OR model = :model)
    AND (:provider IS NULL OR provider = :provider)
    AND (:status IS NULL OR status = :status)
    AND (:min_latency_ms IS NULL OR latency_ms >= :min_latency_ms)
    AND (:text IS NULL OR instr(prompt, :text) > 0)
ORDER BY number DESC LIMIT :limit
"""

TraceJson = dict[str, str | int | float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a search asks for; None means any."""

    model: str | None = None
    provider: str | None = None
    status: str | None = None
    min_latency_ms: float | None = None
    text: str | None = None
    limit: int = 50


def open_seeded(*, count: int, seed: int) -> sqlite3.Connection:
    """Open a new store of seeded traces for reading; nothing of it stays on disk.

    The folder goes as soon as the file is open: the kernel keeps an open file until the process
    ends, however it ends, SIGKILL included.
    """
    with tempfile.TemporaryDirectory(prefix="perf-target-") as folder:
        path = Path(folder) / "traces.sqlite"
        seed_traces(path, count=count, seed=seed)
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None
        )
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("SELECT COUNT(*) FROM traces").fetchone()  # the file is open from here
    return connection


def recent_traces(connection: sqlite3.Connection, limit: int) -> list[TraceJson]:
    """Return the latest traces, most recent first."""
    return [_to_json(row) for row in connection.execute(_RECENT, (limit,))]


def find_trace(connection: sqlite3.Connection, trace_id: str) -> TraceJson | None:
    """Return the trace of that id, or None if there is no such trace."""
    row = connection.execute(_BY_ID, (trace_id,)).fetchone()
    return None if row is None else _to_json(row)


def search_traces(connection: sqlite3.Connection, search: Search) -> list[TraceJson]:
    """Return the latest traces that match, most recent first."""
    return [_to_json(row) for row in connection.execute(_SEARCH, asdict(search))]


def to_iso(at_ms: int) -> str:
    """ISO 8601 text in UTC, to the millisecond."""
    at = EPOCH + timedelta(milliseconds=at_ms)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _to_json(row: tuple[str, int, str, str, str, float, int, int, int, str]) -> TraceJson:
    return {
        "trace_id": row[0],
        "started_at": to_iso(row[1]),
        "model": row[2],
        "provider": row[3],
        "status": row[4],
        "latency_ms": row[5],
        "input_tokens": row[6],
        "output_tokens": row[7],
        "cost_usd": row[8] / 1_000_000,
        "prompt": row[9],
    }
