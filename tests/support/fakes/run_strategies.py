"""Hypothesis strategies for runs: every field of a document, within what may be measured."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

from fakes.judgements import judged
from fakes.runs import make_plan, make_run
from perf_analysis.facts import Accounts, EndState
from perf_analysis.failure_classes import FAILURE_CLASSES
from perf_analysis.filling import build
from perf_analysis.histogram import LARGEST_S, Histogram
from perf_analysis.series import PHASES, Cell, Measured, ScenarioCell, SeriesKey, Slot, Span
from perf_analysis.timings import TIMINGS, CheckKey, Tally, Timings, with_zeros
from perf_analysis.verdict import Verdict
from perf_documents.health import HealthWindow
from perf_documents.plan import Stage
from perf_documents.run import ErrorSample, GroupedException

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

    from perf_documents.plan import Plan
    from perf_documents.run import Run

Key = TypeVar("Key")
Value = TypeVar("Value")
COUNTS = st.integers(0, 2**53 - 1)
# two windows of one phase add up to what a document may hold
CELL_COUNTS = st.integers(0, 2**52 - 1)
RATIOS = st.floats(0, 1e6)
SECONDS = st.floats(0, 1e9)
# control and format characters never reach a document: they are made visible at ingest
TEXTS = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=40)
DURATIONS_S = st.floats(0, LARGEST_S, exclude_max=True) | st.sampled_from([0.0, 0.25, 0.5])
SLOTS = st.builds(Slot, st.sampled_from(PHASES), st.integers(0, 700))
KEYS = st.builds(
    SeriesKey,
    st.sampled_from(["candidate", "control"]),
    TEXTS,
    st.sampled_from(["", "GET", "POST"]),
    TEXTS,
    st.sampled_from([0, 200, 404, 500]),
    st.sampled_from(["", *FAILURE_CLASSES]),
)


def histograms(max_size: int = 8) -> SearchStrategy[Histogram]:
    """Histograms with exact counts beside 0.5 s, where samples lie there."""
    return st.lists(DURATIONS_S, max_size=max_size).map(lambda values: build(values, [0.5]))


@st.composite
def cells(draw: DrawFn) -> Cell:
    """Cells whose histograms hold no more samples than requests ended."""
    parts = {
        name: draw(histograms())
        for name in ("service", "latency", "service_censored", "latency_censored")
    }
    return Cell(
        n=sum(part.n for part in parts.values()) + draw(st.integers(0, 2**40)),
        first=draw(CELL_COUNTS),
        asserted=draw(CELL_COUNTS),
        received_bytes=draw(CELL_COUNTS),
        **parts,
    )


@st.composite
def timings(draw: DrawFn) -> Timings:
    """Timings of requests some of which never ended."""
    timed = draw(st.integers(0, 6))
    values: dict[str, Histogram] = {}
    censored: dict[str, Histogram] = {}
    for name in TIMINGS if timed else ():
        lost = draw(st.lists(DURATIONS_S, max_size=timed))
        ended = draw(st.lists(DURATIONS_S, max_size=timed - len(lost)))
        found = with_zeros(build(ended, [0.5]), timed - len(lost) - len(ended))
        values |= {name: found} if found.counts else {}
        censored |= {name: build(lost)} if lost else {}
    n, sent = timed + draw(st.integers(0, 9)), draw(CELL_COUNTS)
    return Timings(n=n, timed=timed, sent_bytes=sent, values=values, censored=censored)


@st.composite
def tallies(draw: DrawFn) -> Tally:
    """Counts of a check."""
    made = draw(CELL_COUNTS)
    return Tally(draw(st.integers(0, made)), made)


def by_phase(
    keys: SearchStrategy[Key], values: SearchStrategy[Value]
) -> SearchStrategy[dict[Key, dict[str, Value]]]:
    """What is kept for each phase alone."""
    inner = st.dictionaries(st.sampled_from(PHASES), values, min_size=1, max_size=2)
    return st.dictionaries(keys, inner, max_size=2)


CHECK_KEYS = st.builds(CheckKey, st.sampled_from(["candidate", "control"]), TEXTS, TEXTS)


@st.composite
def scenario_cells(draw: DrawFn) -> ScenarioCell:
    """Cells of any content."""
    kinds = {"int": CELL_COUNTS, "float": SECONDS, "Histogram": histograms(4)}
    return ScenarioCell(
        **{field.name: draw(kinds[str(field.type)]) for field in fields(ScenarioCell)}  # type: ignore[arg-type]  # each of its field's own kind
    )


@st.composite
def measurements(draw: DrawFn) -> Measured:
    """Measured figures of a few series and scenarios."""
    return Measured(
        window_s=draw(st.floats(0.1, 1e4)),
        spans=tuple(
            draw(st.lists(st.builds(_span, st.sampled_from(PHASES), SECONDS, SECONDS), max_size=4))
        ),
        open_model=draw(st.booleans()),
        series=draw(_tables(KEYS, cells())),
        scenarios=draw(_tables(TEXTS, scenario_cells())),
        ended=draw(st.dictionaries(st.integers(0, 700), COUNTS, max_size=4)),
        timings=draw(by_phase(KEYS, timings())),
        checks=draw(by_phase(CHECK_KEYS, tallies())),
    )


def _span(phase: str, start_s: float, end_s: float) -> Span:
    return Span(phase=phase, start_s=start_s, end_s=end_s)


def _tables(
    keys: SearchStrategy[Key], values: SearchStrategy[Value]
) -> SearchStrategy[dict[Key, dict[Slot, Value]]]:
    return st.dictionaries(keys, st.dictionaries(SLOTS, values, min_size=1, max_size=2), max_size=2)


HEALTH = st.builds(
    HealthWindow,
    window=COUNTS,
    cpu_ratio=RATIOS,
    loop_lag_s=SECONDS,
    loop_probes=COUNTS,
    loop_late=COUNTS,
    rss_bytes=COUNTS,
    open_files=COUNTS,
    gc_pause_s=SECONDS,
    wall_offset_s=st.floats(-1e9, 1e9),
    host_cpu_ratio=st.none() | RATIOS,
    steal_ratio=st.none() | RATIOS,
)
EXCEPTIONS = st.builds(
    GroupedException, kind=TEXTS, place=TEXTS, count=COUNTS, text=TEXTS, excused=COUNTS
)
ERRORS = st.builds(
    ErrorSample,
    error_class=st.sampled_from(FAILURE_CLASSES),
    label=TEXTS,
    count=COUNTS,
    first_s=SECONDS,
    last_s=SECONDS,
    text=TEXTS,
)
ACCOUNTS = st.builds(
    Accounts,
    **{field.name: COUNTS for field in fields(Accounts) if field.name != "requests_known"},
    requests_known=st.booleans(),
)


@st.composite
def plans(draw: DrawFn) -> Plan:
    """Plans with odd fractions and texts."""
    numbers = st.fractions(0, 1000, max_denominator=97)
    stages = st.builds(
        Stage,
        duration_s=numbers.map(lambda number: number + Fraction(1, 3)),
        start=numbers,
        target=numbers,
        phase=st.sampled_from(PHASES[:3]),
    )
    return make_plan(
        profile=draw(TEXTS),
        stages=tuple(draw(st.lists(stages, min_size=1, max_size=3))),
        seed=draw(st.integers(0, 2**53 - 1)),
        time_scale=draw(st.fractions("1/1000", 10, max_denominator=1000)),
        notes=tuple(draw(st.lists(TEXTS, max_size=2))),
    )


@st.composite
def runs(draw: DrawFn) -> Run:
    """Runs, judged or not."""
    base = make_run(1)
    run = replace(
        base,
        state=draw(st.sampled_from(EndState)),
        reached_s=draw(SECONDS),
        plan=draw(plans()),
        target=replace(base.target, name=draw(TEXTS), protected=draw(st.booleans())),
        fingerprint=draw(
            st.dictionaries(st.from_regex("[a-z][a-z0-9_]{0,9}", fullmatch=True), TEXTS)
        ),
        measured=draw(measurements()),
        health=tuple(draw(st.lists(HEALTH, max_size=2))),
        engine=replace(
            base.engine,
            accounts=draw(ACCOUNTS),
            cpu_p95_ratio=draw(st.none() | RATIOS),
            wall_step_s=draw(st.none() | SECONDS),
            local_errors=draw(st.dictionaries(TEXTS, COUNTS, max_size=2)),
            exceptions=tuple(draw(st.lists(EXCEPTIONS, max_size=2))),
            errors=tuple(draw(st.lists(ERRORS, max_size=2))),
        ),
        client_notes=tuple(draw(st.lists(TEXTS, max_size=2))),
    )
    verdict = draw(st.none() | st.sampled_from(Verdict))
    return run if verdict is None else judged(run, verdict)
