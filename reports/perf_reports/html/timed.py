"""Tables of where the time of requests went, and of the scenario's own checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.timings import TIMINGS
from perf_reports import units, wording
from perf_reports.html.cells import Cell, Column, Table

if TYPE_CHECKING:
    from perf_reports.parts import Quantile, TimedRow, View

_WORDS = {"tls_handshaking": "TLS"}


def timings(view: View) -> Table | None:
    """Return median and p95 of each timing by endpoint; nothing where no client knows them."""
    if not view.timings:
        return None
    names = tuple(_WORDS.get(name, name) for name in TIMINGS)
    return Table(
        key="timings",
        caption=(
            f"Where the time went in phase {view.phase}: median, and p95 under it; blocked, "
            "connecting and TLS are 0 on a connection that was there, and no part of service time"
        ),
        columns=(
            Column(title="endpoint"),
            *(Column(title=title, numeric=True) for title in ("n", *names, "sent")),
        ),
        rows=tuple(_timed(row) for row in view.timings),
    )


def _timed(row: TimedRow) -> tuple[Cell, ...]:
    return (
        Cell(text=row.label, code=True),
        Cell(text=units.count(row.n)),
        *(Cell(text=_short(middle), under=f"p95 {_short(tail)}") for middle, tail in row.figures),
        Cell(text=units.size(row.sent_bytes)),
    )


def _short(figure: Quantile) -> str:
    return wording.quantile(figure).partition(":")[0]


def checks(view: View) -> Table | None:
    """Return the scenario's own checks, the least often held first; nothing where it made none."""
    if not view.scenario_checks:
        return None
    return Table(
        key="scenario-checks",
        caption=f"Checks of the scenario in phase {view.phase}, the least often held first",
        columns=(
            Column(title="check"),
            *(Column(title=title, numeric=True) for title in ("made", "did not hold")),
        ),
        rows=tuple(
            (
                Cell(text=row.name, code=True),
                Cell(text=units.count(row.made)),
                Cell(text=units.share(row.made - row.passed, row.made)),
            )
            for row in view.scenario_checks
        ),
    )
