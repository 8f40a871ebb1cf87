"""Runs made by hand: small, realistic and equal for equal seeds; no engine, clock or network.

`make_run(seed)` gives a run without a judgement, `make_run(seed, verdict=Verdict.FAIL)` one with.
Whatever else a test needs it changes with `dataclasses.replace`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fakes.judgements import judged
from fakes.plans import LIMIT_S, make_plan
from perf_analysis.facts import Accounts, EndState
from perf_analysis.failure_classes import ABANDONED, TIMEOUT
from perf_analysis.filling import HistogramBuilder, build
from perf_analysis.series import Cell, Measured, ScenarioCell, SeriesKey, Slot
from perf_documents.health import HealthWindow
from perf_documents.run import (
    EngineFacts,
    ErrorSample,
    GroupedException,
    Run,
    ScenarioFacts,
    TargetFacts,
)

if TYPE_CHECKING:
    from perf_analysis.verdict import Verdict
    from perf_documents.plan import Plan

__all__ = ["ENDPOINTS", "SCENARIO", "judged", "make_plan", "make_run"]

# (method, name, weight, median in seconds) of the shipped `api_endpoints` scenario
ENDPOINTS = (
    ("GET", "/health", 0.2, 0.002),
    ("GET", "/api/v1/traces", 0.4, 0.02),
    ("GET", "/api/v1/metrics/analytics", 0.2, 0.05),
    ("GET", "/api/v1/costs/analytics", 0.2, 0.08),
)
SCENARIO = "ApiEndpoints"


class _Request(NamedTuple):
    """One request as it ended."""

    method: str
    name: str
    status: int
    error_class: str
    service_s: float


@dataclass(slots=True)
class _Filling:
    """A request cell while it is filled."""

    n: int = 0
    received_bytes: int = 0
    service: HistogramBuilder = field(default_factory=lambda: HistogramBuilder([LIMIT_S]))
    latency: HistogramBuilder = field(default_factory=lambda: HistogramBuilder([LIMIT_S]))
    service_censored: HistogramBuilder = field(default_factory=HistogramBuilder)
    latency_censored: HistogramBuilder = field(default_factory=HistogramBuilder)

    def freeze(self) -> Cell:
        return Cell(
            n=self.n,
            first=self.n,
            received_bytes=self.received_bytes,
            service=self.service.freeze(),
            latency=self.latency.freeze(),
            service_censored=self.service_censored.freeze(),
            latency_censored=self.latency_censored.freeze(),
        )


@dataclass(slots=True)
class _Recording:
    """What `make_run` counts while it plays the schedule."""

    series: dict[SeriesKey, dict[Slot, _Filling]] = field(default_factory=dict)
    scenario: dict[Slot, ScenarioCell] = field(default_factory=dict)
    ended: dict[int, int] = field(default_factory=dict)

    def add(self, request: _Request, slot: Slot, lag_s: float) -> None:
        key = SeriesKey("candidate", SCENARIO, *request[:4])
        cell = self.series.setdefault(key, {}).setdefault(slot, _Filling())
        complete = request.status != 0
        (cell.service if complete else cell.service_censored).add(request.service_s)
        (cell.latency if complete else cell.latency_censored).add(request.service_s + lag_s)
        cell.n += 1
        cell.received_bytes += 512 if complete else 0
        if request.error_class != ABANDONED:
            end = int(slot.window + request.service_s)
            self.ended[end] = self.ended.get(end, 0) + 1


def make_run(
    seed: int = 1,
    *,
    verdict: Verdict | None = None,
    slowness: float = 1.0,
    failed_ratio: float = 0.005,
    plan: Plan | None = None,
) -> Run:
    """Run of `plan` (or `make_plan()`); durations are multiplied by `slowness`.

    `failed_ratio` of the requests get a 500, a fifth as many a timeout; two arrivals are dropped
    and one iteration is abandoned. With a `verdict`, the judgement says so and fits the figures'
    form, not their values.
    """
    plan = plan or make_plan()
    rng = np.random.default_rng(seed)
    recording = _Recording()
    for window in range(int(plan.duration_s)):
        _play(recording, plan, window, rng, (slowness, failed_ratio))
    run = _assemble(seed, plan, recording)
    return run if verdict is None else judged(run, verdict)


def _play(
    recording: _Recording,
    plan: Plan,
    window: int,
    rng: np.random.Generator,
    how: tuple[float, float],
) -> None:
    """Count one second of the schedule."""
    phase = next(s.phase for s in plan.spans() if s.start_s <= window < s.end_s)
    slot = Slot(phase, window)
    planned = _arrivals(plan, window)
    dropped = 1 if window in (7, 8) else 0
    abandoned = 1 if window == int(plan.duration_s) - 1 and planned else 0
    lag = HistogramBuilder()
    for number in range(planned - dropped):
        lag_s = float(rng.exponential(0.0002))
        lag.add(lag_s)
        request = _draw(plan, rng, how)
        if number < abandoned:
            request = request._replace(status=0, error_class=ABANDONED, service_s=0.4)
        recording.add(request, slot, lag_s)
    recording.scenario[slot] = ScenarioCell(
        planned=planned,
        started=planned - dropped,
        dropped=dropped,
        finished=planned - dropped - abandoned,
        abandoned=abandoned,
        vus_busy_max=min(3, planned),
        vus=5,
        lag=lag.freeze(),
        iteration=build([0.01] * (planned - dropped - abandoned)),
        dropped_latency=build([1.5] * dropped),
    )


def _draw(plan: Plan, rng: np.random.Generator, how: tuple[float, float]) -> _Request:
    slowness, failed_ratio = how
    method, name, _, median_s = ENDPOINTS[rng.choice(4, p=[e[2] for e in ENDPOINTS])]
    service_s = float(min(median_s * slowness * rng.lognormal(0.0, 0.5), 20.0))
    draw = float(rng.random())
    status, error_class = 200, ""
    if draw < failed_ratio / 5:
        status, error_class, service_s = 0, TIMEOUT, plan.timeout_s
    elif draw < failed_ratio * 1.2:
        status, error_class = 500, "http_5xx"
    return _Request(method, name, status, error_class, service_s)


def _arrivals(plan: Plan, window: int) -> int:
    """Whole arrivals of one second: the integral of the rate, rounded down cumulatively."""
    return int(_area(plan, window + 1)) - int(_area(plan, window))


def _area(plan: Plan, until_s: int) -> Fraction:
    area, at = Fraction(0), Fraction(0)
    for stage in plan.stages:
        inside = min(max(Fraction(until_s) - at, Fraction(0)), stage.duration_s)
        at += stage.duration_s
        if inside:
            slope = (stage.target - stage.start) / stage.duration_s
            area += inside * stage.start + slope * inside * inside / 2
    return area


def _assemble(seed: int, plan: Plan, recording: _Recording) -> Run:
    started = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(minutes=seed)
    series = {
        key: {slot: request.freeze() for slot, request in sorted(slots.items())}
        for key, slots in sorted(recording.series.items())
    }
    measured = Measured(
        window_s=1.0,
        spans=plan.spans(),
        open_model=True,
        series=series,
        scenarios={SCENARIO: dict(sorted(recording.scenario.items()))},
        ended=dict(sorted(recording.ended.items())),
    )
    return Run(
        run_id=f"{started:%Y%m%d-%H%M%S}-{seed:06x}",
        version="0.1.0",
        started_at=f"{started:%Y-%m-%dT%H:%M:%S}.000Z",
        state=EndState.COMPLETED,
        reached_s=plan.duration_s,
        plan=plan,
        target=TargetFacts(name="demo", url="http://127.0.0.1:8089", environment="demo"),
        scenario=ScenarioFacts(
            spec=plan.scenario, sha256="5" * 64, client_kind="fasthttp", classes=(SCENARIO,)
        ),
        fingerprint={"cpu_count": "2", "kernel": "6.1.0", "python": "3.11.7"},
        git={"commit": "0123456789abcdef0123456789abcdef01234567", "branch": "main"},
        measured=measured,
        health=tuple(_health(seed, window) for window in range(int(plan.duration_s))),
        engine=_engine(measured),
        client_notes=("HTTP_PROXY is set and was ignored",),
    )


def _health(seed: int, window: int) -> HealthWindow:
    return HealthWindow(
        window=window,
        cpu_ratio=0.1 + 0.01 * ((window + seed) % 7),
        loop_lag_s=0.002,
        loop_probes=10,
        loop_late=int(window == 3),
        rss_bytes=80_000_000 + 1000 * window,
        open_files=24,
        gc_pause_s=0.001,
        wall_offset_s=0.0001,
        host_cpu_ratio=0.3,
        steal_ratio=0.0,
    )


def _engine(measured: Measured) -> EngineFacts:
    total = measured.scenario_cell("all")
    bad = {key: slots for key, slots in measured.series.items() if key.error_class}
    return EngineFacts(
        accounts=Accounts(
            planned=total.planned,
            started=total.started,
            dropped=total.dropped,
            finished=total.finished,
            abandoned=total.abandoned,
            requests_started=total.started,
            requests_ended=total.started - total.abandoned,
            requests_abandoned=total.abandoned,
        ),
        cpu_p95_ratio=0.16,
        wall_step_s=0.0002,
        silent_s=1.01,
        processes_final=1,
        names=len(ENDPOINTS),
        exceptions=(
            GroupedException(
                kind="KeyError", place="api_endpoints.py:31", count=1, text="'id'", excused=1
            ),
        ),
        errors=tuple(
            ErrorSample(
                error_class=key.error_class,
                label=key.label,
                count=sum(cell.n for cell in slots.values()),
                first_s=float(min(slot.window for slot in slots)),
                last_s=float(max(slot.window for slot in slots)),
                text=f"HTTP {key.status}" if key.status else "no complete answer",
            )
            for key, slots in bad.items()
        ),
        record_sha256="e" * 64,
        late_wakeup_p99_s=0.0003,
    )
