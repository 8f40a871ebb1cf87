"""The page of a comparison of named runs: who is on either side, and every run drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.compared import RowVerdict
from perf_reports import comparisons, units, wording
from perf_reports.charts import runs, sheet, shift
from perf_reports.compare_view import BASE, CANDIDATE
from perf_reports.html import compared, shell
from perf_reports.html.cells import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_reports.charts.sheet import Picture
    from perf_reports.compare_view import CompareView

_BODIES = {
    RowVerdict.PASS: "pass",
    RowVerdict.FAIL: "fail",
    RowVerdict.INCONCLUSIVE: "inconclusive",
    RowVerdict.NOT_JUDGED: "inconclusive",
}

_UNIT = (
    "Runs are compared with runs: requests of one run share their machine and their minute, so a "
    "run is one observation, however many requests it has."
)
_VERDICTS = (
    "A row passes where a change of the size of the margin is excluded, fails where one beyond the "
    "tolerance is shown, and is inconclusive where neither is. Detectable is the rise that would "
    "have been found 4 times in 5, from the noise alone."
)
_RUNS = (
    "Dots and tails show every run by itself. A single run says nothing of how much runs differ; "
    "with fewer than three on the base side nothing is decided."
)


def render(view: CompareView) -> str:
    """Return the page of a comparison."""
    return shell.fill(
        "compare.html",
        view=view,
        tone=_BODIES[view.comparison.verdict],
        glyph=comparisons.GLYPHS[view.comparison.verdict],
        exit_meaning=wording.exit_meaning(view.exit_code),
        bases=_count(view, BASE),
        candidates=_count(view, CANDIDATE),
        runs=_runs(view),
        comparison=compared.table(view),
        basis=comparisons.basis(view.comparison),
        dots=_drawn(view, runs.draw_dots),
        spread=_drawn(view, runs.draw_tails, shift.draw),
        method=_method(view),
    )


def _count(view: CompareView, side: str) -> str:
    number = sum(run.side == side for run in view.runs)
    noun = "base run" if side == BASE else "candidate"
    return f"{units.count(number)} {wording.plural(noun, number)}"


def _runs(view: CompareView) -> Table:
    labels = [item.label for item in view.runs[0].facts]
    return Table(
        key="runs",
        caption="Runs on either side",
        columns=(Column(title="run"), Column(title="side"), *(Column(title=t) for t in labels)),
        rows=tuple(
            (
                Cell(text=run.run_id, code=True),
                Cell(text=run.side),
                *(Cell(text=item.value or units.NOT_AVAILABLE) for item in run.facts),
            )
            for run in view.runs
        ),
    )


def _drawn(
    view: CompareView, *charts: Callable[[CompareView], Picture | None]
) -> list[dict[str, object]]:
    with sheet.settings():
        pictures = [draw(view) for draw in charts]
    return [shell.embedded(picture) for picture in pictures if picture is not None]


def _method(view: CompareView) -> tuple[tuple[str, str], ...]:
    alpha = view.comparison.alpha
    rows = (
        "The effect of a quantile is the ratio of the two sides, that of the error rate a "
        f"difference. Intervals are at {units.percent(1.0 - 2.0 * alpha)}; all gated rows together "
        "call an unchanged candidate a regression with a probability of at most "
        f"{alpha:g}."
    )
    return (("The unit", _UNIT), ("Rows", rows), ("Verdicts", _VERDICTS), ("Every run", _RUNS))
