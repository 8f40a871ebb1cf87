"""Runs of the situations: fixed and made by hand, without any chance."""

from __future__ import annotations

from fractions import Fraction
from statistics import NormalDist
from typing import TYPE_CHECKING

from perf_analysis.facts import Accounts
from perf_analysis.filling import build
from perf_analysis.histogram import Histogram
from perf_analysis.series import Cell, Measured, ScenarioCell, SeriesKey, Slot
from perf_analysis.timings import TIMINGS, CheckKey, Tally, Timings, with_zeros
from perf_documents import run as documents
from perf_documents.health import HealthWindow
from perf_documents.plan import Plan, Stage
from situations import LIMIT_S, Situation, judgement_of

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKS = {
    CheckKey("candidate", "Shop", "has items"): {"sustained": Tally(800, 800)},
    CheckKey("candidate", "Shop", "is <b>sorted</b>"): {"sustained": Tally(790, 800)},
}
NORMAL = NormalDist()
GOLDEN_RATIO = 0.6180339887498949


def _cells(about: Situation, window: int, number: int) -> dict[SeriesKey, Cell]:
    """Requests of one second, without any chance: an even sequence through a log-normal."""
    values: dict[SeriesKey, list[float]] = {}
    for place in range(number):
        index = window * 1000 + place
        method, name, median_s = about.endpoints[index % len(about.endpoints)]
        spread = (0.5 + (index + 1) * GOLDEN_RATIO) % 1.0
        service_s = median_s * about.slowness * 2.7 ** (0.45 * NORMAL.inv_cdf(spread))
        outcome = next((o for every, o in about.failing.items() if index % every == 0), (200, ""))
        key = SeriesKey("candidate", "Shop", method, name, *outcome)
        values.setdefault(key, []).append(service_s)
    return {key: _cell(key, times, closed=about.closed) for key, times in values.items()}


def _cell(key: SeriesKey, times: list[float], *, closed: bool) -> Cell:
    service = build(times, [LIMIT_S, 0.02])
    latency = Histogram() if closed else build([value + 0.0003 for value in times])
    late = build([30.0] * len(times)) if key.error_class == "timeout" else Histogram()
    return Cell(
        n=len(times), first=len(times), received_bytes=512 * len(times) * bool(key.status),
        service=service if key.status else Histogram(),
        latency=latency if key.status else Histogram(),
        service_censored=late, latency_censored=Histogram() if closed else late,
    )  # fmt: skip


def _measured(about: Situation) -> Measured:
    length = about.ramp + about.seconds + about.ramp
    end_s = min(about.cut_s or float(length), float(length))
    plan = _plan(about)
    series: dict[SeriesKey, dict[Slot, Cell]] = {}
    scenario: dict[Slot, ScenarioCell] = {}
    for window in range(int(end_s) if about.rate else 0):
        phase = next(s.phase for s in plan.spans() if s.start_s <= window < s.end_s)
        edge = min(window + 0.5, length - window - 0.5) / about.ramp if about.ramp else 1.0
        planned = round(about.rate * min(edge, 1.0))
        dropped = 2 if window in about.dropped else 0
        slot = Slot(phase, window)
        for key, cell in _cells(about, window, planned - dropped).items():
            series.setdefault(key, {})[slot] = cell
        scenario[slot] = _scenario_cell(about, planned, dropped)
    own = about.own_client
    return Measured(
        timings=_timings(series) if own else {},
        checks=CHECKS if own else {},
        window_s=1.0,
        spans=plan.spans(end_s),
        open_model=not about.closed,
        series=series,
        scenarios={"Shop": scenario},
        ended={slot.window: cell.started for slot, cell in scenario.items()},
    )


def _timings(
    series: Mapping[SeriesKey, Mapping[Slot, Cell]],
) -> dict[SeriesKey, dict[str, Timings]]:
    """Of the judged phase: one request in fifty connects, and most of the time is waiting."""
    found: dict[SeriesKey, dict[str, Timings]] = {}
    for key, slots in series.items():
        n = sum(cell.n for slot, cell in slots.items() if slot.phase == "sustained")
        fresh = -(-n // 50)
        values = {name: with_zeros(Histogram(), n) for name in TIMINGS}
        values["connecting"] = with_zeros(build([0.0008] * fresh), n - fresh)
        values["sending"] = build([0.00004] * n)
        values["waiting"] = build([0.0012 + 0.00001 * place for place in range(n)])
        sums = Timings(n=n, timed=n, sent_bytes=120 * n, values=values)
        found[key] = {"sustained": sums}
    return found


def _scenario_cell(about: Situation, planned: int, dropped: int) -> ScenarioCell:
    started = planned - dropped
    if about.closed:
        area = planned / 6.0
        return ScenarioCell(
            started=started, finished=started, vu_seconds_planned=area, vu_seconds=area
        )
    lag = build([0.0002 + 0.00001 * (place % 40) for place in range(started)])
    return ScenarioCell(
        planned=planned, started=started, dropped=dropped, finished=started, vus=8, lag=lag,
        dropped_latency=build([1.5] * dropped),
    )  # fmt: skip


def _plan(about: Situation) -> Plan:
    rate, zero = Fraction(about.rate), Fraction(0)
    stages = (
        Stage(duration_s=Fraction(about.ramp), start=zero, target=rate, phase="ramp"),
        Stage(duration_s=Fraction(about.seconds), start=rate, target=rate, phase="sustained"),
        Stage(duration_s=Fraction(about.ramp), start=rate, target=zero, phase="ramp"),
    )
    return Plan(
        profile="sustained", scenario="shop", stages=stages, pre_allocated_vus=10, max_vus=50,
        executor="ramping-vus" if about.closed else "ramping-arrival-rate",
        thresholds=about.thresholds, notes=("http_req_failed: ['rate<0.02'] was added",),
    )  # fmt: skip


def _engine(measured: Measured) -> documents.EngineFacts:
    total = measured.scenario_cell("all")
    failed = {key: slots for key, slots in measured.series.items() if key.error_class}
    accounts = Accounts(
        planned=total.planned, started=total.started, dropped=total.dropped,
        finished=total.finished, requests_started=total.started, requests_ended=total.started,
    )  # fmt: skip
    return documents.EngineFacts(
        accounts=accounts, cpu_p95_ratio=0.41, wall_step_s=0.0002, silent_s=1.01,
        processes_final=1, names=4, late_wakeup_p99_s=0.0003, record_sha256="e" * 64,
        errors=tuple(_error(key, slots) for key, slots in failed.items()),
    )  # fmt: skip


def _error(key: SeriesKey, slots: Mapping[Slot, Cell]) -> documents.ErrorSample:
    windows = [slot.window for slot in slots]
    return documents.ErrorSample(
        error_class=key.error_class, label=key.label, count=sum(c.n for c in slots.values()),
        first_s=min(windows) + 0.25, last_s=max(windows) + 0.75,
        text=f"status {key.status}: {key.name[:60]}" if key.status else "no answer",
    )  # fmt: skip


def _health(window: int) -> HealthWindow:
    return HealthWindow(
        window=window, cpu_ratio=0.3 + 0.02 * (window % 6), loop_lag_s=0.002, loop_probes=10,
        rss_bytes=80_000_000, open_files=24, gc_pause_s=0.001, host_cpu_ratio=0.5,
    )  # fmt: skip


def situation_run(about: Situation) -> documents.Run:
    """Run of a situation; equal values each time."""
    measured = _measured(about)
    plan = _plan(about)
    return documents.Run(
        run_id="20260301-120000-a1b2c3",
        version="0.1.0",
        started_at="2026-03-01T12:00:00.000Z",
        state=about.state,
        reached_s=about.cut_s or plan.duration_s,
        plan=plan,
        target=documents.TargetFacts(
            name="staging", url="https://staging.example", environment="staging"
        ),
        scenario=documents.ScenarioFacts(
            spec="shop", sha256="5" * 64, client_kind="fasthttp", classes=("Shop",)
        ),
        fingerprint={"cpu_count": "2", "kernel": "6.1.0", "python": "3.11.7"},
        git={"commit": "0123456789abcdef" * 2, "branch": "main", "dirty": "yes"},
        measured=measured,
        health=tuple(_health(window) for window in range(len(measured.ended))),
        engine=_engine(measured),
        judgement=judgement_of(about, measured),
    )
