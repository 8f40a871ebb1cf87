"""How the figures were made, in words, from the constants that made them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.compared import CONTROL
from perf_analysis.histogram import BUCKETS_PER_OCTAVE
from perf_analysis.saturation import CPU_RATIO, LAG_S
from perf_analysis.thresholds import LEAST_SAMPLES
from perf_reports import units
from perf_reports.endpoints import VALUES_ABOVE

if TYPE_CHECKING:
    from perf_reports.parts import View

MOST_WORDS = 450


def paragraphs(view: View) -> tuple[tuple[str, str], ...]:
    """Return headed paragraphs, 450 words at most; only what applies to this run."""
    return (
        ("One request", _request(view)),
        ("What was judged", _judged(view)),
        ("Quantiles", _quantiles()),
        ("Failures", _failures()),
        ("Thresholds", _thresholds()),
        ("Validity", _validity()),
        *((("Comparison", _comparison(view)),) if view.comparison.rows else ()),
        ("What this run cannot show", _limits(view)),
    )


def _request(view: View) -> str:
    service = "Service time runs from the sending of a request to the last byte of its answer. "
    if not view.open_model:
        return (
            f"{service}Virtual users wait for each answer before they go on, so a slow target is "
            "asked less often; the waiting that real users would have felt is not in the figures."
        )
    return (
        f"{service}Latency runs from the instant its iteration was meant to start, so that it also "
        "holds the waiting a slow target causes; it is measured on the first request of each "
        "iteration."
    )


def _judged(view: View) -> str:
    phase = "the whole schedule" if view.phase == "all" else f"phase {view.phase}"
    return (
        f"Figures are of {phase} ({units.length(view.phase_s)}) unless a row says otherwise. A "
        "request belongs to the second and to the phase in which it began, not in which it ended."
    )


def _quantiles() -> str:
    error = units.percent(0.5 / BUCKETS_PER_OCTAVE)
    return (
        "Quantiles interpolate linearly between order statistics (type 7, as in k6) of histograms "
        f"whose buckets bound the error of a value by {error}; beside a limit, requests are "
        f"counted exactly. A quantile with fewer than {VALUES_ABOVE} requests above it is n/a. "
        "Requests that never completed count as at least their age; “≥” marks a quantile that "
        "falls among them. Windows are merged before a quantile is taken; quantiles are never "
        "averaged."
    )


def _failures() -> str:
    return (
        "Failed are answers outside status 200 to 399, transport errors, failed assertions, "
        "requests abandoned at the stop, and arrivals dropped because every virtual user was "
        "busy. Failed requests that were answered stay in the durations. Where none failed, the "
        "bracket holds the largest share that zero failures do not exclude at "
        f"{units.percent(units.CONFIDENCE)}: 1 - 0.05^(1/n)."
    )


def _thresholds() -> str:
    return (
        "A threshold is a limit on this run, not a statement about others. It is decided on exact "
        f"counts, for a quantile or a share on at least {LEAST_SAMPLES} requests; no data or too "
        "little is inconclusive, never a pass."
    )


def _validity() -> str:
    return (
        "The rules ask whether the run proves anything; one broken rule, and it proves nothing. "
        "Arrivals dropped while every virtual user was busy are the target's failure. Lag while "
        f"one was free is the generator's: from a p99 of {units.duration(LAG_S)}, or a CPU "
        f"p95 of {units.percent(CPU_RATIO)}, the run is not valid."
    )


def _comparison(view: View) -> str:
    """How rows were compared; only where there are rows."""
    unit = (
        "Both arms meet the same second, so what they share cancels; their difference is taken "
        "window by window."
        if view.comparison.source == CONTROL
        else "The run is the unit: requests inside one share their machine and minute."
    )
    return (
        f"{unit} A row fails where a rise beyond its tolerance is shown (weighted Holm over all "
        f"gated rows, alpha {view.comparison.alpha:g}), and passes where one of the size of its "
        "margin is excluded. Detectable is the rise that would be found 4 times in 5."
    )


def _limits(view: View) -> str:
    said = [
        (
            "On shared machines a p95 may differ by 15 % from run to run without any change of the "
            "target: one run alone says nothing about the next."
        )
    ]
    if not view.valid:
        said.append("This run is not valid: its figures are shown to find out why, not to be used.")
    if view.phase == "all":
        said.append("Without a sustained phase, ramps are part of every figure.")
    return " ".join(said)
