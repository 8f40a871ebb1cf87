"""Comparisons made by hand, one for each thing that can be said."""

from __future__ import annotations

from dataclasses import replace

from perf_analysis.compared import ComparedRow, Comparison, Demands, QuantileShift, RowVerdict
from perf_analysis.gating import conclude, nothing_compared

DEMANDS = Demands(
    margins={"p95": 0.1, "error_rate": 0.005},
    tolerance={"p95": 0.05, "error_rate": 0.0025},
    must_detect={"p95": 0.5, "error_rate": 0.02},
)
REFERENCE = tuple(f"20260201t12000{number}z-abcdef" for number in range(5))
LEVELS_S = {0.5: 0.021, 0.9: 0.048, 0.95: 0.063, 0.99: 0.11}
HOSTILE = "GET `|a|` <b>x</b> \u202egnp ::error::no @octocat {{7*7}}"


def p95(label: str = "", effect: float | None = 0.01, **changes: object) -> ComparedRow:
    """Row of p95; without an effect it has no figures."""
    known = 0.0 if effect is None else effect
    values: dict[str, object] = {
        "label": label, "metric": "p95", "gated": True, "candidate": 0.05 * (1 + known),
        "reference": 0.05, "n": 1200, "reference_n": 6000, "effect": effect,
        "low": known - 0.06, "high": known + 0.07, "margin": 0.1, "tolerance": 0.05,
        "detectable": 0.31, "must_detect": 0.5, "p": 0.4, "p_adjusted": 0.8,
        "verdict": RowVerdict.PASS,
    }  # fmt: skip
    return ComparedRow(**(values | changes))  # type: ignore[arg-type]  # by name


def errors(label: str = "", **changes: object) -> ComparedRow:
    """Row of the error rate."""
    values: dict[str, object] = {
        "metric": "error_rate", "candidate": 0.003, "reference": 0.002,
        "low": -0.002, "high": 0.004, "margin": 0.005, "tolerance": 0.0025, "detectable": 0.008,
        "must_detect": 0.02,
    }  # fmt: skip
    return p95(label, 0.001, **(values | changes))


UNDECIDED = {
    "verdict": RowVerdict.INCONCLUSIVE, "detectable": 0.83,
    "reason": "neither a regression nor its absence is shown",
    "advice": "2 more runs of the candidate would decide, or --control",
}  # fmt: skip
NEW = {
    "gated": False, "candidate": None, "reference": None, "low": None,
    "high": None, "detectable": None, "p": None, "p_adjusted": None, "reference_n": 0,
    "verdict": RowVerdict.NOT_JUDGED, "reason": "new: no baseline has it",
}  # fmt: skip


def made(*rows: ComparedRow, mode: str = "regression", source: str = "baselines") -> Comparison:
    """Comparison that rows come to."""
    demands = Demands(
        margins=DEMANDS.margins, tolerance=DEMANDS.tolerance, must_detect=DEMANDS.must_detect,
        mode=mode,
    )  # fmt: skip
    if mode == "proof":
        rows = tuple(replace(row, must_detect=None) for row in rows)
    against = "5 baselines" if source == "baselines" else "the control old"
    found = conclude(rows, demands, source=source, reference=REFERENCE, against=against)
    return replace(found, shift=tuple(shifted(q, level) for q, level in LEVELS_S.items()))


def shifted(q: float, level_s: float) -> QuantileShift:
    """All requests, a little slower towards the tail; of the last no upper end is known."""
    effect = 0.02 + 0.1 * q * q
    return QuantileShift(
        q=q, reference_s=level_s, lowest_s=level_s * 0.93, highest_s=level_s * 1.08, effect=effect,
        low=effect - 0.06, high=None if q == max(LEVELS_S) else effect + 0.06 + 0.1 * q,
    )  # fmt: skip


FAILS = {"verdict": RowVerdict.FAIL, "p": 0.0001, "p_adjusted": 0.0004, "detectable": 0.2}
CASES = {
    "regressed": made(
        p95("GET /api/v1/traces", 0.34, **FAILS), p95("", 0.12, **UNDECIDED), errors(),
        p95("GET /health", notes=("slower",)), p95("POST /orders", None, **NEW),
    ),
    "undetected": made(p95("", 0.09, **UNDECIDED), errors(), p95("GET /health")),
    "compared": made(p95("", 0.02), errors(), *(p95(f"GET /{n}") for n in range(9))),
    "advisory": made(p95("", 0.5, **FAILS), errors(), mode="advisory"),
    "controlled": made(p95("", 0.2, high=None, **FAILS), errors(), mode="proof", source="control"),
    "no_baseline": nothing_compared(
        DEMANDS, "no baseline of sustained on demo", "perfproof baseline accept latest",
        ("3 baselines not comparable: stage 2 changed",),
    ),
    "hostile": made(p95(HOSTILE, 0.34, **FAILS), p95("")),
}  # fmt: skip
