"""Draws the pictures of docs/verdicts.md with the project's own statistics.

`python benchmarks/draw_verdicts.py` writes them to docs/pictures; equal versions give equal ones.
"""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from perf_analysis.figures import QuantileFigure
from perf_analysis.filling import build
from perf_analysis.limits import Limits
from perf_analysis.paired import PairedWindows, round_difference
from perf_analysis.power import noncentrality
from perf_analysis.reduction import Window
from perf_analysis.runlevel import Sides, compare_levels
from perf_analysis.shrinkage import Prior

HERE = Path(__file__).parents[1] / "docs" / "pictures"
PASS, FAIL, UNSURE, GREY = "#1a7f4b", "#b3261e", "#7a4fb0", "#6b7280"
ALPHA = 0.01


def save(figure: Figure, name: str) -> None:
    """Write a picture without a date in it."""
    figure.tight_layout()
    figure.savefig(HERE / f"{name}.svg", metadata={"Date": None})


def rows() -> None:
    """Intervals against tolerance and margin, with the verdict of each."""
    figure = Figure(figsize=(8, 2.8))
    axes = figure.add_subplot()
    cases = (
        ("pass", PASS, -0.02, 0.01, 0.06),
        ("pass (slower)", PASS, 0.055, 0.075, 0.095),
        ("inconclusive", UNSURE, -0.01, 0.06, 0.13),
        ("fail", FAIL, 0.07, 0.14, 0.21),
    )
    for place, (word, colour, low, at, high) in enumerate(reversed(cases)):
        axes.plot([100 * low, 100 * high], [place, place], color=colour, linewidth=3)
        axes.plot([100 * at], [place], "o", color=colour)
        axes.text(22, place, word, va="center", color=colour)
    for value, word in ((0, "no change"), (5, "tolerance"), (10, "margin")):
        axes.axvline(value, color=GREY, linewidth=1, linestyle="-" if not value else "--")
        axes.text(value, 3.6, word, ha="center", color=GREY)
    axes.set(xlim=(-5, 30), ylim=(-0.6, 4.0), yticks=[], xlabel="change of the candidate, %")
    save(figure, "rows")


def figure_of(ln_s: float) -> QuantileFigure:
    """Figure whose own error does not matter."""
    return QuantileFigure(
        q=0.95, ln_s=ln_s, ln_high_s=ln_s, error=0.001, dof=29, n=20_000, n_effective=10_000.0
    )


def baselines() -> None:
    """Measured false alarms, and the detectable change, by the number of baselines."""
    counts = (3, 4, 5, 6, 8, 10, 15, 20)
    rng = np.random.default_rng(1)
    limits = Limits(tolerance=0.0, margin=math.log(1.1), alpha=ALPHA)
    alarms = []
    for count in counts:
        found = 0
        for _ in range(4000):
            drawn = [figure_of(float(x)) for x in rng.normal(0.0, 0.05, count + 1)]
            sides = Sides(candidates=(drawn[0],), reference=tuple(drawn[1:]))
            found += compare_levels(sides, Prior(), limits).p <= ALPHA
        alarms.append(100 * found / 4000)
    figure = Figure(figsize=(8, 3.2))
    left, right = figure.subplots(1, 2)
    left.plot(counts, alarms, "o-", color=FAIL)
    left.axhline(100 * ALPHA, color=GREY, linestyle="--")
    left.set(ylim=(0, 3), xlabel="baselines", ylabel="false alarms, %", title="unchanged runs")
    for noise, colour in ((0.02, PASS), (0.05, UNSURE), (0.1, FAIL)):
        rise = [
            100 * math.expm1(0.0488 + noncentrality(n - 1, ALPHA) * noise * math.sqrt(1 + 1 / n))
            for n in counts
        ]
        right.plot(counts, rise, "o-", color=colour, label=f"noise {100 * noise:.0f} %")
    right.set(ylim=(0, 120), xlabel="baselines", ylabel="detectable rise, %", title="found 4 in 5")
    right.legend(frameon=False)
    save(figure, "baselines")


def window(rng: np.random.Generator, level: float) -> Window:
    """One window of an arm at a level."""
    values = rng.lognormal(level, 0.3, 100)
    return Window(n=100, failed=0, finished=100, complete=build(values), censored=build([]))


def control() -> None:
    """Two arms under one drift: each wanders, their ratio does not."""
    rng = np.random.default_rng(3)
    drift, levels = 0.0, []
    for _ in range(120):
        drift = 0.95 * drift + rng.normal() * math.sqrt(1 - 0.95**2)
        levels.append(-3.0 + 0.25 * drift)
    old = [window(rng, level) for level in levels]
    new = [window(rng, level + math.log(1.1)) for level in levels]
    found = round_difference(PairedWindows(candidate=new, control=old), 0.95, 200)
    figure = Figure(figsize=(8, 3.0))
    axes = figure.add_subplot()
    for arm, colour, word in ((new, FAIL, "candidate, 10 % slower"), (old, GREY, "control")):
        quantiles = [1000 * (w.complete.quantile_s(0.95) or 0.0) for w in arm]
        axes.plot(quantiles, color=colour, label=word)
    if found is not None:
        error = 100 * math.sqrt(found.variance)
        axes.set_title(f"ratio {math.exp(found.estimate):.3f}, error {error:.1f} %")
    axes.set(xlabel="second", ylabel="p95 of each second, ms")
    axes.legend(frameon=False)
    save(figure, "control")


def main() -> None:
    """Draw all pictures."""
    mpl.rcParams.update({"svg.hashsalt": "perfproof", "font.size": 9, "svg.fonttype": "none"})
    rows()
    baselines()
    control()


if __name__ == "__main__":
    main()
