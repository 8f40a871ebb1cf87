"""Pure statistics and judgement on plain numbers: no files, clock, network or logging."""

from __future__ import annotations

from perf_analysis.abort import breach_to_abort
from perf_analysis.facts import Accounts, EndState, RunFacts
from perf_analysis.filling import HistogramBuilder, build
from perf_analysis.grammar import (
    METRICS,
    OPEN_ONLY,
    GrammarError,
    parse_selector,
    parse_threshold,
)
from perf_analysis.histogram import Histogram, Split, merge
from perf_analysis.judgement import judge
from perf_analysis.series import Cell, Measured, ScenarioCell, SeriesKey, Slot, Span
from perf_analysis.thresholds import evaluate, evaluate_all, minimum_n
from perf_analysis.validity import check_stored, check_validity
from perf_analysis.verdict import (
    Check,
    Judgement,
    MetricKind,
    Outcome,
    Threshold,
    ThresholdResult,
    Verdict,
)

__all__ = [
    "METRICS",
    "OPEN_ONLY",
    "Accounts",
    "Cell",
    "Check",
    "EndState",
    "GrammarError",
    "Histogram",
    "HistogramBuilder",
    "Judgement",
    "Measured",
    "MetricKind",
    "Outcome",
    "RunFacts",
    "ScenarioCell",
    "SeriesKey",
    "Slot",
    "Span",
    "Split",
    "Threshold",
    "ThresholdResult",
    "Verdict",
    "breach_to_abort",
    "build",
    "check_stored",
    "check_validity",
    "evaluate",
    "evaluate_all",
    "judge",
    "merge",
    "minimum_n",
    "parse_selector",
    "parse_threshold",
]
