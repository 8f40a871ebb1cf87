"""The tables of the page: rows of the view as cells of text, and how each is to look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.verdict import Outcome, Verdict
from perf_reports import units, wording
from perf_reports.escape import shorten, visible
from perf_reports.html import small
from perf_reports.html.cells import Cell, Column, Meter, Table, Tile
from perf_reports.parts import GLYPHS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perf_analysis.verdict import Check, ThresholdResult
    from perf_reports.parts import EndpointRow, FailureRow, Item, Quantile, View

TONES = {Verdict.PASS: "pass", Verdict.FAIL: "fail", Verdict.INCONCLUSIVE: "unsure"}
OUTCOME_TONES = {Outcome.HELD: "pass", Outcome.BROKEN: "fail", Outcome.UNKNOWN: "none"}
MOST_LISTED = 4
_METER_WIDTH = 96.0
_METER_SPARE = 1.15


def title(view: View) -> str:
    """Title of the page, which begins with the verdict."""
    beside = f" ({view.qualifier})" if view.qualifier else ""
    return f"{view.word}{beside}: {view.profile} on {view.target}, perfproof {view.run_id}"


def tiles(view: View) -> tuple[Tile, ...]:
    """Return the figures of the head: what was checked, and how the run was as a whole."""
    total = view.total
    p95 = total.service[1]
    return (
        Tile(
            label="validity",
            value=wording.checks_said(view.checks),
            tone="pass" if view.valid else "fail",
        ),
        Tile(
            label="thresholds",
            value=wording.thresholds_said(view.thresholds),
            # of a run that proves nothing no threshold shines green
            tone=_worst(view.thresholds) if view.valid else "none",
        ),
        Tile(
            label="requests",
            value=units.count(total.requests),
            under=f"{units.rate(total.rate_per_s)} over {units.length(view.phase_s)}",
        ),
        Tile(label="failed", value=units.share(total.failed, total.failed_of)),
        Tile(
            label="p95 service time", value=wording.quantile(p95), under=f"n = {units.count(p95.n)}"
        ),
    )


def _worst(results: tuple[ThresholdResult, ...]) -> str:
    return TONES[results[0].verdict] if results else "none"


def validity(view: View) -> Table:
    """Return every validity rule, broken ones first."""
    return Table(
        key="validity",
        caption="Validity rules: whether this run proves anything",
        columns=_columns("rule", "outcome", "figure", "limit", "consequence"),
        rows=tuple(_check(check) for check in view.checks),
    )


def _check(check: Check) -> tuple[Cell, ...]:
    glyph = wording.OUTCOME_GLYPHS[check.outcome]
    consequence = {
        Outcome.HELD: "",
        Outcome.BROKEN: check.advice or "nothing is proven by this run",
        Outcome.UNKNOWN: "its source cannot show it; such a run is never a baseline",
    }[check.outcome]
    return (
        Cell(text=f"{check.rule} {check.title}"),
        Cell(text=f"{glyph} {check.outcome.value}", tone=OUTCOME_TONES[check.outcome]),
        Cell(text=check.figure),
        Cell(text=check.limit),
        Cell(text=consequence),
    )


def thresholds(view: View) -> Table:
    """Return every threshold, worst first."""
    return Table(
        key="thresholds",
        caption="Thresholds: limits on this run, worst first",
        columns=(
            *_columns("threshold", "verdict"),
            *_columns("observed", "limit", numeric=True),
            *_columns("against the limit"),
            *_columns("n", numeric=True),
            *_columns("phase"),
        ),
        rows=tuple(_threshold(result) for result in view.thresholds),
    )


def _threshold(result: ThresholdResult) -> tuple[Cell, ...]:
    threshold, tone = result.threshold, TONES[result.verdict]
    added = "added by default" if threshold.is_default else ""
    aborts = "ends the run (abortOnFail)" if threshold.abort_on_fail else ""
    return (
        Cell(
            text=f"{threshold.subject} {threshold.expression}",
            under="; ".join(filter(None, (added, aborts))),
            code=True,
        ),
        Cell(
            text=f"{GLYPHS[result.verdict]} {result.verdict.value}",
            under=result.reason,
            tone=tone,
        ),
        Cell(text=units.observed(result)),
        Cell(text=units.limit(threshold)),
        Cell(text="", meter=_meter(result, tone)),
        Cell(text=units.count(result.n)),
        Cell(text=result.phase),
    )


def _meter(result: ThresholdResult, tone: str) -> Meter | None:
    """Bar of the value and a tick at its limit; the figures stand beside it."""
    value, limit = result.observed, result.threshold.limit
    if value is None or not 0.0 <= value < float("inf") or limit < 0.0 or not (value or limit):
        return None
    scale = _METER_WIDTH / (max(value, limit) * _METER_SPARE)
    return Meter(value=f"{value * scale:.1f}", limit=f"{limit * scale:.1f}", tone=tone)


def endpoints(view: View) -> Table:
    """Return every endpoint, all of them together first."""
    names = tuple(wording.quantile_name(figure.q) for figure in view.total.service)
    late = ("p95 latency",) if view.open_model else ()
    drawn = small.sparks(view)
    return Table(
        key="endpoints",
        caption=(
            f"Endpoints in phase {view.phase} ({units.length(view.phase_s)}), most failed and "
            "slowest first; quantiles of service time"
        ),
        columns=(
            *_columns("endpoint"),
            *_columns("requests", "rate", "failed", *names, *late, numeric=True),
            *(_columns("p95 over time") if drawn else ()),
        ),
        rows=tuple(
            (*_endpoint(row), *((Cell(text="", spark=drawn.get(row.label)),) if drawn else ()))
            for row in view.endpoints
        ),
    )


def _endpoint(row: EndpointRow) -> tuple[Cell, ...]:
    figures = (*row.service, row.latency) if row.latency else row.service
    return (
        Cell(text=row.label, code=True),
        Cell(text=units.count(row.requests)),
        Cell(text=units.rate(row.rate_per_s)),
        Cell(text=units.share(row.failed, row.failed_of)),
        *(_quantile(figure) for figure in figures),
    )


def _quantile(figure: Quantile) -> Cell:
    text, _, why = wording.quantile(figure).partition(": ")
    return Cell(text=text, under=why)


def failures(view: View) -> Table:
    """Return every class of failure, most frequent first."""
    return Table(
        key="failures",
        caption="Failures of the whole run by class",
        columns=(
            *_columns("class", "blame"),
            *_columns("count", "in the judged phase", "first", "last", numeric=True),
            *_columns("endpoints", "sample"),
        ),
        rows=tuple(_failure(row) for row in view.failures),
    )


def _failure(row: FailureRow) -> tuple[Cell, ...]:
    return (
        Cell(text=row.error_class, code=True),
        Cell(text="generator" if row.generator else "target"),
        Cell(text=units.share(row.count, row.of)),
        Cell(text=units.count(row.judged)),
        Cell(text=_moment(row.first_s)),
        Cell(text=_moment(row.last_s)),
        Cell(text=_listed(row.labels) or "any", long=True),
        Cell(text=row.sample or units.NOT_AVAILABLE, code=True, long=True),
    )


def _listed(labels: tuple[str, ...]) -> str:
    more = len(labels) - MOST_LISTED
    names = ", ".join(shorten(visible(label)) for label in labels[:MOST_LISTED])
    return f"{names} and {units.count(more)} more" if more > 0 else names


def _moment(at_s: float | None) -> str:
    return units.NOT_AVAILABLE if at_s is None else units.length(at_s)


def generator(view: View) -> Table:
    """Return figures of the generator with their limits."""
    return _items(
        "generator-figures", "Figures of the load generator", view.generator, "limit or note"
    )


def environment(view: View) -> Table:
    """Return facts of the machine."""
    return _items("environment-facts", "Machine that made the load", view.environment, "")


def _items(key: str, caption: str, items: Iterable[Item], hints: str) -> Table:
    columns = _columns("fact", "value", hints) if hints else _columns("fact", "value")
    rows = ((Cell(text=i.label), Cell(text=i.value), Cell(text=i.hint)) for i in items)
    return Table(
        key=key, caption=caption, columns=columns, rows=tuple(row[: len(columns)] for row in rows)
    )


def figures(caption: str, titles: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Table:
    """Return what a chart shows, as a table."""
    return Table(
        key="",
        caption=f"Figures: {caption}",
        columns=(*_columns(*titles[:2]), *_columns(*titles[2:], numeric=True)),
        rows=tuple(tuple(Cell(text=text) for text in row) for row in rows),
    )


def _columns(*titles: str, numeric: bool = False) -> tuple[Column, ...]:
    return tuple(Column(title=title, numeric=numeric) for title in titles)
