"""How long the report of a run takes, and how large it is.

`python benchmarks/report_speed.py` makes runs of 5 endpoints over 300 windows and of 50 endpoints
over 600 (with a control or baselines to lay beside), and draws each in a process of its own, three
times. Targets: 2.5 s, and 5 s with 2,000,000 bytes; the process itself and its imports included,
reading the stored run, which `perf run` has in memory, left out.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from perf_analysis.facts import Accounts, EndState
from perf_analysis.filling import build
from perf_analysis.grammar import parse_threshold
from perf_analysis.judgement import judge
from perf_analysis.series import (
    CANDIDATE,
    CONTROL,
    SUSTAINED,
    Cell,
    Measured,
    ScenarioCell,
    SeriesKey,
    Slot,
)
from perf_baselines.controlling import compare_with_control
from perf_documents.codec import dump_run
from perf_documents.health import HealthWindow
from perf_documents.plan import Plan, Stage
from perf_documents.profile_gate import Regression, read_gate
from perf_documents.run import EngineFacts, Run, ScenarioFacts, TargetFacts
from perf_documents.strict_json import pack

CASES = ((5, 300, 2.5), (50, 600, 5.0))
MOST_BYTES = 2_000_000
TIMES = 3
EACH = 12
DRAW = """
import sys, time
began = time.perf_counter()
import pathlib
from perf_documents.codec import read_run
read_from = time.perf_counter()
run = read_run(pathlib.Path(sys.argv[1]))
for cells in (*run.measured.series.values(), *run.measured.scenarios.values()):
    dict(cells.items())
reading = time.perf_counter() - read_from
from perf_reports.html import render_html
from perf_reports.view import build_view
text = render_html(build_view(run, exit_code=0))
pathlib.Path(sys.argv[2]).write_text(text)
print(time.perf_counter() - began - reading, len(text.encode()))
"""


def plan(windows: int, rate: int) -> Plan:
    """One plateau."""
    usual = Regression()
    stage = Stage(
        duration_s=Fraction(windows), start=Fraction(rate), target=Fraction(rate), phase=SUSTAINED
    )
    return Plan(
        profile="report", scenario="api", executor="constant-arrival-rate", stages=(stage,),
        pre_allocated_vus=100, max_vus=1000, graceful_stop_s=0.0, timeout_s=0.9,
        thresholds=(parse_threshold("http_reqs", "rate>1"),),
        regression=usual.margins, tolerance=usual.tolerance,
        alpha=usual.alpha, gate=read_gate(None, usual.margins),
    )  # fmt: skip


def made(endpoints: int, windows: int) -> Run:
    """A run beside its control, every endpoint in every window, some requests failed."""
    rng = np.random.default_rng([endpoints, windows])
    series: dict[SeriesKey, dict[Slot, Cell]] = {}
    for target in (CANDIDATE, CONTROL):
        for place in range(endpoints):
            level = float(rng.normal(-3.0, 0.5))
            slots: dict[Slot, Cell] = {}
            for window in range(windows):
                values = rng.lognormal(level, 0.4, EACH)
                slots[Slot(SUSTAINED, window)] = Cell(
                    n=EACH, first=EACH, service=build(values), latency=build(values + 0.0003)
                )
            series[SeriesKey(target, "Api", "GET", f"/api/v1/{place}", 200, "")] = slots
    rate = EACH * endpoints
    schedule = plan(windows, rate)
    lag = build([0.0002 + 0.00001 * (at % 40) for at in range(rate)])
    cell = ScenarioCell(planned=rate, started=rate, finished=rate, lag=lag)
    total = 2 * rate * windows
    run = Run(
        run_id="20260301t120000z-abcdef", version="0.1.0", started_at="2026-03-01T12:00:00Z",
        state=EndState.COMPLETED, reached_s=float(windows), plan=schedule,
        target=TargetFacts(name="head", url="http://127.0.0.1:1", environment="head"),
        control=TargetFacts(name="base", url="http://127.0.0.1:2", environment="base"),
        scenario=ScenarioFacts(spec="api", sha256="a" * 64, client_kind="fasthttp",
                               classes=("Api",)),
        measured=Measured(
            window_s=schedule.window_s, spans=schedule.spans(), open_model=True, series=series,
            scenarios={name: {Slot(SUSTAINED, w): cell for w in range(windows)}
                       for name in ("Api", f"Api@{CONTROL}")},
            ended=dict.fromkeys(range(windows), rate),
        ),
        health=tuple(
            HealthWindow(window=w, cpu_ratio=0.4, loop_lag_s=0.001, rss_bytes=1, open_files=1)
            for w in range(windows)
        ),
        engine=EngineFacts(
            accounts=Accounts(planned=total, started=total, finished=total, requests_started=total,
                              requests_ended=total),
            cpu_p95_ratio=0.4, wall_step_s=0.0, silent_s=1.0, processes_final=1, names=endpoints,
        ),
    )  # fmt: skip
    compared = compare_with_control([run])
    return replace(
        run, judgement=judge(run.facts(), run.measured, run.plan.thresholds, comparison=compared)
    )


def main() -> int:
    """Draw each, and print medians beside the targets."""
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        for endpoints, windows, target_s in CASES:
            stored, page = Path(folder) / "run.json.gz", Path(folder) / f"{endpoints}.html"
            stored.write_bytes(pack(dump_run(made(endpoints, windows))))
            times, size = [], 0
            for _ in range(TIMES):
                done = subprocess.run(
                    [sys.executable, "-c", DRAW, str(stored), str(page)],
                    capture_output=True, text=True, check=True, timeout=300,
                )  # fmt: skip
                took_s, size_text = done.stdout.split()
                times.append(float(took_s))
                size = int(size_text)
            took = statistics.median(times)
            missed += took > target_s or size > MOST_BYTES
            print(f"{endpoints} endpoints, {windows} windows, with control: {took:.2f} s (target "
                  f"{target_s}), {size:,} bytes (target {MOST_BYTES:,})", flush=True)  # fmt: skip
            if len(sys.argv) > 1:
                (Path(sys.argv[1]) / page.name).write_bytes(page.read_bytes())
    return int(missed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
