"""Histories made by hand: records of runs at given levels, by day and commit, without any run."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from perf_analysis.facts import EndState
from perf_analysis.figures import QuantileFigure, RunFigures, SeriesFigures
from perf_analysis.verdict import Verdict
from perf_baselines.record import Record, SeriesSummary
from perf_baselines.record_codec import dump_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
NOISE = 0.03


def make_record(
    at: int,
    p95_s: float = 0.1,
    *,
    labels: Sequence[str] = ("GET /health",),
    failed: int = 0,
    valid: bool = True,
    **more: object,
) -> Record:
    """Record of the run on that day; `more` are fields of `Record`."""
    began = START + timedelta(days=at)
    run_id = f"{began:%Y%m%dt%H%M%Sz}-{at:06x}"
    (total, of_total), *named = (_series(label, p95_s, failed) for label in ("", *labels))
    values: dict[str, object] = {
        "run_id": run_id,
        "version": "0.1.0",
        "started_at": f"{began:%Y-%m-%dT%H:%M:%S}.000Z",
        "profile": "sustained",
        "environment": "staging",
        "target_url": "http://127.0.0.1:8089",
        "commit": f"{at + 1:08x}" * 5,
        "branch": "main",
        "load_hash": "b" * 64,
        "state": EndState.COMPLETED,
        "verdict": Verdict.PASS if valid else Verdict.INCONCLUSIVE,
        "exit_code": 0 if valid else 3,
        "valid": valid,
        "reason": "every threshold held" if valid else "V6: generator CPU p95 93 %, limit 85 %",
        "duration_s": 40.0,
        "phase": "sustained",
        "phase_s": 20.0,
        "dropped": 0,
        "thresholds": (),
        "document_sha256": "c" * 64,
        "document_bytes": 100_000,
    }
    return Record(**values | {  # type: ignore[arg-type]  # as its tests want it
        "total": total,
        "series": tuple(summary for summary, _ in named),
        "figures": RunFigures(
            run_id=run_id, phase_s=20.0, series=(of_total, *(figures for _, figures in named))
        ),
    } | more)  # fmt: skip


def stepping(
    levels: Iterable[tuple[int, float]], *, seed: int = 1, first: int = 0, **more: object
) -> list[Record]:
    """Runs, one a day, at levels that each last so many runs: `[(20, 0.1), (10, 0.13)]`."""
    rng = np.random.default_rng(seed)
    wanted = [level for count, level in levels for _ in range(count)]
    return [
        make_record(
            first + at, level * math.exp(NOISE * rng.standard_normal()), **more,  # type: ignore[arg-type]  # as above
        )
        for at, level in enumerate(wanted)
    ]  # fmt: skip


def write_records(root: Path, records: Iterable[Record]) -> None:
    """Put records into a history's folder."""
    folder = root / "records"
    for made in (folder, root / "runs"):
        made.mkdir(parents=True, exist_ok=True)
    for record in records:
        (folder / f"{record.run_id}.json").write_bytes(dump_record(record))


def _series(label: str, p95_s: float, failed: int) -> tuple[SeriesSummary, SeriesFigures]:
    of = {0.5: 0.4 * p95_s, 0.95: p95_s, 0.99: 1.6 * p95_s}
    summary = SeriesSummary(
        label=label, n=2000, failed=failed, abandoned=0, censored=0,
        p50_s=of[0.5], p95_s=of[0.95], p99_s=of[0.99],
    )  # fmt: skip
    quantiles = tuple(
        QuantileFigure(
            q=q, ln_s=math.log(value), ln_high_s=None, error=0.02, dof=18, n=2000,
            n_effective=1500.0,
        )
        for q, value in of.items()
    )  # fmt: skip
    figures = SeriesFigures(label=label, n=2000, failed=failed, finished=2000, quantiles=quantiles)
    return summary, figures
