"""Stored runs for other programs: CSV for tables, BMF for Bencher.

What has too little data, is only a lower bound, or could not be decided is left out, never a 0.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from perf_analysis.compared import TOTAL, RowVerdict
from perf_reports.endpoints import ALL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perf_analysis.compared import ComparedRow
    from perf_documents.run import Run
    from perf_reports.parts import EndpointRow, Quantile, View

COLUMNS = (
    "run_id", "started_at", "profile", "environment", "commit", "branch", "verdict", "phase",
    "name", "requests", "failed", "failed_of", "rate_per_s", "p50_s", "p95_s", "p99_s",
    "p95_effect", "p95_effect_low", "p95_effect_high", "p95_verdict",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NS = 1e9
_METRICS = {0.5: "p50", 0.95: "p95", 0.99: "p99"}


def render_csv(pairs: Iterable[tuple[Run, View]]) -> str:
    """Return a table with one row for each name of each run, all requests together first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for run, view in pairs:
        writer.writerows(_row(run, view, row) for row in view.endpoints)
    return text.getvalue()


def render_bmf(view: View) -> str:
    """Return a run in Bencher's metric format: nanoseconds, bounds from the compared interval."""
    document = {f"{view.profile}/{row.label}": _measures(view, row) for row in view.endpoints}
    kept = {name: measures for name, measures in document.items() if measures}
    return json.dumps(kept, indent=2, sort_keys=True, allow_nan=False) + "\n"


def _row(run: Run, view: View, row: EndpointRow) -> list[str]:
    words = (
        view.run_id, run.started_at, view.profile, run.target.environment,
        run.git.get("commit", ""), run.git.get("branch", ""), view.verdict.value, view.phase,
        row.label,
    )  # fmt: skip
    compared = _compared(view, row, "p95")
    effect: tuple[float | None, ...] = (None, None, None)
    if compared is not None and _is_decided(compared):
        effect = (compared.effect, compared.low, compared.high)
    # of a source that knows nothing of failures, none could have failed
    failures = (row.failed, row.failed_of) if row.failed_of else (None, None)
    numbers = (
        row.requests, *failures, row.rate_per_s,
        *(_known(quantile) for quantile in row.service), *effect,
    )  # fmt: skip
    cells = ["" if number is None else repr(number) for number in numbers]
    return [*map(_harmless, words), *cells, compared.verdict.value if compared else ""]


def _measures(view: View, row: EndpointRow) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for quantile in row.service:
        value_s = _known(quantile)
        if value_s is not None:
            metric = _METRICS[quantile.q]
            bounds = _bounds(_compared(view, row, metric))
            found[f"latency-{metric}"] = {"value": value_s * _NS} | bounds
    if row.rate_per_s is not None and row.requests:
        found["throughput"] = {"value": row.rate_per_s}
    if row.failed_of:
        found["error-rate"] = {"value": row.failed_ratio}
    return found


def _bounds(compared: ComparedRow | None) -> dict[str, float]:
    """Level that the interval of the effect stands for, around the reference's."""
    if compared is None or not _is_decided(compared) or not compared.reference:
        return {}
    level_ns = compared.reference * _NS
    ends = {"lower_value": compared.low, "upper_value": compared.high}
    return {name: level_ns * (1.0 + end) for name, end in ends.items() if end is not None}


def _compared(view: View, row: EndpointRow, metric: str) -> ComparedRow | None:
    label = TOTAL if row.label == ALL else row.label
    rows = view.comparison.rows
    return next((r for r in rows if (r.label, r.metric) == (label, metric)), None)


def _is_decided(compared: ComparedRow) -> bool:
    return compared.verdict in {RowVerdict.PASS, RowVerdict.FAIL}


def _known(quantile: Quantile) -> float | None:
    return None if quantile.at_least else quantile.value_s


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
